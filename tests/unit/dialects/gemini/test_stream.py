"""Streams that are handed on: untouched, and with everything noticed that accounting needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.usage import Usage
from stellwerk.dialects.gemini.errors import encode_stream_error
from stellwerk.dialects.gemini.stream import PassThrough
from stellwerk.errors import UpstreamInvalid, UpstreamUnavailable

TEXT = {"candidates": [{"content": {"parts": [{"text": "a"}], "role": "model"}}]}
STOP = {
    "candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 2},
}


def event(wire: Any, end: bytes = b"\r\n\r\n") -> bytes:
    return b"data: " + json.dumps(wire).encode() + end


def relay(*pieces: bytes, is_sse: bool = True) -> tuple[PassThrough, bytes]:
    through = PassThrough(is_sse=is_sse)
    return through, b"".join([through.feed(piece) for piece in pieces]) + through.flush()


def test_events_go_on_in_the_same_object_and_what_they_say_is_noticed() -> None:
    through = PassThrough()
    for wire, has_content in ((TEXT, True), (STOP, True)):
        data = event(wire)
        assert through.feed(data) is data
        assert through.has_content is has_content
        assert not through.is_complete
    assert through.flush() == b""
    assert (through.is_complete, through.finish, through.usage) == (True, "STOP", Usage(2))


@pytest.mark.parametrize(
    "wire",
    [
        {"candidates": [{"content": {"parts": [{"text": ""}], "role": "model"}}]},
        {"candidates": [{"content": {"role": "model"}}]},
        {"usageMetadata": {"promptTokenCount": 1}},
        {"candidates": []},
        {"promptFeedback": {}},
    ],
)
def test_what_says_nothing_is_no_content_yet(wire: Any) -> None:
    through, _ = relay(event(wire))
    assert not through.has_content
    assert not through.is_complete


@pytest.mark.parametrize(
    "part", [{"functionCall": {"name": "f"}}, {"text": "", "thoughtSignature": "YQ=="}, {"inlineData": {"data": ""}}]
)
def test_what_is_more_than_an_empty_text_is_content(part: Any) -> None:
    through, _ = relay(event({"candidates": [{"content": {"parts": [part]}}]}))
    assert through.has_content


def test_every_candidate_needs_its_reason() -> None:
    second = {"candidates": [{"index": 1, "content": {"parts": [{"text": "x"}]}}]}
    assert not relay(event(STOP), event(second))[0].is_complete
    done = {"candidates": [{"index": 1, "finishReason": "MAX_TOKENS"}]}
    assert relay(event(STOP), event(second), event(done))[0].is_complete
    assert relay(event(STOP), event(TEXT))[0].is_complete


def test_a_blocked_prompt_is_an_answer() -> None:
    through, _ = relay(event({"promptFeedback": {"blockReason": "SAFETY"}}))
    assert (through.is_complete, through.has_content, through.finish) == (True, True, "SAFETY")


@pytest.mark.parametrize(
    ("cut", "closing"), [(2, b"\n"), (4, b"\n\n"), (1, b"")], ids=["half of the end", "no end", "only the last byte"]
)
def test_a_last_event_without_its_empty_line_gets_one(cut: int, closing: bytes) -> None:
    stream = event(TEXT) + event(STOP)[:-cut]
    through, out = relay(stream)
    assert out == stream + closing
    assert through.is_complete
    assert through.is_between_events


def test_a_stream_that_breaks_off_is_not_complete() -> None:
    for pieces in ([event(TEXT)], [event(STOP), event(STOP)[:-9]], [event(TEXT), event(TEXT)[:-4]], [b""]):
        through, out = relay(*pieces)
        assert not through.is_complete
        assert out == b"".join(pieces)
    assert not relay(event(TEXT), b"data: {")[0].is_between_events
    assert relay(event(TEXT), b"\r\n")[0].is_between_events


def test_an_error_is_noticed_and_completes_nothing() -> None:
    through, _ = relay(event(STOP), event({"error": {"message": "Busy", "status": "UNAVAILABLE"}}))
    assert (through.error, through.error_code, through.is_complete) == ("Busy", "UNAVAILABLE", False)
    assert relay(event({"error": {}}))[0].error is None
    assert relay(event({"error": {"code": 5}}))[0].error == "The provider broke the stream off with an error."


def test_before_any_content_what_is_no_json_object_is_refused_and_after_it_handed_on() -> None:
    for data in (b"data: <html>\n\n", b"data: []\r\n\r\n", b"data: \xff\n\n", b"data: " + b"[" * 5_000 + b"\n\n"):
        with pytest.raises(UpstreamInvalid, match="not a JSON object"):
            relay(data)
        assert relay(event(TEXT), data, event(STOP))[0].is_complete
    assert not relay(b"data: <ht")[0].is_complete


def test_comments_byte_order_marks_and_closing_words_of_others_are_passed_over() -> None:
    stream = b"\xef\xbb\xbf" + event(TEXT, b"\n\n") + b": ping\n\n" + event(STOP, b"\n\n") + b"data: [DONE]\n\n"
    through, out = relay(stream)
    assert through.is_complete
    assert out == stream


def test_a_careless_host_is_understood() -> None:
    odd = {
        "candidates": [{"index": "0", "finishReason": 5}, 7, {"index": "0", "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": "x"},
    }
    through, _ = relay(event(odd))
    assert (through.is_complete, through.has_content, through.usage) == (True, True, Usage(3))
    through, _ = relay(event({"candidates": 5, "error": "Busy", "usageMetadata": 5}))
    assert (through.error, through.usage) == ("Busy", None)


def array(*wires: Any) -> bytes:
    return b"[" + b",\r\n".join(json.dumps(wire).encode() for wire in wires) + b"]"


def test_an_array_is_handed_on_in_whole_elements() -> None:
    body = array(TEXT, STOP)
    for at in range(len(body)):
        through = PassThrough(is_sse=False)
        out = through.feed(body[:at])
        if out:
            assert json.loads(out + encode_stream_error(UpstreamUnavailable("x"), close_half_event=False, is_sse=False))
        assert (through.is_complete, through.is_between_events) == (False, True)
        out += through.feed(body[at:])
        assert out == body
        assert (through.is_complete, through.flush()) == (True, b"")


def test_an_array_that_lacks_its_bracket_gets_one_where_the_answer_is_there() -> None:
    through, out = relay(array(TEXT, STOP)[:-1], is_sse=False)
    assert json.loads(out) == [TEXT, STOP]
    assert through.is_complete
    for body in (array(TEXT)[:-1], array(TEXT, STOP, TEXT)[:-2]):
        through, out = relay(body, is_sse=False)
        assert not through.is_complete
        assert out.endswith(b"}")
    through, out = relay(b" [ ] \n", is_sse=False)
    assert (through.is_complete, out) == (False, b"[]")


@pytest.mark.parametrize("half", [b"", b'data: {"candidates":[{"cont', b"data: {}\n"])
def test_our_error_is_an_event_of_its_own(half: bytes) -> None:
    from stellwerk.dialects import sse

    told = encode_stream_error(UpstreamUnavailable("gone\nfor good"), close_half_event=bool(half))
    last = sse.Decoder().feed(half + told)[-1]
    assert json.loads(last.data)["error"]["message"] == "gone\nfor good"
