"""A second opinion: h11 reads the same bytes, and wherever both it and the engine accept, they must agree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import h11

from stellwerk.core.wire import Origin
from stellwerk.http.upstream import UpstreamConnection
from tests.integration.http.application import Scene
from tests.integration.http.loop import Clock
from tests.integration.http.provider import Recorder, make_call, make_pool
from tests.integration.http.wire import Wire, connect

LARGE = 200_000
ORIGIN = Origin("http", "provider.test", 80)
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Read(NamedTuple):
    """One request as it was understood."""

    method: bytes
    path: bytes
    body: bytes


class Result(NamedTuple):
    """One answer as it was understood, as far as it came."""

    status: int
    body: bytes
    is_whole: bool


def check_server(pieces: Iterable[bytes]) -> list[Read]:
    """Feeds a caller's bytes to a front; what the application saw. Raises ``AssertionError`` on any disagreement."""
    pieces = list(pieces)
    scene, clock = Scene(), Clock()
    wire = connect(scene, clock)
    for piece in pieces:
        if not wire.feed(piece):
            break
    wire.end()
    assert wire.is_lost
    assert not clock.deadlines._members
    seen = [Read(*each) for each in scene.seen]
    # A stream of 1 KB blocks is no part of what is compared: every answer has a length here.
    statuses = [int(status) for status in _STATUS.findall(bytes(wire.written)) if status != b"100"]
    assert len(statuses) == len(seen) + len(scene.refused)
    assert len(scene.refused) <= 1
    for own, theirs in zip(seen, _requests_of(b"".join(pieces)), strict=False):
        assert own.method == theirs.method
        assert own.body == theirs.body
        if theirs.path.startswith(b"/"):
            assert own.path == theirs.path.partition(b"?")[0]
    return seen


def check_upstream(pieces: Iterable[bytes], *, is_streamed: bool) -> Recorder:
    """Feeds a provider's bytes to a call and then ends; what came of it. Raises ``AssertionError`` as above."""
    pieces = list(pieces)
    clock = Clock()
    pool = make_pool(clock)
    lane = pool.lane(ORIGIN)
    wire = Wire(UpstreamConnection(lane))
    connection = wire.protocol
    assert isinstance(connection, UpstreamConnection)
    lane._members.add(connection)
    lane.give_back(connection)
    sink = Recorder()
    lane.send(make_call(sink, is_streamed=is_streamed))
    for piece in pieces:
        if not wire.feed(piece):
            break
    wire.end()
    assert wire.is_lost
    assert len(sink.endings) == 1
    assert lane.size == 0
    assert not clock.deadlines._members
    theirs = _result_of(b"".join(pieces))
    if sink.failure is None and theirs is not None and theirs.is_whole:
        assert sink.status == theirs.status
        assert sink.body == theirs.body
    elif theirs is not None and sink.status:
        assert sink.status == theirs.status
        assert theirs.body.startswith(sink.body) or sink.body.startswith(theirs.body)
    return sink


def _requests_of(data: bytes) -> list[Read]:
    """What h11 understands, up to what it refuses."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGE)
    found: list[Read] = []
    head: h11.Request | None = None
    body = b""
    connection.receive_data(data)
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return found
        if isinstance(event, h11.Request):
            head, body = event, b""
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            found.append(Read(head.method, head.target, body))
            if not _next_cycle(connection):
                return found
        else:
            return found


def _next_cycle(connection: h11.Connection) -> bool:
    """Answers what was read, so that h11 goes on to the next request."""
    try:
        connection.send(h11.Response(status_code=200, headers=[(b"content-length", b"0")]))
        connection.send(h11.EndOfMessage())
        connection.start_next_cycle()
    except h11.LocalProtocolError:
        return False
    return True


def _result_of(data: bytes) -> Result | None:
    """What h11 understands of an answer that ends with its connection."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGE)
    request: list[tuple[bytes, bytes]] = [(b"host", b"provider"), (b"content-length", b"0")]
    connection.send(h11.Request(method=b"POST", target=b"/", headers=request))
    connection.send(h11.EndOfMessage())
    status, body = 0, b""
    connection.receive_data(data)
    has_ended = False
    while True:
        try:
            event: Any = connection.next_event()
        except h11.RemoteProtocolError:
            return Result(status, body, is_whole=False) if status else None
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return Result(status, body, is_whole=True)
        elif event is h11.NEED_DATA and not has_ended:
            has_ended = True
            connection.receive_data(b"")
        elif not isinstance(event, h11.InformationalResponse):
            return Result(status, body, is_whole=False) if status else None
