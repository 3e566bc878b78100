"""The end of ``stellwerk up``: answers in flight are finished, and nothing else holds it up."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai import APIError, Stream
from openai.types.chat import ChatCompletionChunk

from tests.e2e.callers import connect, question, sdk
from tests.e2e.gate import CONTENT, FIRST, Gate
from tests.e2e.kit import PATIENCE_S, WEB, Gateway, exists, model, provider, server, until, up


@contextmanager
def serving(folder: Path, held: Gate, *, drain_s: float = 20.0) -> Iterator[Gateway]:
    """A gateway before the provider that holds its answers."""
    sections = (server(drain_s=drain_s), provider("held", held.base_url), model("smart", "held"), WEB)
    with up(folder, *sections) as gateway:
        yield gateway


@contextmanager
def streaming(gateway: Gateway) -> Iterator[Stream[ChatCompletionChunk]]:
    """A stream that has said its first half."""
    with (
        sdk(gateway) as client,
        client.chat.completions.create(model="smart", messages=question(), stream=True) as stream,
    ):
        first = next(stream)
        assert first.choices[0].delta.content == FIRST
        yield stream


def rest_of(stream: Stream[ChatCompletionChunk]) -> str:
    """What a stream still says."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def is_refused(port: int) -> bool:
    """Whether a new connection is refused at once."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stream_in_flight_is_finished_whole_and_its_event_written(
    held: Gate, tmp_path: Path, number: signal.Signals
) -> None:
    with serving(tmp_path, held) as gateway, streaming(gateway) as stream:
        gateway.signal(number)
        gateway.event("draining")
        held.open()
        assert FIRST + rest_of(stream) == CONTENT
        assert gateway.end() == 0
        assert not (gateway.state / "run.json").exists()
        (event,) = gateway.recorded()
        assert (event["outcome"], event["status"], event["finish"]) == ("complete", 200, "stop")


def test_idle_connections_are_closed_at_once_and_new_ones_refused(held: Gate, tmp_path: Path) -> None:
    with serving(tmp_path, held) as gateway, streaming(gateway) as stream:
        port = gateway.port
        idle = [connect(gateway.address) for _ in range(8)]
        for connection in idle:
            connection.request("GET", "/livez")
            assert connection.getresponse().read() == b"ok\n"
        gateway.signal(signal.SIGTERM)
        for connection in idle:
            assert connection.sock is not None
            assert connection.sock.recv(1) == b""
            connection.close()
        until(lambda: is_refused(port), "new connections are accepted while it drains")
        assert gateway.process.poll() is None
        held.open()
        assert FIRST + rest_of(stream) == CONTENT
        assert gateway.end() == 0


def test_a_stream_that_stalls_is_cut_when_the_time_is_over(held: Gate, tmp_path: Path) -> None:
    with serving(tmp_path, held, drain_s=0.3) as gateway, streaming(gateway) as stream:
        gateway.signal(signal.SIGTERM)
        with pytest.raises((APIError, OSError)):
            rest_of(stream)
        assert gateway.end() == 0
        assert gateway.event("drain_cut")["connections"] == 1
        (event,) = gateway.recorded()
        assert event["outcome"] in {"truncated", "cancelled"}


def test_without_anything_in_flight_it_ends_at_once(held: Gate, tmp_path: Path) -> None:
    with serving(tmp_path, held, drain_s=3_600.0) as gateway:
        gateway.stop()


def test_a_second_interrupt_does_not_wait(held: Gate, tmp_path: Path) -> None:
    with serving(tmp_path, held, drain_s=3_600.0) as gateway, streaming(gateway) as stream:
        workers = gateway.workers
        gateway.signal(signal.SIGINT)
        gateway.event("draining")
        gateway.signal(signal.SIGINT)
        assert gateway.end() == 1
        assert not any(exists(pid) for pid in workers)
        assert gateway.event("stopped")["killed"] >= 1
        with pytest.raises((APIError, OSError)):
            rest_of(stream)
