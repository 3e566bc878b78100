"""Bounds of the front: too large, too many, too long are refused with the status that says so, and cost no memory."""

from __future__ import annotations

import pytest

from tests.integration.http.application import Pieces, Scene, echo, serving
from tests.integration.http.caller import Caller, calling, chunked, get, post
from tests.integration.http.loop import Clock, eventually, on_loop, settled


async def refused(caller: Caller, status: int) -> None:
    """The next answer is this refusal, and the last."""
    answer = await caller.answer()
    assert (answer.status, answer.field(b"connection")) == (status, b"close")
    assert await caller.rest() == b""


@pytest.mark.parametrize("limit", [1000, 100_000])
@on_loop
async def test_a_body_at_the_limit_is_served_and_one_byte_more_is_413(limit: int) -> None:
    scene = Scene()
    async with serving(scene, Clock(), max_body_bytes=limit) as (_, port):
        async with calling(port) as caller:
            await caller.send(post(b"/a", b"x" * limit) + chunked(b"/b", b"x" * (limit - 1), b"y"))
            assert (await caller.answer()).status == 200
            assert (await caller.answer()).status == 200
        async with calling(port) as caller:
            await caller.send(post(b"/a", b"x" * (limit + 1)))
            await refused(caller, 413)
        async with calling(port) as caller:
            await caller.send(chunked(b"/b", b"x" * limit, b"y"))
            await refused(caller, 413)
        assert len(scene.seen) == 2


@pytest.mark.parametrize("limit", [1000, 100_000])
@on_loop
async def test_a_length_over_the_limit_is_refused_before_the_body_comes(limit: int) -> None:
    async with serving(Scene(), Clock(), max_body_bytes=limit) as (_, port), calling(port) as caller:
        await caller.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (limit + 1))
        await refused(caller, 413)


@on_loop
async def test_one_chunk_over_the_limit_is_refused_without_being_kept() -> None:
    async with serving(Scene(), Clock(), max_body_bytes=100_000) as (_, port), calling(port) as caller:
        await caller.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n" + b"x" * 100_001
        )
        await refused(caller, 413)


@on_loop
async def test_a_caller_that_is_refused_while_it_sends_still_reads_why() -> None:
    """Closing with unread bytes would reset the connection and take the answer along."""
    async with serving(Scene(), Clock(), max_body_bytes=1000) as (front, port), calling(port) as caller:
        await caller.send(chunked(b"/", b"x" * 900_000))
        answer = await caller.answer()
        assert answer.status == 413
        assert await caller.rest() == b""
        caller.close()
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_a_caller_that_is_refused_and_sends_on_still_reads_why() -> None:
    scene = Scene()
    async with serving(scene, Clock(), max_body_bytes=1000) as (_, port), calling(port) as caller:
        await caller.send(chunked(b"/", b"x" * 2000))
        await eventually(lambda: scene.refused)
        for _ in range(3):
            await settled()
            await caller.send(b"x" * 10_000)
        assert (await caller.answer()).status == 413


@on_loop
async def test_a_refused_caller_that_never_stops_sending_is_cut_off() -> None:
    async with serving(Scene(), Clock(), max_body_bytes=1000) as (front, port), calling(port) as caller:
        await caller.send(chunked(b"/", b"x" * 2000))
        assert (await caller.answer()).status == 413
        with pytest.raises(ConnectionError):
            await caller.send(b"x" * 100_000_000)
        assert front.connections == 0


@on_loop
async def test_a_refused_caller_that_stays_is_cut_off_in_time() -> None:
    clock = Clock()
    async with serving(Scene(), clock, max_body_bytes=1000) as (front, port), calling(port) as caller:
        await caller.send(chunked(b"/", b"x" * 2000))
        assert (await caller.answer()).status == 413
        clock.advance(3)
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_a_streamed_body_is_bounded_too() -> None:
    scene = Scene()
    scene.sink = Pieces()
    async with serving(scene, Clock(), max_body_bytes=1000) as (_, port), calling(port) as caller:
        await caller.send(chunked(b"/taken", b"x" * 600, b"x" * 600))
        await refused(caller, 413)
        assert not scene.seen


@pytest.mark.parametrize("size", [60_000, 65_000])
@on_loop
async def test_headers_below_the_limit_are_served(size: int) -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/a", b"X-Large: " + b"x" * size))
        assert (await caller.answer()).body == echo(b"GET", b"/a")


