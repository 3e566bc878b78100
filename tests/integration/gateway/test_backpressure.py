"""Callers that read slowly: the provider is slowed down, memory stays bounded, and nothing is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, raw
from tests.integration.gateway.kit import Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import DONE, FINISH, LAST_CHUNK, ROLE, STREAM_HEAD, Act, chunk, said
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import Upstream

FLOOD_BYTES = 24 * 2**20
IN_KERNEL_BYTES = 14 * 2**20
"""What the sockets of both connections may hold together on this machine, generously."""
HELD_BYTES = 2**20
"""What the gateway itself may hold for a reader that stalls."""


class Flood:
    """An act that streams as fast as it is let, and counts."""

    def __init__(self, event: bytes) -> None:
        self.event = event
        self.count = FLOOD_BYTES // len(event)
        self.sent = 0
        self.is_done = False

    async def __call__(self, upstream: Upstream) -> None:
        """Streams."""
        framed = chunk(self.event)
        await upstream.send(STREAM_HEAD + chunk(ROLE))
        for _ in range(self.count):
            await upstream.send(framed)
            self.sent += len(self.event)
        await upstream.send(chunk(FINISH) + chunk(DONE) + LAST_CHUNK)
        self.is_done = True

    async def stalls(self) -> None:
        """Waits until nothing more is taken from it."""
        while True:
            before = self.sent
            await settled(400)
            if before == self.sent:
                return


def held(gateway: Gateway) -> int:
    """Bytes that the gateway keeps for its callers."""
    return sum(one.transport.get_write_buffer_size() for one in gateway.parts.front._connections)


@pytest.mark.parametrize("size", [300, 3_000, 60_000], ids=["small", "medium", "large"])
@on_loop
async def test_a_reader_that_stalls_stops_the_provider_and_then_gets_everything(tmp_path: Path, size: int) -> None:
    flood = Flood(said("x" * size))
    act: Act = flood
    async with scripted(tmp_path, act) as (gateway, _), raw(gateway, receive_buffer=16_384) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: flood.sent)
        await flood.stalls()
        assert not flood.is_done
        assert flood.sent < IN_KERNEL_BYTES
        assert held(gateway) < HELD_BYTES
        gateway.advance(100)
        await settled()
        assert not gateway.events
        answer = await caller.answer(to=b"POST")
        assert len(answer.body) == len(ROLE) + flood.count * len(flood.event) + len(FINISH + DONE)
        assert answer.body.endswith(flood.event + FINISH + DONE)
        event = await gateway.event()
        assert (event.outcome, event.reply_bytes) == ("complete", len(answer.body))


@on_loop
async def test_a_reader_that_stalls_for_too_long_is_given_up_with_its_provider(tmp_path: Path) -> None:
    flood = Flood(said("x" * 3_000))
    async with scripted(tmp_path, flood) as (gateway, upstream), raw(gateway, receive_buffer=16_384) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: flood.sent)
        await flood.stalls()
        gateway.advance(121)
        event = await gateway.event()
        assert (event.outcome, event.status) == ("cancelled", 200)
        await eventually(lambda: upstream.departed)
        assert not flood.is_done


@on_loop
async def test_a_reader_that_leaves_while_it_stalls_ends_the_work(tmp_path: Path) -> None:
    flood = Flood(said("x" * 3_000))
    async with scripted(tmp_path, flood) as (gateway, upstream), raw(gateway, receive_buffer=16_384) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: flood.sent)
        await flood.stalls()
        caller.reset()
        assert (await gateway.event()).outcome == "cancelled"
        await eventually(lambda: upstream.departed)


@on_loop
async def test_a_slow_reader_does_not_slow_others(tmp_path: Path) -> None:
    floods = [Flood(said("x" * 30_000)) for _ in range(2)]
    async with (
        scripted(tmp_path, *floods) as (gateway, _),
        raw(gateway, receive_buffer=16_384) as slow,
        raw(gateway) as quick,
    ):
        await slow.ask(asking(stream=True))
        await eventually(lambda: floods[0].sent)
        await floods[0].stalls()
        async with asyncio.timeout(8):
            await quick.ask(asking(stream=True))
            answer = await quick.answer(to=b"POST")
        assert answer.body.endswith(DONE)
        slow.reset()
        await gateway.event(2)


@on_loop
async def test_a_large_whole_reply_waits_for_a_slow_reader(tmp_path: Path) -> None:
    body = b'{"choices":[],"x":"' + b"x" * 8 * 2**20 + b'"}'

    async def act(upstream: Upstream) -> None:
        await upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with scripted(tmp_path, act) as (gateway, _), raw(gateway, receive_buffer=16_384) as caller:
        await caller.ask(asking())
        await gateway.event()
        await settled()
        assert (await caller.answer(to=b"POST")).body == body
