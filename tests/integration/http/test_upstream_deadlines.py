"""Deadlines of a call: each phase has its own, the whole has one, and none runs while the caller is the slow one."""

from __future__ import annotations

import asyncio
import socket

import pytest

from stellwerk.core.wire import Origin
from stellwerk.errors import UpstreamTimeout
from stellwerk.http.call import Patience
from tests.integration.http.loop import Clock, eventually, on_loop, settled
from tests.integration.http.provider import Provider, Recorder, Upstream, make_call, make_pool, providing, reply

PATIENCE = Patience(connect_s=10.0, write_s=30.0, first_byte_s=20.0, idle_s=60.0)
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


async def timed_out(sink: Recorder, why: str) -> None:
    """The call fails, once, for the reason that is expected."""
    error = await sink.failed()
    assert isinstance(error, UpstreamTimeout)
    assert why in str(error)
    assert sink.endings == ["failure"]


async def dropped(upstream: Upstream) -> None:
    """The provider's end of the connection is closed."""
    while await upstream._more():
        upstream._read.clear()


class Silent:
    """A resolver that never answers."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """Waits."""
        del host, port
        await asyncio.Event().wait()
        return []


@on_loop
async def test_no_connection_in_time() -> None:
    clock = Clock()
    pool = make_pool(clock, resolver=Silent())
    sink = Recorder()
    pool.lane(Origin("http", "provider.test", 80)).send(make_call(sink, patience=Patience(connect_s=0.2)))
    await settled()
    clock.advance(0.19)
    await settled()
    assert not sink.is_done
    clock.advance(0.02)
    await timed_out(sink, "no connection in time")
    await eventually(lambda: pool.connections == 0)


@on_loop
async def test_a_host_that_accepts_nobody_is_no_connection_in_time() -> None:
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = full.getsockname()[1]
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
    pool = make_pool(Clock())
    sink = Recorder()
    pool.lane(Origin("http", "127.0.0.1", port)).send(make_call(sink, patience=Patience(connect_s=0.2)))
    await timed_out(sink, "no connection in time")
    assert pool.connections == 0
    for filler in (*fillers, full):
        filler.close()


@on_loop
async def test_no_free_connection_in_time() -> None:
    clock = Clock()
    async with providing(clock, connections=1) as (provider, lane):
        busy, waiting = Recorder(), Recorder()
        lane.send(make_call(busy, patience=PATIENCE))
        lane.send(make_call(waiting, patience=PATIENCE))
        upstream = await provider.connection()
        await upstream.request()
        clock.advance(10.1)
        await timed_out(waiting, "no connection in time")
        await upstream.reply(b"busy")
        assert await busy.ending() == "answer"


@on_loop
async def test_a_provider_that_does_not_read_the_request() -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, b"x" * 20_000_000, patience=PATIENCE))
        upstream = await provider.connection()
        await settled()
        clock.advance(29.9)
        await settled()
        assert not sink.is_done
        clock.advance(0.2)
        await timed_out(sink, "could not be sent within 30 s")
        await dropped(upstream)


@on_loop
async def test_the_wait_for_the_first_byte_begins_when_the_request_is_written() -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, b"x" * 20_000_000, patience=PATIENCE))
        upstream = await provider.connection()
        await settled()
        clock.advance(29)
        await upstream.request()
        await settled()
        clock.advance(19.9)
        await settled()
        assert not sink.is_done
        clock.advance(0.2)
        await timed_out(sink, "no answer within 20 s")


@on_loop
async def test_a_provider_that_never_answers() -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, patience=PATIENCE))
        upstream = await provider.connection()
        await upstream.request()
        clock.advance(19.9)
        await settled()
        assert not sink.is_done
        clock.advance(0.2)
        await timed_out(sink, "no answer within 20 s")
        await dropped(upstream)
        await eventually(lambda: lane.size == 0)


@on_loop
async def test_a_second_call_on_the_same_connection_has_deadlines_of_its_own() -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        first, second = Recorder(), Recorder()
        lane.send(make_call(first, patience=PATIENCE))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.reply(b"first")
        await first.ending()
        clock.advance(50)
        lane.send(make_call(second, patience=PATIENCE))
        await upstream.request()
        clock.advance(19.9)
        await settled()
        assert not second.is_done
        clock.advance(0.2)
        await timed_out(second, "no answer within 20 s")


@pytest.mark.parametrize("start", [b"HTTP/1.1 200", b"HTTP/1.1 100 Continue\r\n\r\n", reply(b"x" * 10)[:-3], STREAM])
@pytest.mark.parametrize("is_streamed", [False, True])
@on_loop
async def test_a_provider_that_falls_silent(start: bytes, is_streamed: bool) -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, patience=PATIENCE, is_streamed=is_streamed))
        upstream = await provider.connection()
        await upstream.request()
        clock.advance(19)
        await upstream.send(start)
        await settled()
        clock.advance(59.9)
        await settled()
        assert not sink.is_done
        clock.advance(0.2)
        await timed_out(sink, "nothing came for 60 s")
        await dropped(upstream)


@pytest.mark.parametrize("piece", [b"5\r\nhello\r\n", b"05\r\nhello\r\n"], ids=["fast path", "parser"])
@on_loop
async def test_every_piece_of_a_stream_is_waited_for_anew(piece: bytes) -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, patience=PATIENCE, is_streamed=True))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(STREAM)
        for turn in range(10):
            await sink.reaches(5 * (turn + 1))
            clock.advance(59)
            await upstream.send(piece)
        await eventually(lambda: len(sink.body) == 55)
        clock.advance(60.1)
        await timed_out(sink, "nothing came for 60 s")


@on_loop
async def test_an_idle_time_below_the_first_bytes_holds_from_the_first_byte_on() -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, patience=Patience(first_byte_s=300, idle_s=5), is_streamed=True))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(STREAM)
        await eventually(lambda: sink.body)
        clock.advance(4)
        await upstream.send(b"5\r\nhello\r\n")
        await eventually(lambda: len(sink.body) == 10)
        clock.advance(5.1)
        await timed_out(sink, "nothing came for 5 s")


@on_loop
async def test_no_deadline_of_a_phase_runs_while_the_caller_pauses() -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sink = Recorder()
        call = make_call(sink, patience=PATIENCE, is_streamed=True)
        lane.send(call)
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(STREAM)
        await eventually(lambda: sink.body)
        call.pause()
        clock.advance(3600)
        await settled()
        assert not sink.is_done
        call.resume()
        clock.advance(59.9)
        await settled()
        assert not sink.is_done
        clock.advance(0.2)
        await timed_out(sink, "nothing came for 60 s")


@pytest.mark.parametrize("phase", ["waiting", "unanswered", "streaming", "paused"])
@on_loop
async def test_the_whole_call_has_a_deadline_in_every_phase(phase: str) -> None:
    clock = Clock()
    patience = Patience(connect_s=1000, write_s=1000, first_byte_s=1000, idle_s=1000)
    async with providing(clock, connections=1) as (provider, lane):
        if phase == "waiting":
            lane.send(make_call(Recorder(), patience=patience))
        sink = Recorder()
        call = make_call(sink, patience=patience, is_streamed=True, expires=clock.now + 100)
        lane.send(call)
        upstream = await provider.connection()
        await upstream.request()
        if phase in {"streaming", "paused"}:
            await upstream.send(STREAM)
            await eventually(lambda: sink.body)
        if phase == "paused":
            call.pause()
        for turn in range(10):
            assert not sink.is_done
            clock.advance(9.99)
            if phase == "streaming":
                await upstream.send(b"5\r\nhello\r\n")
                await sink.reaches(5 * (turn + 2))
        clock.advance(0.2)
        await timed_out(sink, "the deadline passed")


@on_loop
async def test_a_resting_connection_is_closed_after_a_while() -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.reply(b"")
        await sink.ending()
        clock.advance(54.9)
        await settled()
        assert lane.size == 1
        clock.advance(0.2)
        await eventually(lambda: lane.size == 0)
        await dropped(upstream)


@on_loop
async def test_a_deadline_that_strikes_one_call_spares_the_others() -> None:
    clock = Clock()
    async with providing(clock) as (provider, lane):
        sinks = []
        for number in range(4):
            sinks.append(Recorder())
            lane.send(make_call(sinks[-1], patience=Patience(first_byte_s=10.0 + number)))
            await (await provider.connection()).request()
        for number in range(4):
            clock.advance(1 if number else 10.05)
            await timed_out(sinks[number], "no answer")
            assert [sink.is_done for sink in sinks] == [True] * (number + 1) + [False] * (3 - number)


@on_loop
async def test_whoever_fails_may_call_again_at_once() -> None:
    clock = Clock()
    provider = Provider()
    pool = make_pool(clock)
    lane = pool.lane(provider.origin)
    first, second = Recorder(), Recorder()
    first.on_step = lambda step: lane.send(make_call(second)) if step == "failure" else None
    lane.send(make_call(first, patience=PATIENCE))
    await (await provider.connection()).request()
    clock.advance(20.1)
    await first.failed()
    upstream = await provider.connection()
    await upstream.request()
    await upstream.reply(b"second")
    assert await second.ending() == "answer"
    pool.close()
    await eventually(lambda: pool.connections == 0)
    for each in provider.connections:
        each.close()
    provider.socket.close()
