"""Each fault as a caller sees it on the wire."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from stellwerk.simulator import PlannedFault, Simulator

Connect = Callable[..., Any]
Simulate = Callable[..., Simulator]
Until = Callable[[Callable[[], bool]], None]

WHOLE = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
STREAM = {**WHOLE, "stream": True}
BODIES = [pytest.param(WHOLE, id="whole"), pytest.param(STREAM, id="stream")]


def _steer(**wishes: Any) -> str:
    return "x-simulate: " + "; ".join(f"{name}={value}" for name, value in wishes.items()) + "\r\n"


def _parts(received: bytes) -> tuple[bytes, bytes]:
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    return head, body


def _announced(head: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", head)
    assert found is not None
    return int(found.group(1))


def _unchunked(body: bytes) -> tuple[bytes, bool]:
    """The content of chunks, and whether the last chunk came."""
    content = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return content, True
        content += rest[:length]
        body = rest[length + 2 :]
    return content, False


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 429, 500, 502, 503, 529])
def test_a_status_comes_with_an_error_of_the_dialect(simulate: Simulate, ask: Callable[..., Any], status: int) -> None:
    simulator = simulate(faults=(PlannedFault(kind=status, code="why", message="because"),))
    found, headers, body = ask(simulator, WHOLE)
    assert found == status
    assert msgspec.json.decode(body)["error"]["message"] == "because"
    assert msgspec.json.decode(body)["error"]["code"] == "why"
    assert headers["x-request-id"].startswith("req_")
    assert "retry-after" not in headers


def test_a_429_says_when_to_come_again_in_seconds_and_milliseconds(simulate: Simulate, ask: Callable[..., Any]) -> None:
    simulator = simulate(faults=(PlannedFault(kind=429, retry_after_s=1.25),))
    _, headers, body = ask(simulator, WHOLE)
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("2", "1250")
    assert msgspec.json.decode(body)["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize("body", BODIES)
def test_hang_says_nothing_until_the_caller_goes(simulate: Simulate, connect: Connect, until: Until, body: Any) -> None:
    simulator = simulate()
    wire = connect(simulator)
    wire.post(body, headers=_steer(fault="hang"))
    until(lambda: simulator.report()["by_fault"] == {"hang": 1})
    wire.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        wire.read()
    assert simulator.report()["in_flight"] == 1
    wire.socket.close()
    until(lambda: simulator.report()["aborted"] == 1)
    assert simulator.report()["in_flight"] == 0


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("kind", "end"), [("close", "fin"), ("reset", "reset")])
def test_close_and_reset_end_the_connection_before_the_first_byte(
    simulate: Simulate, connect: Connect, body: Any, kind: str, end: str
) -> None:
    simulator = simulate()
    wire = connect(simulator)
    wire.post(body, headers=_steer(fault=kind))
    assert wire.read_all() == (b"", end)
    assert simulator.report()["broken"] == 1


@pytest.mark.parametrize(("reset", "end"), [("false", "fin"), ("true", "reset")])
def test_cut_ends_a_stream_after_some_events(simulate: Simulate, connect: Connect, reset: str, end: str) -> None:
    wire = connect(simulate())
    wire.post(STREAM, headers=_steer(fault="cut", after_events=4, reset=reset))
    received, how = wire.read_all()
    content, is_complete = _unchunked(_parts(received)[1])
    assert (how, is_complete, content.count(b"data: ")) == (end, False, 4)


@pytest.mark.parametrize(("reset", "end"), [("false", "fin"), ("true", "reset")])
def test_cut_ends_a_whole_answer_in_the_middle(simulate: Simulate, connect: Connect, reset: str, end: str) -> None:
    wire = connect(simulate())
    wire.post(WHOLE, headers=_steer(fault="cut", reset=reset))
    received, how = wire.read_all()
    assert how == end
    if reset == "false" or b"\r\n\r\n" in received:  # a reset may overtake what was sent before
        head, body = _parts(received)
        assert len(body) == _announced(head) // 2


def test_a_stream_can_be_cut_before_its_first_event(simulate: Simulate, connect: Connect) -> None:
    wire = connect(simulate())
    wire.post(STREAM, headers=_steer(fault="cut", after_events=0))
    head, body = _parts(wire.read_all()[0])
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == b""


@pytest.mark.parametrize("body", BODIES)
def test_stall_falls_silent_in_the_middle(simulate: Simulate, connect: Connect, until: Until, body: Any) -> None:
    simulator = simulate()
    wire = connect(simulator)
    wire.post(body, headers=_steer(fault="stall", after_events=2))
    wire.read_until(b"chatcmpl-")
    wire.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        wire.read_until(b"nothing more comes")
    assert b"[DONE]" not in wire.received
    assert simulator.report()["in_flight"] == 1
    wire.socket.close()
    until(lambda: simulator.report()["aborted"] == 1)


@pytest.mark.parametrize(
    ("shape", "content_type", "content"),
    [
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("not_json", "application/json", b'{"status":"ok","result":[1,2'),
        ("wrong_shape", "application/json", b'{"status":"ok","result":[1,2,3]}'),
        ("empty", "application/json", b""),
    ],
)
def test_malformed_answers_are_complete_but_not_the_dialect(
    simulate: Simulate, ask: Callable[..., Any], shape: str, content_type: str, content: bytes
) -> None:
    status, headers, body = ask(simulate(), WHOLE, headers={"x-simulate": f"fault=malformed; shape={shape}"})
    assert (status, headers["content-type"]) == (200, content_type)
    assert body.startswith(content)
    assert bool(body) == bool(content)


@pytest.mark.parametrize(
    ("shape", "content_type", "ending"),
    [
        ("html", "text/html; charset=utf-8", b"</html>\n"),
        ("not_json", "text/event-stream; charset=utf-8", b"[1,2\n\ndata: [DONE]\n\n"),
        ("wrong_shape", "text/event-stream; charset=utf-8", b"[1,2,3]}\n\ndata: [DONE]\n\n"),
        ("empty", "text/event-stream; charset=utf-8", b""),
    ],
)
def test_malformed_streams_are_complete_but_not_the_dialect(
    simulate: Simulate, ask: Callable[..., Any], shape: str, content_type: str, ending: bytes
) -> None:
    _, headers, body = ask(
        simulate(), STREAM, headers={"x-simulate": f"fault=malformed; shape={shape}; after_events=2"}
    )
    assert headers["content-type"] == content_type
    assert body.endswith(ending)
    assert body.count(b"chatcmpl-") == (2 if b"DONE" in ending else 0)


@pytest.mark.parametrize("body", BODIES)
def test_slow_drip_sends_a_complete_answer_byte_by_byte(simulate: Simulate, connect: Connect, body: Any) -> None:
    simulator = simulate()
    wire = connect(simulator)
    wire.post(body, headers=_steer(fault="slow_drip", byte_ms=0.05, say="hi") + "x-nothing: 1\r\n")
    assert wire.read()
    assert len(wire.received) < 200
    wire.read_until(b"0\r\n\r\n" if body is STREAM else b'"fp_stellwerk"}')
    wire.received.clear()
    wire.post(body, headers=_steer(say="hi"))
    wire.read_until(b"fp_stellwerk")
    assert simulator.report()["answered"] == 2


@pytest.mark.parametrize("body", BODIES)
def test_short_length_announces_more_than_it_sends_and_closes(simulate: Simulate, connect: Connect, body: Any) -> None:
    wire = connect(simulate())
    wire.post(body, headers=_steer(fault="short_length", length_offset=10))
    received, how = wire.read_all()
    head, content = _parts(received)
    assert (_announced(head) - len(content), how) == (10, "fin")


def test_short_length_can_announce_less_so_that_bytes_are_left_over(simulate: Simulate, connect: Connect) -> None:
    wire = connect(simulate())
    wire.post(WHOLE, headers=_steer(fault="short_length", length_offset=-10))
    wire.read_until(b"fp_stellwerk")
    head, content = _parts(wire.received)
    assert len(content) - _announced(head) == 10
    wire.received.clear()
    wire.post(WHOLE, headers=_steer(fault="short_length", length_offset=-100_000))
    wire.read_until(b"fp_stellwerk")
    assert _announced(_parts(wire.received)[0]) == 0


def test_no_done_leaves_only_the_closing_event_out(simulate: Simulate, connect: Connect) -> None:
    wire = connect(simulate())
    wire.post(STREAM, headers=_steer(fault="no_done"))
    wire.read_until(b"0\r\n\r\n")
    content, is_complete = _unchunked(_parts(wire.received)[1])
    assert is_complete
    assert b'"finish_reason":"stop"' in content
    assert b"[DONE]" not in content


def test_an_error_can_stand_in_a_stream(simulate: Simulate, connect: Connect) -> None:
    wire = connect(simulate())
    wire.post(STREAM, headers=_steer(fault="error_in_stream", after_events=2, message="gone wrong", code="oops"))
    wire.read_until(b"0\r\n\r\n")
    content, is_complete = _unchunked(_parts(wire.received)[1])
    events = content.split(b"\n\n")[:-1]
    assert (is_complete, len(events)) == (True, 3)
    assert msgspec.json.decode(events[-1].removeprefix(b"data: "))["error"]["message"] == "gone wrong"


@pytest.mark.parametrize("kind", ["no_done", "error_in_stream"])
def test_faults_of_streams_leave_whole_answers_alone(simulate: Simulate, ask: Callable[..., Any], kind: str) -> None:
    simulator = simulate(faults=(PlannedFault(kind=kind),))
    status, _, body = ask(simulator, WHOLE)
    assert status == 200
    assert msgspec.json.decode(body)["object"] == "chat.completion"
    assert simulator.report()["by_fault"] == {}


def test_a_reset_waits_until_what_was_sent_has_arrived(simulate: Simulate, connect: Connect, until: Until) -> None:
    simulator = simulate()
    wire = connect(simulator, receive_bytes=4_096)
    wire.post(STREAM, headers=_steer(fault="cut", reset="true", after_events=2_000, tokens=2_000))
    until(lambda: simulator.report()["broken"] == 1)
    received, how = wire.read_all()
    assert how == "reset"
    assert received.count(b"data: ") == 2_000


def test_a_caller_that_goes_before_the_reset_is_not_waited_for(
    simulate: Simulate, connect: Connect, ask: Callable[..., Any], until: Until
) -> None:
    simulator = simulate()
    wire = connect(simulator, receive_bytes=4_096)
    wire.post(STREAM, headers=_steer(fault="cut", reset="true", after_events=2_000, tokens=2_000))
    until(lambda: simulator.report()["broken"] == 1)
    wire.socket.close()
    assert ask(simulator, WHOLE)[0] == 200
    assert simulator.report()["in_flight"] == 0
