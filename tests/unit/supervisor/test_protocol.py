"""Messages between supervisor and worker, and the socket that carries them."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.supervisor import protocol
from stellwerk.supervisor.protocol import (
    Alive,
    Assignment,
    Drain,
    Drained,
    Link,
    Loaded,
    Message,
    Ready,
    Refused,
    Reload,
    RoleWanted,
    decode,
    encode,
)

MESSAGES: list[Message] = [
    Ready(1),
    Alive(),
    Loaded(2**40),
    Refused(3, ("models.0: unknown provider", "line\nbreak", "naïve 🚦")),
    RoleWanted("compute"),
    Drained(),
    Reload("/a path/3.msgpack", 3),
    Drain(330.0),
]


@pytest.fixture(params=[socket.SOCK_SEQPACKET, socket.SOCK_STREAM], ids=["datagrams", "stream"])
def ends(request: pytest.FixtureRequest) -> tuple[Link, Link]:
    near, far = socket.socketpair(socket.AF_UNIX, request.param)
    return Link(near), Link(far)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_survives_the_way(message: Message) -> None:
    line = encode(message)
    assert b"\n" not in line
    assert decode(line) == message


@given(st.lists(st.text(), max_size=200).map(tuple))
def test_a_refusal_always_fits_into_one_message(problems: tuple[str, ...]) -> None:
    line = encode(Refused(1, problems))
    assert len(line) < protocol.MAX_BYTES
    found = decode(line)
    assert isinstance(found, Refused)
    assert all(problem.startswith(kept) for problem, kept in zip(problems, found.problems, strict=False))


def test_the_longest_refusal_fits_into_one_message() -> None:
    assert len(encode(Refused(1, ("🚦" * 10_000,) * 1000))) < protocol.MAX_BYTES


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        b"[]",
        b"1",
        b"{}",
        b'{"type": "unheard of"}',
        b'{"type": "ready"}',
        b'{"type": "ready", "version": 1, "more": 2}',
        b'{"type": "refused", "version": 1, "problems": 7}',
        b'{"type": []}',
        b"\xff",
        b"[" * 50_000,
    ],
)
def test_what_is_no_message_is_none(line: bytes) -> None:
    assert decode(line) is None


def test_messages_arrive_in_their_order(ends: tuple[Link, Link]) -> None:
    near, far = ends
    assert all(near.send(message) for message in MESSAGES)
    assert far.receive() == MESSAGES
    assert far.receive() == []
    assert not far.is_closed
    near.close()
    far.close()


def test_the_end_of_the_other_side_is_seen_after_its_last_words(ends: tuple[Link, Link]) -> None:
    near, far = ends
    near.send(Drained())
    near.close()
    assert far.receive() == [Drained()]
    assert far.is_closed
    assert not far.send(Ready(1))
    far.close()


def test_sending_to_nobody_closes_the_link(ends: tuple[Link, Link]) -> None:
    near, far = ends
    near.close()
    assert not far.send(Ready(1))
    assert far.is_closed
    far.close()


def test_unread_words_at_the_end_count_as_the_end(ends: tuple[Link, Link]) -> None:
    near, far = ends
    far.send(Drain(1.0))
    near.send(Drained())
    near.close()  # with something unread, which some systems report as a reset
    assert far.receive() in ([Drained()], [])
    assert far.is_closed
    far.close()


def test_a_side_that_never_reads_never_blocks_the_other(ends: tuple[Link, Link]) -> None:
    near, far = ends
    sent = 0
    while near.send(Alive()):
        sent += 1
    assert sent > 10
    assert not near.is_closed
    assert len(far.receive()) >= sent - 1
    assert near.send(Alive())
    near.close()
    far.close()


def test_a_message_in_pieces_is_put_together() -> None:
    near, raw = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    link = Link(near)
    raw.send(b'{"type": "rea')
    assert link.receive() == []
    raw.send(b'dy", "version": 9}\n{"type"')
    assert link.receive() == [Ready(9)]
    raw.close()
    link.close()


def test_a_pair_is_connected_even_where_there_are_no_sequenced_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., tuple[socket.socket, socket.socket]] = socket.socketpair

    def without_packets(family: int, kind: int) -> tuple[socket.socket, socket.socket]:
        if kind == socket.SOCK_SEQPACKET:
            raise OSError(43, "Protocol not supported")
        return real(family, kind)

    monkeypatch.setattr("stellwerk.supervisor.protocol.socket.socketpair", without_packets)
    near, far = Link.pair()
    near.send(Ready(1))
    assert far.receive() == [Ready(1)]
    near.close()
    far.close()


def test_a_worker_takes_its_end_by_number() -> None:
    near, far = Link.pair()
    descriptor = far._socket.detach()
    mine = Link.inherited(descriptor)
    assert mine.fileno() == descriptor
    near.send(Drain(1.0))
    assert mine.receive() == [Drain(1.0)]
    near.close()
    mine.close()


@pytest.mark.parametrize("listen_fd", [None, 7])
def test_an_assignment_survives_the_environment(listen_fd: int | None) -> None:
    assignment = Assignment(3, listen_fd, 9, Path("/a/board"), Path("/a/1.msgpack"))
    assert Assignment.of({"HOME": "/", **assignment.variables()}) == assignment


@pytest.mark.parametrize("environment", [{}, {"STELLWERK_SLOT": "x"}])
def test_without_a_supervisor_there_is_no_assignment(environment: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Assignment.of(environment)


def test_the_wire_is_plain_json() -> None:
    assert json.loads(encode(Reload("/c/2.msgpack", 2))) == {"type": "reload", "path": "/c/2.msgpack", "version": 2}
