"""Writes of one turn, sent at its end: order is kept, nothing is lost, nothing goes where it should not."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from stellwerk.http.outbox import LARGE_BYTES, MOST_WRITES, Outbox
from tests.integration.http.loop import eventually, on_loop


class Ended(asyncio.Protocol):
    """A protocol that knows whether its connection has ended."""

    def __init__(self) -> None:
        self.is_lost = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Remembers."""
        del exc
        self.is_lost = True


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.Transport, socket.socket, Ended]]:
    """A transport and the socket at its other end."""
    listening = socket.create_server(("127.0.0.1", 0))
    other = socket.create_connection(listening.getsockname())
    accepted, _ = listening.accept()
    listening.close()
    accepted.setblocking(False)
    other.setblocking(False)
    transport, protocol = await asyncio.get_running_loop().connect_accepted_socket(Ended, accepted)
    with other:
        yield transport, other, protocol
        transport.abort()
        await eventually(lambda: protocol.is_lost)


async def read(other: socket.socket, size: int) -> bytes:
    """Exactly so many bytes."""
    received = bytearray()
    while len(received) < size:
        received += await asyncio.get_running_loop().sock_recv(other, 1 << 20)
    return bytes(received)


@on_loop
async def test_what_is_written_in_a_turn_is_sent_at_its_end_in_order() -> None:
    outbox = Outbox()
    async with connected() as (transport, other, _), connected() as (second, another, _):
        write, write_second = outbox.writer(transport), outbox.writer(second)
        write(b"one ")
        write_second(b"first")
        write(b"two")
        with pytest.raises(BlockingIOError):
            other.recv(100)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (other.recv(100), another.recv(100)) == (b"one two", b"first")


@on_loop
async def test_who_must_not_wait_for_the_turn_to_end_flushes() -> None:
    outbox = Outbox()
    async with connected() as (transport, other, _):
        outbox.writer(transport)(b"at once")
        outbox.flush()
        assert other.recv(100) == b"at once"


@on_loop
async def test_what_the_kernel_does_not_take_waits_its_turn_and_later_writes_behind_it() -> None:
    outbox = Outbox()
    async with connected() as (transport, other, _):
        write = outbox.writer(transport)
        pieces = [bytes([65 + number % 26]) * 100_001 for number in range(200)]
        for number, piece in enumerate(pieces):
            write(piece)
            if number % 7 == 0:
                await asyncio.sleep(0)
        outbox.flush()
        assert transport.get_write_buffer_size() > 0
        assert await read(other, 200 * 100_001) == b"".join(pieces)


@on_loop
async def test_a_broken_connection_is_ended_and_raises_nothing() -> None:
    outbox = Outbox()
    async with connected() as (transport, other, protocol):
        write = outbox.writer(transport)
        other.close()
        while not transport.is_closing():
            write(b"x" * 1000)
            await asyncio.sleep(0)
        write(b"more")
        await eventually(lambda: protocol.is_lost)


@on_loop
async def test_nothing_is_written_to_whoever_has_the_descriptor_next() -> None:
    outbox = Outbox()
    async with connected() as (transport, _, protocol):
        write = outbox.writer(transport)
        descriptor = transport.get_extra_info("socket").fileno()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            transport.abort()
            await eventually(lambda: protocol.is_lost)
            os.dup2(theirs.fileno(), descriptor)
            write(b"stray")
            outbox.flush()
            with pytest.raises(BlockingIOError):
                ours.recv(100)
            os.close(descriptor)


@on_loop
@pytest.mark.parametrize(("size", "writes"), [(LARGE_BYTES, 1), (10, MOST_WRITES)])
async def test_who_writes_much_in_one_turn_is_not_kept_waiting(size: int, writes: int) -> None:
    outbox = Outbox()
    async with connected() as (transport, other, _):
        write = outbox.writer(transport)
        for _ in range(writes):
            write(b"x" * size)
        other.settimeout(5)  # the loop does not turn while this waits
        left = size * writes
        while left:
            left -= len(other.recv(left))


@on_loop
async def test_the_hasty_way_sends_at_once_but_never_past_what_was_written_before() -> None:
    outbox = Outbox()
    async with connected() as (transport, other, _):
        write, hasty = outbox.writer(transport), outbox.outlet(transport).emit
        hasty(b"at once, ")
        assert other.recv(100) == b"at once, "
        write(b"first, ")
        hasty(b"second")
        outbox.flush()
        assert await read(other, 13) == b"first, second"


@on_loop
async def test_the_hasty_way_leaves_to_the_transport_what_the_kernel_does_not_take() -> None:
    outbox = Outbox()
    async with connected() as (transport, other, _):
        hasty = outbox.outlet(transport).emit
        pieces = [bytes([65 + number % 26]) * 10_001 for number in range(2_000)]
        for piece in pieces:
            hasty(piece)
        outbox.flush()
        assert transport.get_write_buffer_size() > 0
        assert await read(other, 2_000 * 10_001) == b"".join(pieces)


@on_loop
async def test_the_hasty_way_ends_a_broken_connection_and_raises_nothing() -> None:
    outbox = Outbox()
    async with connected() as (transport, other, protocol):
        hasty = outbox.outlet(transport).emit
        other.close()
        while not transport.is_closing():
            hasty(b"x" * 1000)
            await asyncio.sleep(0)
        hasty(b"more")
        outbox.flush()
        await eventually(lambda: protocol.is_lost)
