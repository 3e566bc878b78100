"""The thread that writes to a store: entries in batches, purges at once, and what is over or purged is deleted."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from stellwerk.core.cached import Entry, Purge
from stellwerk.core.purges import covered
from stellwerk.core.stored_entry import shrunk
from stellwerk.errors import StoreUnavailable
from stellwerk.tiering.store import Write, Writing

BATCH = 64
OWN_KNOWN = 31
MOST_PURGES = 1_000
"""Of more than so many that cannot be written, one is made that takes everything."""
TEND_S = 1.0
"""How often it is seen to what is over; while there is more of it, in between."""
LATE_S = 5.0
"""Entries that could not be written for so long are not written: their purges may be forgotten already."""
RETRY_S = 0.25
LEAVE_S = 2.0
"""How long what is still to be written may take at the end."""


class Keeping(NamedTuple):
    """An entry, with its bytes as they lie in memory, the purges that its keeper has seen, and when it was kept."""

    entry: Entry
    blob: bytes
    seen: int
    own: int
    """How many purges the keeper had made itself."""
    kept_s: float


class Purging(NamedTuple):
    """A purge of the keeper's own."""

    purge: Purge
    now_ms: int
    ordinal: int
    """Which of its own it is, from 1."""


class Using(NamedTuple):
    """Entries that were used."""

    keys: tuple[bytes, ...]


Job = Keeping | Purging | Using


class Writer:
    """Tells, from its thread, of what it has written, and of entries that it could not."""

    def __init__(
        self,
        opening: Callable[[], Writing],
        on_written: Callable[[Sequence[Keeping], Sequence[bytes]], None],
        on_purged: Callable[[int, int], None],
        on_lost: Callable[[Sequence[Keeping], str], None],
    ) -> None:
        self._opening = opening
        self._on_written = on_written
        self._on_purged = on_purged
        self._on_lost = on_lost
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._purgings: list[Purging] = []
        """Those that are not in force yet, in their order."""
        self._own: list[tuple[int, int]] = []
        """The newest of the keeper's own purges: which of its own each was, and its number in the store."""
        self._writing: Writing | None = None
        self._away_until_s = 0.0
        self._tend_s = 0.0
        self._is_leaving = False
        self._thread = threading.Thread(target=self._run, name="cache-writer", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def put(self, job: Job) -> None:
        """To be done as soon as the thread is free."""
        self._jobs.put(job)

    def close(self) -> int:
        """Waits until everything is written, or it turns out that it cannot be; how many purges were not made."""
        self._jobs.put(None)
        self._thread.join(2 * LEAVE_S)
        return max(len(self._purgings), self._thread.is_alive())  # who waits for a lock is left behind

    # -- in the thread

    def _run(self) -> None:
        while not self._is_leaving:
            jobs = self._next()
            self._purgings += [job for job in jobs if isinstance(job, Purging)]
            if len(self._purgings) > MOST_PURGES:
                self._purgings = [self._purgings[-1]._replace(purge=Purge())]
            self._attempt(jobs)
        leave_s = time.monotonic() + LEAVE_S
        while self._purgings and time.monotonic() < leave_s:
            time.sleep(max(self._away_until_s - time.monotonic(), 0.0))
            self._attempt(())
        self._forget()

    def _next(self) -> list[Job]:
        """What waits by now; none when it is time to tend."""
        found: list[Job] = []
        due_s = max(min(self._tend_s, self._away_until_s) if self._purgings else self._tend_s, 0.0)
        try:
            job = self._jobs.get(timeout=max(due_s - time.monotonic(), 0.0))
            while job is not None:
                found.append(job)
                if len(found) == BATCH:
                    return found
                job = self._jobs.get_nowait()
            self._is_leaving = True
        except queue.Empty:
            pass
        return found

    def _attempt(self, jobs: Iterable[Job]) -> None:
        keepings = [job for job in jobs if isinstance(job, Keeping)]
        try:
            writing = self._writing = self._writing or self._open()
            while self._purgings:
                purging = self._purgings[0]
                number = writing.purge(purging.purge, purging.now_ms)
                del self._purgings[0]
                self._own = [*self._own[-OWN_KNOWN:], (purging.ordinal, number)]
                self._on_purged(purging.ordinal, number)
            batch, keepings = keepings, []
            if batch:
                self._write(writing, batch)
            self._tend(writing, jobs)
        except StoreUnavailable as error:
            if time.monotonic() >= self._away_until_s:
                self._forget()
                self._away_until_s = time.monotonic() + RETRY_S
            self._tend_s = max(self._tend_s, self._away_until_s)
            if keepings:
                self._on_lost(keepings, str(error))

    def _open(self) -> Writing:
        if time.monotonic() < self._away_until_s:
            raise StoreUnavailable("a moment ago it could not be written")
        return self._opening()

    def _write(self, writing: Writing, keepings: Sequence[Keeping]) -> None:
        late_s = time.monotonic() - LATE_S
        late = [one for one in keepings if one.kept_s < late_s]
        timely = [one for one in keepings if one.kept_s >= late_s]
        writes = [Write(one.entry, shrunk(one.blob), self._after(one)) for one in timely]
        if late:
            self._on_lost(late, "they waited for too long")
        try:
            writing.write(writes, int(time.time() * 1_000))
        except StoreUnavailable as error:
            self._on_lost(timely, str(error))
            raise
        self._on_written(timely, [write.blob for write in writes])

    def _after(self, one: Keeping) -> int:
        return covered(one.seen, [number for ordinal, number in self._own if ordinal <= one.own])

    def _tend(self, writing: Writing, jobs: Iterable[Job]) -> None:
        now_ms = int(time.time() * 1_000)
        used = {key for job in jobs if isinstance(job, Using) for key in job.keys}
        if used:
            writing.touch(used, now_ms)
        if time.monotonic() >= self._tend_s and not self._is_leaving:
            is_more = writing.tend(now_ms)
            self._tend_s = time.monotonic() + (0.01 if is_more else TEND_S)

    def _forget(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.close()
