"""Readers that stop in the middle of a large stream: what they cost the gateway, and whether all bytes come later."""

import http.client
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.contender import Contender
from benchmarks.failures import BenchmarkError
from benchmarks.upstream import Upstream

BODY = "stream_flood.json"
EVENTS_AFTER_CONTENT = 3
"""The finish, the usage, and [DONE]."""
RECEIVE_BUFFER_BYTES = 8192
STANDSTILL_S = 1.0
TIMEOUT_S = 30.0
READ_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Stall:
    """Some readers stalled at once; one of them went on afterwards."""

    readers: int
    added_mb: float
    events: int
    events_expected: int
    left_running: int
    """Streams that still ran upstream after all readers had gone."""

    @property
    def mb_per_reader(self) -> float:
        """Memory that one stalled reader adds to the gateway."""
        return self.added_mb / self.readers


def measure_stall(contender: Contender, mock: Upstream, readers: int) -> Stall:
    """Stall the readers until nothing moves, weigh the gateway, then let one read to the end and drop the others."""
    running_before = mock.counters().streams_running
    idle_mb = contender.memory().pss_mb
    with _stalled(contender, readers) as connections:
        _wait_for_standstill(mock)
        added_mb = contender.memory().pss_mb - idle_mb
        events = _events_of_rest(connections[0])
    return Stall(
        readers=readers,
        added_mb=added_mb,
        events=events,
        events_expected=_chunks_asked_for(contender) + EVENTS_AFTER_CONTENT,
        left_running=wait_for_streams_to_end(mock, running_before),
    )


def wait_for_streams_to_end(mock: Upstream, at_most: int = 0, timeout_s: float = 10.0) -> int:
    """Wait until no more than so many streams run upstream; returns how many too many still do at the deadline."""
    deadline = time.monotonic() + timeout_s
    while (running := mock.counters().streams_running) > at_most and time.monotonic() < deadline:
        time.sleep(0.05)
    return max(0, running - at_most)


@contextmanager
def _stalled(contender: Contender, readers: int) -> Iterator[Sequence[http.client.HTTPConnection]]:
    connections: list[http.client.HTTPConnection] = []
    headers = dict(header.split(": ", 1) for header in contender.headers)
    body = (contender.bodies / BODY).read_bytes()
    try:
        for _ in range(readers):
            connection = http.client.HTTPConnection("127.0.0.1", contender.port, timeout=TIMEOUT_S)
            connections.append(connection)
            connection.sock = _socket_with_small_buffer(contender.port)
            connection.request("POST", contender.path, body, {"Content-Type": "application/json", **headers})
        yield connections
    finally:
        for connection in connections:
            connection.close()


def _socket_with_small_buffer(port: int) -> socket.socket:
    client = socket.socket()
    # Set before connecting, since it bounds the window that is offered.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    client.settimeout(TIMEOUT_S)
    client.connect(("127.0.0.1", port))
    return client


def _wait_for_standstill(mock: Upstream) -> None:
    """Wait until the mock has sent nothing more for a while: every buffer on the way is full."""
    deadline = time.monotonic() + TIMEOUT_S
    last, since = -1, time.monotonic()
    while time.monotonic() - since < STANDSTILL_S:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"the provider still sends after {TIMEOUT_S:.0f} s, though nobody reads")
        time.sleep(0.05)
        if (chunks := mock.counters().chunks) != last:
            last, since = chunks, time.monotonic()


def _events_of_rest(connection: http.client.HTTPConnection) -> int:
    """Read the whole stream; a stream that was cut counts for what came."""
    events, tail = 0, b""
    try:
        response = connection.getresponse()
        while piece := response.read(READ_BYTES):
            tail += piece
            events += tail.count(b"\n\n")
            tail = tail[-1:] if not tail.endswith(b"\n\n") else b""
    except (http.client.HTTPException, OSError):
        pass
    return events


def _chunks_asked_for(contender: Contender) -> int:
    marker = re.search(rb"\[\[chunks=(\d+)\]\]", (contender.bodies / BODY).read_bytes())
    if marker is None:
        raise BenchmarkError(f"{BODY} does not say how many chunks it asks for")
    return int(marker[1])
