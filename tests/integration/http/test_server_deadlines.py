"""Deadlines of the front: slow senders, silent connections and stalled readers end when they should, and not before."""

from __future__ import annotations

import pytest

from stellwerk.core.snapshot import LimitsSpec
from tests.integration.http.application import Pieces, Scene, echo, serving
from tests.integration.http.caller import Caller, calling, chunked, get, post
from tests.integration.http.loop import Clock, eventually, on_loop, settled
from tests.integration.http.wire import connect

LIMITS = LimitsSpec()


async def timed_out(caller: Caller) -> None:
    """The next answer is 408, and the last."""
    answer = await caller.answer()
    assert (answer.status, answer.field(b"connection")) == (408, b"close")
    assert await caller.rest() == b""


@on_loop
async def test_a_connection_that_never_says_anything_is_closed_without_a_word() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (front, port), calling(port) as caller:
        await eventually(lambda: front.connections == 1)
        clock.advance(LIMITS.header_timeout_s - 0.1)
        await settled()
        assert caller.is_silent
        clock.advance(0.2)
        assert await caller.rest() == b""
        assert front.connections == 0


@pytest.mark.parametrize(
    "start", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX", b"GET / HTTP/1.1\r\nHost: x\r\n\r"]
)
@on_loop
async def test_a_head_that_does_not_end_is_408(start: bytes) -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (_, port), calling(port) as caller:
        await caller.send(start)
        await settled()
        clock.advance(LIMITS.header_timeout_s + 0.1)
        await timed_out(caller)


@on_loop
async def test_a_head_that_drips_is_408_at_the_same_time() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (_, port), calling(port) as caller:
        await caller.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for _ in range(4):
            await settled()
            clock.advance(2.4)
            assert caller.is_silent
            await caller.send(b"X: y\r\n")
        clock.advance(0.6)
        await timed_out(caller)


@on_loop
async def test_a_second_head_has_its_own_deadline() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (_, port), calling(port) as caller:
        await caller.send(get(b"/"))
        await caller.answer()
        clock.advance(60)
        await caller.send(b"GET")
        await settled()
        clock.advance(LIMITS.header_timeout_s - 0.1)
        await settled()
        assert caller.is_silent
        clock.advance(0.2)
        await timed_out(caller)


@pytest.mark.parametrize("whole", [post(b"/", b"hello"), chunked(b"/", b"hello")], ids=["length", "chunked"])
@on_loop
async def test_a_body_that_does_not_end_is_408(whole: bytes) -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (_, port), calling(port) as caller:
        await caller.send(whole[:-3])
        await settled()
        clock.advance(LIMITS.body_timeout_s - 0.1)
        await settled()
        assert caller.is_silent
        clock.advance(0.2)
        await timed_out(caller)


@on_loop
async def test_a_body_that_comes_steadily_may_take_its_time() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (_, port), calling(port) as caller:
        whole = post(b"/", b"x" * 400_000)
        for start in range(0, len(whole), 100_000):
            await caller.send(whole[start : start + 100_000])
            await settled()
            clock.advance(20)
        assert (await caller.answer()).status == 200


@on_loop
async def test_a_body_that_drips_is_408_in_the_end() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (_, port), calling(port) as caller:
        await caller.send(post(b"/", b"x" * 1000)[:-1000])
        for _ in range(100):
            await caller.send(b"x")
            await settled()
            clock.advance(LIMITS.body_timeout_s - 1)
            if not caller.is_silent:
                break
        await timed_out(caller)


@on_loop
async def test_no_deadline_runs_while_a_request_is_being_answered() -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held") + b"GET /next HTTP/1.1\r\nHo")
        await eventually(lambda: scene.held)
        clock.advance(3600)
        scene.held[0].respond(200, b"", b"late")
        assert (await caller.answer()).body == b"late"
        await caller.send(b"st: x\r\n\r\n")
        assert (await caller.answer()).body == echo(b"GET", b"/next")


@pytest.mark.parametrize("pieces", [(b"GET / HT", b""), (b"GET / HT", b"TP"), (b"", b"GET / HT")])
@on_loop
async def test_a_head_that_began_behind_a_request_in_flight_has_a_deadline(pieces: tuple[bytes, bytes]) -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held") + pieces[0])
        await eventually(lambda: scene.held)
        await caller.send(pieces[1])
        await settled()
        scene.held[0].respond(200, b"", b"first")
        assert (await caller.answer()).body == b"first"
        await settled()
        clock.advance(LIMITS.header_timeout_s + 0.1)
        await timed_out(caller)


@pytest.mark.parametrize("cut", [0, 40])
@on_loop
async def test_a_body_that_began_behind_a_request_in_flight_has_a_deadline(cut: int) -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (_, port), calling(port) as caller:
        start = post(b"/", b"hello")[:-3]
        await caller.send(get(b"/held") + start[:cut])
        await eventually(lambda: scene.held)
        await caller.send(start[cut:])
        await settled()
        scene.held[0].respond(200, b"", b"first")
        assert (await caller.answer()).body == b"first"
        await settled()
        clock.advance(LIMITS.body_timeout_s + 0.1)
        await timed_out(caller)


