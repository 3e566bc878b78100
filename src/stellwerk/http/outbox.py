"""What is written in one turn of the event loop, sent together at its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sized
from typing import NamedTuple

MOST_WRITES = 64
"""So many are not collected: whoever writes without end has to hear in time that his reader is slow."""
LARGE_BYTES = 16_384
"""A write of this size is sent at once, behind what was collected."""


class Outlet(NamedTuple):
    """A way to write that does not wait for the turn's end: for single, urgent pieces.

    The parts of ``emit`` are here for those to whom one call more is too much.
    """

    write: Callable[[bytes], None]
    """Puts a piece behind everything else."""
    pending: Sized
    """Not empty: other writes come first."""
    descriptor: int
    is_closing: Callable[[], bool]
    queued: Callable[[], int]
    """Bytes that wait in the transport."""
    spill: Callable[[bytes], None]
    """Takes what the kernel has left."""

    def emit(self, data: bytes) -> None:
        """Writes at once where nothing is to be written before, else in order."""
        if self.pending or self.is_closing() or self.queued():
            self.write(data)
            return
        try:
            sent = os.write(self.descriptor, data)
        except OSError:  # full, or broken: whoever writes next finds out which
            self.write(data)
        else:
            if sent != len(data):
                self.spill(data[sent:])


class Outbox:
    """Collects the writes of many plain connections and sends them one after the other, straight to their sockets.

    Sending wakes whoever reads at the other end, and a reader that is woken for one message and goes to sleep again
    before the next costs more than the message. The event loop's own queue would cost as much again for each piece.
    Every write on a connection has to come here: order is kept among them, and what the kernel does not take waits in
    the transport, with every write behind it, so that backpressure is the transport's as ever.
    """

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending: list[tuple[asyncio.Transport, int, bytes]] = []

    def writer(self, transport: asyncio.Transport) -> Callable[[bytes], None]:
        """The one way to write on a connection of the running loop.

        An encrypted connection, or a transport without a socket, has only its own.
        """
        plain = transport.get_extra_info("socket")
        if plain is None or transport.get_extra_info("sslcontext") is not None:
            return transport.write
        descriptor: int = plain.fileno()
        pending, flush, call_soon = self._pending, self.flush, asyncio.get_running_loop().call_soon

        def write(data: bytes) -> None:
            if not pending:
                call_soon(flush)
            pending.append((transport, descriptor, data))
            if len(pending) >= MOST_WRITES or len(data) >= LARGE_BYTES:
                flush()

        return write

    def outlet(self, transport: asyncio.Transport) -> Outlet:
        """A way to write single, urgent pieces on a connection, in order with what ``writer`` writes there."""
        plain = transport.get_extra_info("socket")
        if plain is None or transport.get_extra_info("sslcontext") is not None:
            return Outlet(transport.write, _ALWAYS, -1, transport.is_closing, _none, transport.write)
        descriptor: int = plain.fileno()
        queued = transport.get_write_buffer_size
        return Outlet(self.writer(transport), self._pending, descriptor, transport.is_closing, queued, transport.write)

    def flush(self) -> None:
        """Sends everything now. To be called before a connection is closed, or its silence judged."""
        pending = self._pending
        try:
            for transport, descriptor, data in pending:
                if transport.is_closing():  # the descriptor may be somebody else's already
                    continue
                left = data
                if not transport.get_write_buffer_size():
                    try:
                        sent = os.write(descriptor, data)
                    except BlockingIOError:
                        sent = 0
                    except OSError:
                        transport.abort()
                        continue
                    if sent == len(data):
                        continue
                    left = data[sent:]
                transport.write(left)
        finally:
            pending.clear()


_ALWAYS = (None,)


def _none() -> int:
    return 0
