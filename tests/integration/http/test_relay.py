"""From end to end: a slow caller slows the provider down, a caller that goes takes the provider's connection along."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.http.application import serving
from tests.integration.http.caller import calling, get, post
from tests.integration.http.loop import Clock, eventually, on_loop, settled
from tests.integration.http.provider import Provider, Upstream, make_pool
from tests.integration.http.relay import Relay

ROOT = Path(__file__).parents[3]
SOON_S = 0.1
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
STALL_S = 0.3
MEGABYTE = 1_048_576
BLOCK = bytes(range(256)) * 120
"""30 KB: with 1,500 of them the stream has 46 MB."""
CHUNK = b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK)
BLOCKS = 1500


@contextlib.asynccontextmanager
async def relaying() -> AsyncIterator[tuple[Provider, int]]:
    """A provider and the port of a relay to it, all in this process."""
    clock = Clock()
    provider = Provider()
    pool = make_pool(clock)
    async with serving(Relay(pool.lane(provider.origin)), clock) as (_, port):
        yield provider, port
    pool.close()
    for upstream in provider.connections:
        upstream.close()
    provider.socket.close()
    await eventually(lambda: pool.connections == 0)


@on_loop
async def test_a_request_and_its_answer_pass_with_their_own_fields_only() -> None:
    async with relaying() as (provider, port), calling(port) as caller:
        await caller.send(
            post(
                b"/v1?x=y",
                b"body",
                b"Connection: keep-alive, X-Hop",
                b"X-Hop: 1",
                b"Keep-Alive: 300",
                b"Proxy-Authorization: Basic x",
                b"Proxy-Connection: keep-alive",
                b"TE: trailers",
                b"Trailer: X-Late",
                b"X-End: 1",
            )
        )
        upstream = await provider.connection()
        head, _, body = (await upstream.request()).partition(b"\r\n\r\n")
        assert head.split(b"\r\n") == [
            b"POST /v1 HTTP/1.1",
            b"host: provider",
            b"host: front",
            b"x-end: 1",
            b"content-length: 4",
        ]
        assert body == b"body"
        await upstream.reply(
            b"answer",
            b"Connection: X-Hop",
            b"X-Hop: 1",
            b"Keep-Alive: timeout=5",
            b"Proxy-Authenticate: Basic",
            b"X-End: 2",
        )
        answer = await caller.answer()
        assert answer.body == b"answer"
        assert {name for name, _ in answer.fields} == {b"x-end", b"date", b"content-length"}


@pytest.mark.parametrize("departure", ["close", "end", "reset"])
@pytest.mark.parametrize("behind", [b"", get(b"/next")], ids=["", "pipelined"])
@pytest.mark.parametrize("has_begun", [False, True])
@on_loop
async def test_the_provider_sees_at_once_that_the_caller_went(departure: str, behind: bytes, has_begun: bool) -> None:
    delays = []
    async with relaying() as (provider, port):
        for _ in range(5):
            async with calling(port) as caller:
                await caller.send(get(b"/stream"))
                upstream = await provider.connection()
                await upstream.request()
                if has_begun:
                    await upstream.send(CHUNKED + b"5\r\nhello\r\n")
                    await caller.at_least(10)
                if behind:
                    await caller.send(behind)
                left_at = time.monotonic()
                getattr(caller, departure)()
                assert await upstream.rest() == b""
                delays.append(time.monotonic() - left_at)
    assert statistics.median(delays) < SOON_S


@on_loop
async def test_an_answer_that_breaks_off_breaks_off_for_the_caller_too() -> None:
    async with relaying() as (provider, port), calling(port) as caller:
        await caller.send(get(b"/stream"))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(CHUNKED + b"5\r\nhello\r\n")
        await settled()
        upstream.reset()
        with pytest.raises(EOFError):
            await caller.answer()


@on_loop
async def test_no_answer_is_a_502() -> None:
    async with relaying() as (provider, port), calling(port) as caller:
        await caller.send(get(b"/"))
        upstream = await provider.connection()
        await upstream.request()
        upstream.end()
        assert (await caller.answer()).status == 502


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@on_loop
async def test_a_stream_stays_whole_however_it_is_cut(version: bytes) -> None:
    chunks = [bytes([65 + size % 26]) * size for size in (1, 2, 15, 16, 17, 255, 256, 257, 4095, 4096, 5000)]
    whole = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    async with relaying() as (provider, port):
        for step in (1, 7, 100, 1000, len(whole)):
            async with calling(port) as caller:
                await caller.send(get(b"/stream").replace(b"HTTP/1.1", version))
                upstream = provider.connections[0] if provider.connections else await provider.connection()
                await upstream.request()
                for start in range(0, len(whole), step):
                    await upstream.send(whole[start : start + step])
                    await asyncio.sleep(0)
                assert (await caller.answer()).body == b"".join(chunks)


@on_loop
async def test_a_stalled_reader_costs_no_memory_and_loses_nothing() -> None:
    provider = Provider()
    async with _relay_process(provider.port) as (pid, port):
        await _warm(provider, port)
        before = _resident(pid)
        async with calling(port) as caller:
            await caller.send(get(b"/stream"))
            upstream = await provider.connection()
            await upstream.request()
            flood = Flood(upstream)
            await flood.stands_still()
            assert 0 < flood.sent < BLOCKS
            added = _resident(pid) - before
            assert added <= MEGABYTE, f"{added / MEGABYTE:.2f} MB"
            answer = await caller.answer()
            assert answer.body == BLOCK * BLOCKS
            await flood.task
            assert _resident(pid) - before <= 2 * MEGABYTE
    for each in provider.connections:
        each.close()
    provider.socket.close()


class Flood:
    """Sends a stream as fast as the other end takes it."""

    def __init__(self, upstream: Upstream) -> None:
        self.sent = 0
        self._upstream = upstream
        self.task = asyncio.create_task(self._send())

    async def stands_still(self) -> None:
        """Waits until nothing more is taken."""
        before = -1
        while self.sent > before:
            before = self.sent
            await asyncio.wait([self.task], timeout=STALL_S)
        assert not self.task.done()

    async def _send(self) -> None:
        await self._upstream.send(CHUNKED)
        for _ in range(BLOCKS):
            await self._upstream.send(CHUNK)
            self.sent += 1
        await self._upstream.send(b"0\r\n\r\n")


@contextlib.asynccontextmanager
async def _relay_process(provider: int) -> AsyncIterator[tuple[int, int]]:
    """A relay in a process of its own: its process id and its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        Path(__file__).with_name("relay.py"),
        str(provider),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


async def _warm(provider: Provider, port: int) -> None:
    """Lets the relay touch once all the memory that a stream takes."""
    async with calling(port) as caller:
        for _ in range(20):
            await caller.send(get(b"/stream"))
            upstream = provider.connections[0] if provider.connections else await provider.connection()
            await upstream.request()
            await upstream.send(CHUNKED + CHUNK * 10 + b"0\r\n\r\n")
            assert (await caller.answer()).body == BLOCK * 10
    provider.connections.pop().close()


def _resident(pid: int) -> int:
    """Resident memory of a process in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