@pytest.mark.parametrize("behind", [b"", b"\r\n"])
@on_loop
async def test_a_connection_that_rests_too_long_is_closed(behind: bytes) -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        await caller.send(behind)
        await settled()
        scene.held[0].respond(200, b"", b"first")
        assert (await caller.answer()).body == b"first"
        clock.advance(LIMITS.keep_alive_s - 0.1)
        await settled()
        assert caller.is_silent
        clock.advance(0.2)
        assert await caller.rest() == b""


@on_loop
async def test_empty_lines_do_not_keep_a_connection_alive() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (front, port), calling(port) as caller:
        await caller.send(get(b"/"))
        await caller.answer()
        for _ in range(8):
            await caller.send(b"\r\n")
            await settled()
            clock.advance(10)
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_a_reader_that_stalls_in_a_stream_is_cut_off() -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (front, port), calling(port, receive_buffer=4096) as caller:
        await caller.send(get(b"/stream?100000"))
        await eventually(lambda: scene.watches and scene.watches[0].is_paused)
        await settled()
        clock.advance(LIMITS.send_timeout_s - 0.1)
        await settled()
        assert front.connections == 1
        clock.advance(0.2)
        await eventually(lambda: front.connections == 0)
        assert scene.watches[0].gone == 1


@on_loop
async def test_a_reader_that_goes_on_reading_slowly_is_not_cut_off() -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (front, port), calling(port, receive_buffer=4096) as caller:
        await caller.send(get(b"/stream?20000"))
        for _ in range(5):
            await eventually(lambda: scene.watches and scene.watches[0].is_paused)
            clock.advance(LIMITS.send_timeout_s - 1)
            pauses = scene.watches[0].pauses
            while scene.watches[0].pauses == pauses:
                await caller.at_least(1)
        assert front.connections == 1


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@on_loop
async def test_a_reader_that_stalls_behind_a_whole_answer_is_cut_off(version: bytes) -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (front, port), calling(port, receive_buffer=4096) as caller:
        await caller.send(get(b"/held").replace(b"HTTP/1.1", b"HTTP/" + version))
        await eventually(lambda: scene.held)
        scene.held[0].respond(200, b"", b"x" * 10_000_000)
        await settled()
        clock.advance(LIMITS.send_timeout_s + LIMITS.keep_alive_s + 1)
        await eventually(lambda: front.connections == 0)


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@on_loop
async def test_a_reader_that_stalls_at_the_very_end_of_a_stream_is_cut_off(version: bytes) -> None:
    """The last bytes wait below the mark at which anyone is told to pause."""
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (front, port), calling(port, receive_buffer=4096) as caller:
        await caller.send(get(b"/held").replace(b"HTTP/1.1", b"HTTP/" + version))
        await eventually(lambda: scene.held)
        request, watch = scene.held[0], scene.watches[0]
        connection = request._connection
        assert connection is not None
        request.start(200, b"")
        while not watch.pauses:
            request.send(b"x" * 30_000)
            await settled(2)
        while not watch.resumes:
            await caller.at_least(1)
        while not connection.transport.get_write_buffer_size():
            request.send(b"x" * 1000)
            await settled(2)
        assert watch.pauses == 1
        request.end()
        await settled()
        clock.advance(LIMITS.send_timeout_s + LIMITS.keep_alive_s + 1)
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_a_body_that_the_application_does_not_want_yet_is_not_late() -> None:
    scene, clock = Scene(), Clock()
    pieces = Pieces()
    scene.sink = pieces
    async with serving(scene, clock) as (_, port), calling(port) as caller:
        whole = chunked(b"/taken", b"x" * 1000)
        await caller.send(whole[:-3])
        await eventually(lambda: pieces.pieces)
        scene.accepted[0].pause_body()
        await caller.send(whole[-3:])
        clock.advance(LIMITS.body_timeout_s * 2)
        await settled()
        scene.accepted[0].resume_body()
        assert (await caller.answer()).status == 200


UNFINISHED = {
    "target": b"GET /" + b"x" * 100_000,
    "name": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"x" * 100_000,
    "value": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000,
    "fields": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: bcd\r\n" * 10_000,
    "body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000,
    "extension": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 100_000,
    "trailers": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: bcd\r\n" * 10_000,
    "offer": b"POST / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 9\r\n\r\n",
    "expectation": b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
}


@pytest.mark.parametrize("what", UNFINISHED)
@pytest.mark.parametrize("before", [b"", get(b"/"), get(b"/held"), get(b"/") * 3], ids=["", "one", "slow", "three"])
def test_whatever_is_unfinished_behind_an_answer_ends_in_time(what: str, before: bytes) -> None:
    scene, clock = Scene(), Clock()
    wire = connect(scene, clock)
    wire.feed(before + UNFINISHED[what])
    for request in scene.held:
        request.respond(200, b"", b"held")
    for _ in range(3):
        clock.advance(LIMITS.body_timeout_s + 1)
        wire.loses_if_closing()
    assert wire.is_lost
    assert len(scene.refused) == 1
    assert scene.refused[0].status in {408, 431}
    assert not clock.deadlines._members
