"""A worker's line to the compute process of its host.

It is kept open once somebody has a use for it, and opened again with growing pauses while nobody answers there. As long
as it is closed, asking fails at once; when it breaks, all who wait are told. Nothing is asked twice by itself.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import msgspec

from stellwerk.core.backoff import full_jitter
from stellwerk.core.job import AWAY, LATE, Asked, BadFrame, Done, Dropped, Unframer, answer, frame
from stellwerk.ports.compute import ComputeUnavailable, JobFailure, Outcome
from stellwerk.ports.provider import Counting, Provider
from stellwerk.supervisor.log import Log

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
MOST_WAITING = 64
"""Jobs that one worker waits for at the same time."""
MOST_WAITING_BYTES = 33_554_432


LIBRARY = "quicktok"
"""What the compute process counts with, where it is installed."""


def has_use(providers: Iterable[Provider]) -> bool:
    """Whether there is something that only the compute process can count."""
    return any(not isinstance(each, Counting) for each in providers) and find_spec(LIBRARY) is not None


class Tally(msgspec.Struct):
    """What a worker has asked of the compute process, and what came of it."""

    done: int = 0
    undone: int = 0
    """Jobs that failed, were late, or had no room."""
    refused: int = 0
    """Jobs that could not be asked for, or were lost with the process."""
    took_us: int = 0
    """The work of all that were done."""
    waiting: int = 0
    """How many jobs of everybody were waiting when the last answer came."""


class _Job:
    """One job that an answer is awaited for."""

    __slots__ = ("_line", "done", "number", "size", "timer")

    def __init__(self, line: ComputeLine, number: int, size: int, done: Callable[[Outcome], None]) -> None:
        self._line = line
        self.number = number
        self.size = size
        self.done = done
        self.timer: asyncio.TimerHandle

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._line.drop(self)


class ComputeLine:
    """The compute process as this worker sees it: a ``ports.compute.Compute``."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop, log: Log) -> None:
        """``path`` is that of the process's socket; nothing is opened before ``open``."""
        self.tally = Tally()
        self._path = path
        self._loop = loop
        self._log = log
        self._connecting: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._jobs: dict[int, _Job] = {}
        self._bytes = 0
        self._number = 0
        self._tries = 0
        """How often the line was opened since the last answer came over it."""
        self._is_closed = False

    @property
    def is_open(self) -> bool:
        """Whether somebody can be asked at the moment."""
        return self._transport is not None

    def open(self) -> None:
        """Opens the line as soon as somebody answers there, now and whenever it breaks."""
        if self._transport is None and self._connecting is None and not self._is_closed:
            self._connecting = self._loop.create_task(self._connect())

    def close(self) -> None:
        """Hangs up for good: who still waits is told."""
        self._is_closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()

    def ask(self, job: str, payload: bytes, timeout_s: float, done: Callable[[Outcome], None]) -> _Job:
        """Asks for a job; see the port. Raises ``ComputeUnavailable``."""
        told, why = b"", self._refusal(len(payload))
        number = self._number = self._number + 1
        if not why:
            try:
                told = frame(Asked(number, job, payload, int(timeout_s * 1e3)))
            except BadFrame as error:
                why = str(error)
        if why or self._transport is None:
            self.tally.refused += 1
            raise ComputeUnavailable(why)
        asked = self._jobs[number] = _Job(self, number, len(payload), done)
        asked.timer = self._loop.call_later(timeout_s, self._be_late, asked)
        self._bytes += asked.size
        self._transport.write(told)
        return asked

    def drop(self, asked: _Job) -> None:
        """Forgets a job, and lets the process forget it."""
        if self._take(asked.number) is not None and self._transport is not None:
            self._transport.write(frame(Dropped(asked.number)))

    # -- what the line says

    def opened(self, transport: asyncio.Transport) -> None:
        """Somebody answers."""
        self._transport = transport
        self._log.info("compute_connected")

    def broke(self) -> None:
        """Nobody answers any more."""
        self._transport = None
        jobs, self._jobs, self._bytes = self._jobs, {}, 0
        self.tally.refused += len(jobs)
        if not self._is_closed:
            self._log.warning("compute_lost", jobs=len(jobs))
            self.open()
        for job in jobs.values():
            job.timer.cancel()
            job.done(JobFailure(AWAY, "the compute process has ended"))

    def heard(self, content: bytes) -> None:
        """An answer. Raises ``BadFrame``."""
        told = answer(content)
        self._tries = 0
        self.tally.waiting = told.waiting
        job = self._take(told.number)
        if job is None:
            return  # nobody waits for it any more
        if isinstance(told, Done):
            self.tally.done += 1
            self.tally.took_us += told.took_us
            job.done(told.payload)
        else:
            self.tally.undone += 1
            job.done(JobFailure(told.code, told.reason))

    # -- helpers

    def _refusal(self, size: int) -> str:
        """Why a job of so many bytes cannot be asked for now; empty where it can."""
        if self._transport is None:
            return "the compute process is away"
        if len(self._jobs) >= MOST_WAITING or self._bytes + size > MOST_WAITING_BYTES:
            return "this worker waits for enough jobs already"
        return ""

    def _be_late(self, job: _Job) -> None:
        self.drop(job)
        self.tally.undone += 1
        job.done(JobFailure(LATE, "it was not done in time"))

    def _take(self, number: int) -> _Job | None:
        job = self._jobs.pop(number, None)
        if job is not None:
            self._bytes -= job.size
            job.timer.cancel()
        return job

    async def _connect(self) -> None:
        try:
            while True:
                if self._tries:
                    draw = random.random()  # noqa: S311  # no secret
                    await asyncio.sleep(full_jitter(self._tries - 1, FIRST_PAUSE_S, LONGEST_PAUSE_S, draw))
                self._tries += 1
                with suppress(OSError):
                    await self._loop.create_unix_connection(lambda: _Ear(self), os.fsdecode(self._path))
                    return
        finally:
            self._connecting = None


class _Ear(asyncio.Protocol):
    """Hears one connection."""

    def __init__(self, line: ComputeLine) -> None:
        self._line = line
        self._unframer = Unframer()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)
        self._line.opened(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is not any more."""
        del exc
        self._line.broke()

    def data_received(self, data: bytes) -> None:
        """Answers, or parts of them; whoever talks of something else is hung up on."""
        try:
            for content in self._unframer.feed(data):
                self._line.heard(content)
        except BadFrame:
            self._transport.abort()