@pytest.mark.parametrize("size", [66_000, 500_000])
@on_loop
async def test_headers_over_the_limit_are_431(size: int) -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/a", b"X-Large: " + b"x" * size))
        await refused(caller, 431)


@on_loop
async def test_headers_over_the_limit_are_refused_before_they_end() -> None:
    async with serving(Scene(), Clock()) as (_, port):
        for start in (b"GET /", b"GET / HTTP/1.1\r\nX", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            async with calling(port) as caller:
                await caller.send(start)
                await settled()
                for _ in range(7):
                    await caller.send(b"x" * 10_000)
                    await settled(2)
                await refused(caller, 431)


@on_loop
async def test_many_small_headers_over_the_limit_in_sum_are_431() -> None:
    async with serving(Scene(), Clock(), max_headers=100_000) as (_, port), calling(port) as caller:
        await caller.send(get(b"/a", *(b"X-%d: %s" % (number, b"x" * 90) for number in range(700))))
        await refused(caller, 431)


@pytest.mark.parametrize("is_one_name", [False, True])
@on_loop
async def test_too_many_headers_are_431(is_one_name: bool) -> None:
    def fields(count: int) -> list[bytes]:
        return [b"X-%d: x" % (0 if is_one_name else number) for number in range(count)]

    async with serving(Scene(), Clock()) as (_, port):
        async with calling(port) as caller:
            await caller.send(get(b"/a", *fields(120)))
            assert (await caller.answer()).status == 200
        async with calling(port) as caller:
            await caller.send(get(b"/a", *fields(300)))
            await refused(caller, 431)


@on_loop
async def test_a_target_over_the_limit_is_431() -> None:
    async with serving(Scene(), Clock()) as (_, port):
        async with calling(port) as caller:
            await caller.send(get(b"/" + b"x" * 16_000))
            assert (await caller.answer()).status == 200
        async with calling(port) as caller:
            await caller.send(get(b"/" + b"x" * 16_384))
            await refused(caller, 431)


@on_loop
async def test_chunk_framing_out_of_proportion_is_refused() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving(Scene(), Clock()) as (_, port):
        for flood in (b"1;" + b"x" * 1_000_000, b"1;name=value\r\nz\r\n" * 30_000, b"0\r\n" + b"X: y\r\n" * 60_000):
            async with calling(port) as caller:
                await caller.send(head)
                await settled()
                await caller.send(flood[:300_000])
                answer = await caller.answer()
                assert answer.status in {400, 431}


@on_loop
async def test_small_chunks_are_in_proportion() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(chunked(b"/a", *[b"x"] * 50_000))
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"x" * 50_000)


@on_loop
async def test_connections_over_the_limit_are_turned_away_and_may_come_back() -> None:
    async with serving(Scene(), Clock(), max_connections=2) as (front, port):
        async with calling(port) as one, calling(port) as two:
            for caller in (one, two):
                await caller.send(get(b"/"))
                assert (await caller.answer()).status == 200
            async with calling(port) as three:
                assert await three.rest() == b""
            assert (front.connections, front.turned_away) == (2, 1)
            await two.send(get(b"/"))
            assert (await two.answer()).status == 200
        await eventually(lambda: front.connections == 0)
        async with calling(port) as caller:
            await caller.send(get(b"/"))
            assert (await caller.answer()).status == 200


@on_loop
async def test_what_is_pipelined_behind_a_request_in_flight_is_bounded() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port):
        async with calling(port) as caller:
            await caller.send(get(b"/held"))
            await eventually(lambda: scene.held)
            await caller.send(get(b"/next", b"X: " + b"x" * 16_000))
            await settled()
            scene.held.pop().respond(200, b"")
            assert [(await caller.answer()).status for _ in range(2)] == [200, 200]
        async with calling(port) as caller:
            await caller.send(get(b"/held"))
            await eventually(lambda: scene.held)
            await caller.send(get(b"/next", b"X: " + b"x" * 17_000))
            await eventually(lambda: scene.watches[-1].gone == 1)
            assert await caller.rest() == b""
            await eventually(lambda: front.connections == 0)


@on_loop
async def test_more_requests_in_one_read_than_anyone_needs_are_refused_after_those_before_them() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/") * 2000)
        served = 0
        while (answer := await caller.answer()).status == 200:
            served += 1
        assert answer.status == 400
        assert len(scene.seen) == served >= 256
        assert await caller.rest() == b""
