"""The front against everything that hypothesis can think of: one opinion about messages, and never an exception."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stellwerk.http.deadlines import NEVER, RESOLUTION_S
from stellwerk.http.fields import render
from stellwerk.http.front import Front
from stellwerk.http.server import ServerConnection
from tests.integration.http.application import Scene
from tests.integration.http.caller import chunked, get, post
from tests.integration.http.loop import Clock
from tests.integration.http.messages import Message, cut, requests, spoilt
from tests.integration.http.oracle import check_server
from tests.integration.http.wire import connect

pipelines = st.lists(requests(), min_size=1, max_size=4)


@given(messages=pipelines, data=st.data())
def test_a_pipeline_of_sound_requests_is_read_as_it_was_meant(messages: list[Message], data: st.DataObject) -> None:
    read = check_server(data.draw(cut(b"".join(message.data for message in messages))))
    expected = [(message.first, message.path, message.body) for message in messages]
    # Whoever offers another protocol in front of a body is served and then let go.
    assert read == expected[: len(read)]
    if len(read) < len(expected):
        last = messages[len(read) - 1].data.lower()
        assert b"upgrade" in last
        assert b"content-length" in last or b"chunked" in last


@given(sent=spoilt(pipelines.map(lambda messages: b"".join(message.data for message in messages))), data=st.data())
def test_a_spoilt_pipeline_is_read_like_another_strict_parser_reads_it(sent: bytes, data: st.DataObject) -> None:
    whole = check_server([sent])
    assert check_server(data.draw(cut(sent))) == whole


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_arbitrary_bytes_do_no_harm(pieces: list[bytes]) -> None:
    check_server(pieces)


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=4))
def test_a_rendered_block_has_exactly_the_fields_that_went_in(pairs: list[tuple[bytes, bytes]]) -> None:
    try:
        block = render(pairs)
    except ValueError:
        return
    lines = block.split(b"\r\n")
    assert lines.pop() == b""
    assert [tuple(line.split(b": ", 1)) for line in lines] == pairs
    assert not any(byte in line for line in lines for byte in (b"\r", b"\n", b"\x00"))


class Connection(RuleBasedStateMachine):
    """One caller's connection, to which anything may happen in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene()
        self.clock = Clock()
        self.wire = connect(self.scene, self.clock)
        self.left = b""
        self.is_pausing = False

    @rule(
        path=st.sampled_from([b"/held", b"/", b"/unwanted", b"/stream?3"]),
        kind=st.sampled_from(["get", "post", "chunks"]),
    )
    def plan_a_request(self, path: bytes, kind: str) -> None:
        """More to send."""
        self.left += {"get": get(path), "post": post(path, b"body"), "chunks": chunked(path, b"one", b"two")}[kind]

    @rule(data=st.binary(max_size=10))
    def plan_garbage(self, data: bytes) -> None:
        """More to send that should not be sent."""
        self.left += data

    @rule(
        path=st.sampled_from([b"/", b"/held"]),
        start=st.sampled_from([b"GET /", b"GET / HTTP/1.1\r\nX: ", chunked(b"/", b"x")[:-5] + b"1;"]),
        size=st.sampled_from([1, 1000, 70_000]),
    )
    def send_all_and_a_request_and_part_of_another(self, path: bytes, start: bytes, size: int) -> None:
        """One read brings a lot, and ends in the middle."""
        whole, self.left = self.left + get(path) + start + b"x" * size, b""
        self.wire.feed(whole)

    @rule(size=st.integers(1, 200))
    def send(self, size: int) -> None:
        """A read brings some of it."""
        piece, self.left = self.left[:size], self.left[size:]
        self.wire.feed(piece)

    @precondition(lambda self: self.scene.held)
    @rule(how=st.sampled_from(["respond", "stream", "abort", "only start"]))
    def answer(self, how: str) -> None:
        """The application answers the oldest request that waits, whether its caller is still there or not."""
        request = self.scene.held[0]
        if how == "only start":
            if request.outlet is None:
                request.start(200, b"")
            return
        self.scene.held.pop(0)
        if how == "respond":
            request.respond(200, b"", b"answer")
        elif how == "abort":
            request.abort()
        else:
            request.start(200, b"", b"first")
            request.send(b"second")
            request.end()
        self.wire.loses_if_closing()

    @rule(seconds=st.sampled_from([0.1, 5.0, 20.0, 100.0]))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.clock.advance(seconds)
        self.wire.loses_if_closing()

    @precondition(lambda self: not self.wire.is_lost)
    @rule()
    def stall_or_catch_up(self) -> None:
        """The caller stops reading, or goes on."""
        self.is_pausing = not self.is_pausing
        if self.is_pausing:
            self.wire.protocol.pause_writing()
        else:
            self.wire.protocol.resume_writing()

    @rule()
    def drain(self) -> None:
        """The front is asked to end."""
        self.scene_front.is_draining = True
        if not self.wire.is_lost:
            self.connection.drain()
        self.wire.loses_if_closing()

    @precondition(lambda self: not self.wire.is_lost)
    @rule(is_polite=st.booleans())
    def leave(self, is_polite: bool) -> None:
        """The caller goes."""
        if is_polite:
            self.wire.end()
        else:
            self.wire.lose(ConnectionResetError())

    @invariant()
    def nobody_is_told_twice(self) -> None:
        """Owners hear of a departure at most once, and only when there was one."""
        assert all(watch.gone <= 1 for watch in self.scene.watches)

    @invariant()
    def answers_come_one_at_a_time(self) -> None:
        """No request is served before the one ahead of it is answered."""
        if not self.wire.is_lost:
            assert sum(request.is_open for request in self.scene.held) <= 1

    @invariant()
    def whoever_is_waited_for_has_a_deadline(self) -> None:
        """While nobody answers, only the caller can go on: not for ever."""
        if not self.wire.is_lost and not any(request.is_open for request in self.scene.requests):
            assert self.connection.deadline < NEVER
            assert self.clock.deadlines.wake <= self.connection.deadline + RESOLUTION_S

    @invariant()
    def whoever_is_lost_is_forgotten(self) -> None:
        """Nothing holds on to an ended connection."""
        if self.wire.is_lost:
            assert self.scene_front.connections == 0
            assert not self.clock.deadlines._members
            assert not any(request.is_open for request in self.scene.requests)

    @property
    def connection(self) -> ServerConnection:
        """The connection under test."""
        assert isinstance(self.wire.protocol, ServerConnection)
        return self.wire.protocol

    @property
    def scene_front(self) -> Front:
        """Its front."""
        return self.connection._front

    def teardown(self) -> None:
        """Whatever happened, the end is clean."""
        self.wire.lose()
        self.whoever_is_lost_is_forgotten()
        self.nobody_is_told_twice()


TestConnection = Connection.TestCase
TestConnection.settings = settings(stateful_step_count=40)
