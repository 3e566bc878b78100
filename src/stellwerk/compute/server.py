"""Takes jobs off the Unix socket, has them done, and answers. Whoever hangs up is not worked for any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import cast

from stellwerk.compute.pool import Pool, Task
from stellwerk.compute.ticket import Ticket
from stellwerk.core.job import FAILED, FULL, LATE, Asked, BadFrame, Done, Dropped, Undone, Unframer, frame, question
from stellwerk.ports.compute import JobFailure, Outcome

MOST_ASKERS = 512
LONGEST_S = 600.0
"""Longer than that no job is worked at, whatever its asker allows."""


class Server:
    """Everybody who asks, and the pool that works for them."""

    def __init__(self, pool: Pool, loop: asyncio.AbstractEventLoop, on_empty: Callable[[], None]) -> None:
        """``on_empty`` is called whenever the last asker has hung up."""
        self.pool = pool
        self.loop = loop
        self.askers: set[Asker] = set()
        self.bad_frames = 0
        self._on_empty = on_empty

    def asker(self) -> Asker:
        """The protocol of one connection."""
        return Asker(self)

    def leave(self, asker: Asker) -> None:
        """One has hung up."""
        self.askers.discard(asker)
        if not self.askers:
            self._on_empty()


class Asker(asyncio.Protocol):
    """One connection, and the jobs that were asked for over it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._unframer = Unframer()
        self._tasks: dict[int, tuple[Ticket, asyncio.TimerHandle]] = {}
        self._is_paused = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody wants to ask."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.askers.add(self)
        if len(self._server.askers) > MOST_ASKERS:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The asker has gone: nothing is done for it any more."""
        del exc
        for ticket, timer in self._tasks.values():
            ticket.is_dropped = True
            timer.cancel()
        self._tasks.clear()
        self._server.leave(self)

    def pause_writing(self) -> None:
        """Who does not read its answers is not heard any further."""
        self._is_paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It has read them."""
        self._is_paused = False
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Frames, or parts of them."""
        try:
            for content in self._unframer.feed(data):
                match question(content):
                    case Asked() as asked:
                        self._take(asked)
                    case Dropped(number):
                        self._forget(number)
        except BadFrame:
            self._server.bad_frames += 1
            self._transport.abort()

    def _take(self, asked: Asked) -> None:
        number, allowed_s = asked.number, min(max(asked.timeout_ms, 0) / 1e3, LONGEST_S)
        if number in self._tasks:
            raise BadFrame(f"the number {number} is taken")
        loop, ticket = self._server.loop, Ticket(time.monotonic() + allowed_s)
        self._tasks[number] = ticket, loop.call_later(allowed_s, self._be_late, number)
        if not self._server.pool.put(Task(asked.job, asked.payload, ticket, partial(self._done_in_thread, number))):
            self._answer(number, JobFailure(FULL, "too many jobs wait already"), 0)

    def _done_in_thread(self, number: int, task: Task, outcome: Outcome | None, took_us: int) -> None:
        if outcome is not None and not task.ticket.is_dropped:
            self._server.loop.call_soon_threadsafe(self._answer_for, number, task.ticket, outcome, took_us)

    def _answer_for(self, number: int, ticket: Ticket, outcome: Outcome, took_us: int) -> None:
        if not ticket.is_dropped:  # else the number may be another job's by now
            self._answer(number, outcome, took_us)

    def _be_late(self, number: int) -> None:
        self._answer(number, JobFailure(LATE, "it was not done in time"), 0)

    def _answer(self, number: int, outcome: Outcome, took_us: int) -> None:
        self._forget(number)
        waiting = self._server.pool.waiting
        if isinstance(outcome, JobFailure):
            self._transport.write(frame(Undone(number, outcome.code, outcome.reason, waiting)))
            return
        try:
            told = frame(Done(number, outcome, took_us, waiting))
        except BadFrame as error:
            told = frame(Undone(number, FAILED, str(error), waiting))
        self._transport.write(told)

    def _forget(self, number: int) -> None:
        found = self._tasks.pop(number, None)
        if found is not None:
            ticket, timer = found
            ticket.is_dropped = True
            timer.cancel()
