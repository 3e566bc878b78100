"""The queue of a lane: bounded, first come first served, and every answer to whoever asked for it."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from stellwerk.core.wire import Origin
from stellwerk.errors import UpstreamUnavailable
from stellwerk.http.call import Call
from stellwerk.http.pool import Lane
from tests.integration.http.application import listener
from tests.integration.http.loop import Clock, eventually, on_loop, settled
from tests.integration.http.provider import Recorder, make_call, make_pool, providing, reply


@on_loop
async def test_no_more_connections_are_opened_than_allowed_and_calls_keep_their_order() -> None:
    async with providing(connections=2) as (provider, lane):
        sinks = [Recorder() for _ in range(10)]
        order: list[int] = []
        for number, sink in enumerate(sinks):
            sink.on_step = lambda step, number=number: order.append(number) if step == "answer" else None  # type: ignore[misc]
            lane.send(make_call(sink, path=b"/%d" % number))
        upstreams = [await provider.connection(), await provider.connection()]
        await settled()
        assert (lane.size, provider.has_waiting_connection) == (2, False)
        for number, sink in enumerate(sinks):
            upstream = upstreams[number % 2]
            assert (await upstream.request()).startswith(b"POST /%d " % number)
            await upstream.reply(b"%d" % number)
            assert await sink.ending() == "answer"
            assert sink.body == b"%d" % number
        assert order == list(range(10))


@on_loop
async def test_a_new_call_does_not_overtake_those_that_wait() -> None:
    async with providing(connections=1) as (provider, lane):
        sinks = [Recorder() for _ in range(3)]
        late = Recorder()
        sinks[0].on_step = lambda step: lane.send(make_call(late, path=b"/late")) if step == "answer" else None
        for number, sink in enumerate(sinks):
            lane.send(make_call(sink, path=b"/%d" % number))
        upstream = await provider.connection()
        for path in (b"/0", b"/1", b"/2", b"/late"):
            assert (await upstream.request()).startswith(b"POST %b " % path)
            await upstream.reply(b"")
        assert await late.ending() == "answer"


@on_loop
async def test_a_call_that_was_withdrawn_is_never_sent() -> None:
    async with providing(connections=1) as (provider, lane):
        sinks = [Recorder() for _ in range(4)]
        calls = [make_call(sink, path=b"/%d" % number) for number, sink in enumerate(sinks)]
        for call in calls:
            lane.send(call)
        upstream = await provider.connection()
        assert (await upstream.request()).startswith(b"POST /0 ")
        calls[1].cancel()
        calls[1].cancel()
        calls[3].cancel()
        await upstream.reply(b"")
        assert (await upstream.request()).startswith(b"POST /2 ")
        await upstream.reply(b"")
        await sinks[2].ending()
        await settled()
        assert upstream.is_silent
        assert [sink.endings for sink in sinks] == [["answer"], [], ["answer"], []]


@on_loop
async def test_a_connection_opened_for_a_call_that_was_withdrawn_rests_for_the_next() -> None:
    async with providing() as (provider, lane):
        call = make_call(Recorder(), path=b"/withdrawn")
        lane.send(call)
        call.cancel()
        upstream = await provider.connection()
        await settled()
        sink = Recorder()
        lane.send(make_call(sink, path=b"/next"))
        assert (await upstream.request()).startswith(b"POST /next ")
        await upstream.reply(b"")
        assert await sink.ending() == "answer"
        assert lane.size == 1


@on_loop
async def test_a_connection_that_is_lost_or_cancelled_makes_room_for_those_that_wait() -> None:
    async with providing(connections=1) as (provider, lane):
        sinks = [Recorder() for _ in range(3)]
        calls = [make_call(sink, path=b"/%d" % number) for number, sink in enumerate(sinks)]
        for call in calls:
            lane.send(call)
        first = await provider.connection()
        await first.request()
        first.reset()
        await sinks[0].failed()
        second = await provider.connection()
        assert (await second.request()).startswith(b"POST /1 ")
        calls[1].cancel()
        third = await provider.connection()
        assert (await third.request()).startswith(b"POST /2 ")
        await third.reply(b"")
        assert await sinks[2].ending() == "answer"


@on_loop
async def test_every_call_to_a_dead_provider_fails() -> None:
    async with providing(connections=2) as (provider, lane):
        provider.socket.close()
        sinks = [Recorder() for _ in range(7)]
        for sink in sinks:
            lane.send(make_call(sink))
        for sink in sinks:
            assert isinstance(await sink.failed(), UpstreamUnavailable)
        assert lane.size == 0


@on_loop
async def test_origins_have_lanes_of_their_own_with_bounds_of_their_own() -> None:
    pool = make_pool(Clock(), connections=1)
    async with providing() as (one, _), providing() as (other, _):
        assert pool.lane(one.origin) is pool.lane(one.origin)
        assert pool.lane(one.origin) is not pool.lane(other.origin)
        sinks = [Recorder(), Recorder()]
        for provider, sink in zip((one, other), sinks, strict=True):
            pool.lane(provider.origin).send(make_call(sink))
            upstream = await provider.connection()
            await upstream.request()
            await upstream.reply(b"")
            assert await sink.ending() == "answer"
        assert pool.connections == 2
        pool.close()
        await eventually(lambda: pool.connections == 0)


@on_loop
async def test_a_closed_pool_lets_calls_end_and_keeps_no_connection() -> None:
    clock = Clock()
    async with providing() as (provider, _):
        pool = make_pool(clock)
        lane = pool.lane(provider.origin)
        resting, running = Recorder(), Recorder()
        lane.send(make_call(resting))
        lane.send(make_call(running))
        upstreams = [await provider.connection(), await provider.connection()]
        for upstream in upstreams:
            await upstream.request()
        await upstreams[0].reply(b"")
        await resting.ending()
        pool.close()
        assert await upstreams[0].rest() == b""
        await upstreams[1].reply(b"whole")
        assert await running.ending() == "answer"
        assert running.body == b"whole"
        await eventually(lambda: pool.connections == 0)


class Marking(asyncio.Protocol):
    """A provider that answers each request with the mark in its path, in ever new pieces and framings."""

    def __init__(self, seeded: random.Random) -> None:
        self._random = seeded
        self._read = bytearray()
        self._is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answers, and insists on one request at a time."""
        assert not self._is_busy
        self._read += data
        if self._read.endswith(b"\r\n\r\n"):
            self._is_busy = True
            mark = bytes(self._read).split(b" ", 2)[1]
            self._read.clear()
            self._send(self._answer(mark))

    def _answer(self, mark: bytes) -> list[bytes]:
        kind = self._random.randrange(4)
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(mark), mark) for _ in range(3)) + b"0\r\n\r\n"
        if kind == 0:
            whole = reply(mark * 3)
        elif kind == 1:
            whole = reply(mark * 3, b"Connection: close")
        else:
            whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        cuts = sorted(self._random.sample(range(1, len(whole)), self._random.randrange(4)))
        return [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    def _send(self, pieces: list[bytes]) -> None:
        if self._transport.is_closing():
            return
        if len(pieces) == 1:
            self._is_busy = False
        self._transport.write(pieces[0])
        if len(pieces) > 1:
            asyncio.get_running_loop().call_soon(self._send, pieces[1:])
        elif self._random.randrange(20) == 0:
            self._transport.close()


class Marked(Recorder):
    """A call with a mark that may be cancelled at a step of its way."""

    def __init__(self, lane: Lane, number: int, seeded: random.Random) -> None:
        super().__init__(streams=seeded.random() < 0.8)
        self.mark = b"/mark/%d/" % number
        self.call: Call = make_call(self, path=self.mark, is_streamed=seeded.random() < 0.7)
        self.is_cancelled = False
        self._cancel_at = seeded.choice(["never"] * 4 + ["waiting", "head", "body", "chunk"])
        self.on_step = self._cancel_perhaps
        lane.send(self.call)
        if self._cancel_at == "waiting":
            asyncio.get_running_loop().call_later(seeded.random() * 0.02, self._cancel)

    def _cancel_perhaps(self, step: str) -> None:
        assert not self.is_cancelled
        if step == self._cancel_at:
            self._cancel()

    def _cancel(self) -> None:
        if not self.endings:
            self.is_cancelled = True
            self.call.cancel()


@asynccontextmanager
async def marking(seeded: random.Random) -> AsyncIterator[Lane]:
    """A lane to a provider that marks its answers."""
    bound = listener()
    pool = make_pool(Clock(), connections=8)
    server = await asyncio.get_running_loop().create_server(lambda: Marking(seeded), sock=bound)
    lane = pool.lane(Origin("http", "127.0.0.1", bound.getsockname()[1]))
    try:
        yield lane
    finally:
        server.close()
        pool.close()
        for connection in list(lane._members):
            connection.transport.abort()


@pytest.mark.parametrize("seed", [1, 2])
@on_loop
async def test_among_thousands_of_calls_and_cancellations_every_answer_finds_its_own(seed: int) -> None:
    seeded = random.Random(seed)
    marked: list[Marked] = []
    async with marking(seeded) as lane:
        for _ in range(20):
            marked += [Marked(lane, len(marked) + number, seeded) for number in range(100)]
            await settled(seeded.randrange(30))
            assert lane.size <= 8
        await eventually(lambda: all(each.endings or each.is_cancelled for each in marked), within_s=15)
    for each in marked:
        assert len(each.endings) == (0 if each.is_cancelled else 1), each.endings
        if each.is_cancelled:
            assert (each.mark * 3).startswith(each.body)
        elif each.failure is None:
            assert each.body == each.mark * 3
    # A connection that the provider closes at the wrong moment twice in a row may cost a call, never an answer.
    assert sum(each.failure is not None for each in marked) < 20
    assert sum(each.is_cancelled for each in marked) > 200
    await eventually(lambda: lane.size == 0)


@on_loop
async def test_a_call_that_is_sent_alone_has_a_connection_that_ends_with_it() -> None:
    async with providing() as (provider, lane):
        pool, sinks = lane._pool, (Recorder(), Recorder())
        lane.send(make_call(sinks[0]))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.reply(b"rests")
        assert await sinks[0].ending() == "answer"
        pool.send_alone(make_call(sinks[1]), provider.origin)
        upstream = await provider.connection()
        await upstream.request()
        assert pool.connections == 2
        await upstream.reply(b"whole")
        assert await sinks[1].ending() == "answer"
        await eventually(lambda: pool.connections == lane.size == 1)
        await settled()
        gc.collect()
        assert list(pool._lanes) == [lane]


@on_loop
async def test_a_call_that_was_to_be_sent_alone_and_is_given_up_while_it_connects_leaves_nothing() -> None:
    async with providing() as (provider, lane):
        pool, call = lane._pool, make_call(Recorder())
        pool.send_alone(call, provider.origin)
        call.cancel()
        assert pool.connections == 1
        upstream = await provider.connection()
        await eventually(lambda: pool.connections == 0)
        await settled()
        gc.collect()
        assert list(pool._lanes) == [lane]
        upstream.close()


@on_loop
async def test_a_lane_that_nobody_holds_is_forgotten_with_its_last_connection() -> None:
    async with providing() as (provider, lane):
        pool, sink = lane._pool, Recorder()
        lane.send(make_call(sink))
        del lane
        upstream = await provider.connection()
        await upstream.request()
        await upstream.reply(b"whole")
        assert await sink.ending() == "answer"
        assert len(pool._lanes) == 1
        upstream.close()
        await eventually(lambda: pool.connections == 0)
        await settled()
        gc.collect()
        assert not pool._lanes
