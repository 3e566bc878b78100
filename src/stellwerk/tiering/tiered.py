"""A cache in two tiers: the memory of this process, and a store that others share.

Whatever is the matter with the store, a look-up is a miss, and is counted. What was purged anywhere is known here
within a second: when this process cannot ask for so long, it does not find what it has in memory either.
A store that is away or slow is left alone for a moment; then one heartbeat finds out whether it is back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from stellwerk.core.cached import CacheFigures, Entry, News, Purge
from stellwerk.core.entry_table import EntryTable
from stellwerk.core.purges import Numbered, is_gap, is_taken
from stellwerk.core.stored_entry import plain, restored
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.cache import Fetching
from stellwerk.tiering.reader import Answer, Heard, Question, Reader, Since
from stellwerk.tiering.sealing import Seal
from stellwerk.tiering.store import Beat, Reading, Writing
from stellwerk.tiering.writer import Keeping, Purging, Using, Writer

TRUST_S = 0.9
"""How long after the last answer of the store its purges are taken to be known."""
FORGET_S = 5.0
"""After so long without an answer, nothing in memory is trusted any more: purges may have come and gone."""
LEFT_ALONE_S = 0.5
SLOW = 3
"""So many look-ups in a row that took too long make a store one that is away."""
MOST_WAITING = 1_024
MOST_WAITING_BYTES = 16_777_216
MOST_USED = 1_024


class _Asked:
    """Who waits for an answer, until it came, or was not wanted any more."""

    __slots__ = ("_cache", "done", "number", "timer")

    def __init__(self, cache: TieredCache, number: int, done: Callable[[Entry | None], None]) -> None:
        self._cache = cache
        self.number = number
        self.done = done
        self.timer: asyncio.TimerHandle | asyncio.Handle | None = None

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._cache.withdraw(self)


class TieredCache:
    """What every store has in common. Threads and connections begin with the first call on an event loop."""

    is_shared = True

    def __init__(
        self,
        memory: EntryTable,
        max_entry_bytes: int,
        reading: Callable[[], Reading],
        writing: Callable[[], Writing],
        seal: Seal,
    ) -> None:
        """``reading`` and ``writing`` connect, in the threads. Larger entries than said are not kept.

        ``seal`` is the one under which entries are written.
        """
        self._memory = memory
        self._max_entry_bytes = max_entry_bytes
        self._opening = reading
        self._seal = seal
        self._reader = Reader(
            reading,
            lambda questions, answer: self._tell(self._on_answer, questions, answer),
            lambda asked_s, beat: self._tell(self._on_beat, asked_s, beat),
            lambda questions, _reason: self._tell(self._on_away, questions),
            lambda since, heard: self._tell(self._on_news, since, heard),
            seal,
        )
        self._writer = Writer(
            writing,
            lambda jobs, blobs: self._tell(self._on_written, jobs, blobs),
            lambda ordinal, number: self._tell(self._on_purged, ordinal, number),
            lambda jobs, _reason: self._tell(self._on_lost, jobs),
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self._waiting: dict[int, _Asked] = {}
        self._listening: dict[int, Callable[[News | None], None]] = {}
        self._asked = 0
        self._slow = 0
        self._is_away = False
        self._away_until_s = 0.0
        self._trusted_until_s = 0.0
        self._heard_s = 0.0
        self._seen = 0
        self._in_force: dict[int, Purge] = {}
        self._own = 0
        self._unsettled: list[tuple[int, int, Purge]] = []
        """Own purges that the reader has not met yet: which, and their number or 0."""
        self._unwritten = 0
        self._used: set[bytes] = set()
        self._troubles = 0
        self._store = CacheFigures()

    def peek(self, key: bytes, now_ms: int) -> Entry | None:
        """The entry with that key or alias, if this process has it in memory and knows that it was not purged."""
        if time.monotonic() > self._trusted_until_s and not self._begin():
            return None
        entry = self._memory.get(key, now_ms)
        if entry is not None and len(self._used) < MOST_USED:
            self._used.add(entry.key)
        return entry

    def fetch(
        self, keys: tuple[bytes, ...], now_ms: int, timeout_s: float, done: Callable[[Entry | None], None]
    ) -> Fetching:
        """Asks the store, together with others who ask at the same time."""
        del now_ms  # it is over when it arrives
        self._begin()
        loop = asyncio.get_running_loop()
        self._asked += 1
        asked = self._waiting[self._asked] = _Asked(self, self._asked, done)
        if len(self._waiting) > MOST_WAITING or self._is_closed or time.monotonic() < self._away_until_s:
            self._troubles += 1
            asked.timer = loop.call_soon(self._answer, asked, None)
        else:
            asked.timer = loop.call_later(timeout_s, self._on_late, asked)
            self._reader.ask(Question(keys, asked.number))
        return asked

    def withdraw(self, asked: _Asked) -> None:
        """Somebody does not wait any more."""
        self._waiting.pop(asked.number, None)
        if asked.timer is not None:
            asked.timer.cancel()

    def keep(self, entry: Entry, now_ms: int) -> None:
        """Keeps an entry in memory at once, and hands it to the thread that writes; one too large is not kept."""
        self._begin()
        blob = plain(entry)
        if self._is_closed or len(blob) > self._max_entry_bytes or entry.stale_ms <= now_ms:
            return
        self._memory.put(entry, blob, now_ms)
        if self._unwritten > MOST_WAITING_BYTES:
            self._troubles += 1
            return
        self._unwritten += len(blob)
        self._writer.put(Keeping(entry, blob, self._seen, self._own, time.monotonic()))

    def purge(self, purge: Purge, now_ms: int) -> None:
        """Lets entries go: of memory now, of the store and of the memory of others as soon as it is written."""
        self._begin()
        self._troubles += self._is_closed
        self._own += 1
        self._unsettled.append((self._own, 0, purge))
        self._memory.purge(purge)
        self._writer.put(Purging(purge, now_ms, self._own))

    def entries(self, now_ms: int) -> Iterator[Entry]:
        """What may be found by its meaning, of the whole store. Each step may wait: for a thread of its own."""
        in_force = tuple(self._in_force.items())
        unsettled = [purge for _, _, purge in self._unsettled]
        try:
            reading = self._opening()
            try:
                for found in reading.everything(now_ms):
                    blob = self._seal.unseal(found.content)
                    entry = restored(blob) if blob is not None else None
                    if entry is None or not entry.question or entry.stale_ms <= now_ms:
                        continue
                    if not is_taken(entry, found.after, in_force) and not any(one.takes(entry) for one in unsettled):
                        yield entry
            finally:
                reading.close()
        except StoreUnavailable:
            self._troubles += 1

    def news(self, after: int, done: Callable[[News | None], None]) -> None:
        """What other hosts have kept, as far as it was not purged since."""
        self._begin()
        if not self._is_closed:
            self._asked += 1
            self._listening[self._asked] = done
            self._reader.ask(Since(after, self._asked))

    def figures(self) -> CacheFigures:
        """What the store holds, as of the last heartbeat, and the troubles of this process.

        It is the call that a worker makes before there are requests: the store is connected then.
        """
        with suppress(RuntimeError):  # without an event loop it is too early, or too late
            self._begin()
        store = self._store
        troubles = self._troubles + self._reader.torn
        return CacheFigures(store.entries, store.size, store.evicted, store.expired, troubles)

    def close(self) -> None:
        """Waits until what was kept and purged is written, for two seconds at most where the store is away.

        Whoever still asks afterwards finds nothing; those who wait are told so in their time.
        """
        self._is_closed = True
        loop, self._loop = self._loop, None
        if loop is not None:
            self._troubles += self._writer.close()
            self._reader.close()
        self._trusted_until_s = 0.0
        self._memory.clear()

    # -- on the event loop

    def _begin(self) -> bool:
        """Whether what is in memory may be trusted without an answer, because this is the beginning."""
        if self._loop is not None or self._is_closed:
            return False
        self._loop = asyncio.get_running_loop()
        self._heard_s = time.monotonic()
        self._trusted_until_s = self._heard_s + TRUST_S
        self._reader.start()
        self._writer.start()
        return True

    def _answer(self, asked: _Asked, entry: Entry | None) -> None:
        if self._waiting.pop(asked.number, None) is not None:
            if asked.timer is not None:
                asked.timer.cancel()
            asked.done(entry)

    def _on_late(self, asked: _Asked) -> None:
        self._troubles += 1
        self._slow += 1
        if self._slow >= SLOW:
            self._away_until_s = time.monotonic() + LEFT_ALONE_S
        self._answer(asked, None)

    def _on_answer(self, questions: Sequence[Question], answer: Answer) -> None:
        if any(question.number in self._waiting for question in questions):
            self._slow = 0
        self._learn(answer.asked_s, answer.last, answer.purges)
        now_ms = int(time.time() * 1_000)
        in_force = tuple(self._in_force.items())
        for question, arrived in zip(questions, answer.arrived, strict=True):
            entry = None
            for one in arrived:
                unsettled = any(purge.takes(one.entry) for _, _, purge in self._unsettled)
                if one.entry.stale_ms > now_ms and not unsettled and not is_taken(one.entry, one.after, in_force):
                    entry = one.entry
                    self._memory.put(entry, one.blob, now_ms)
                    break
            if (asked := self._waiting.get(question.number)) is not None:
                self._answer(asked, entry)

    def _on_beat(self, asked_s: float, beat: Beat) -> None:
        self._learn(asked_s, beat.last, beat.purges)
        self._in_force = dict(beat.purges)
        if self._is_away:
            self._away_until_s = 0.0
            self._is_away = False
        self._store = beat.figures
        if self._used:
            self._writer.put(Using(tuple(self._used)))
            self._used.clear()

    def _on_away(self, questions: Sequence[Question]) -> None:
        self._away_until_s = time.monotonic() + LEFT_ALONE_S
        self._troubles += 0 if self._is_away else 1
        self._is_away = True
        for question in questions:
            if (asked := self._waiting.get(question.number)) is not None:
                self._troubles += 1
                self._answer(asked, None)

    def _on_news(self, since: Since, heard: Heard | None) -> None:
        done = self._listening.pop(since.number)
        if heard is None:
            done(None)
            return
        now_ms, in_force = int(time.time() * 1_000), tuple(self._in_force.items())
        unsettled = [purge for _, _, purge in self._unsettled]
        found = tuple(
            entry
            for entry, after in heard.entries
            if entry.stale_ms > now_ms
            and not is_taken(entry, after, in_force)
            and not any(purge.takes(entry) for purge in unsettled)
        )
        done(News(found, heard.told.last, heard.told.is_gap, heard.told.is_all))

    def _on_written(self, jobs: Sequence[Keeping], blobs: Sequence[bytes]) -> None:
        for job, blob in zip(jobs, blobs, strict=True):
            self._unwritten -= len(job.blob)
            self._memory.replace(job.entry.key, job.blob, blob)

    def _on_lost(self, jobs: Sequence[Keeping]) -> None:
        self._troubles += len(jobs)
        self._unwritten -= sum(len(job.blob) for job in jobs)

    def _on_purged(self, ordinal: int, number: int) -> None:
        """Own purges are in force up to this one; the reader will have met it when it has seen its number."""
        self._unsettled = [
            (each, number if each <= ordinal and not known else known, purge) for each, known, purge in self._unsettled
        ]
        self._settle()

    def _learn(self, asked_s: float, last: int, purges: Sequence[Numbered]) -> None:
        """The store says which purges there are."""
        known = [number for _, number, _ in self._unsettled if number]
        is_silent = asked_s - self._heard_s > FORGET_S
        if is_silent or (self._seen and is_gap(self._seen, last, [*known, *(number for number, _ in purges)])):
            self._memory.clear()
        for number, purge in purges:
            if number > self._seen or number not in self._in_force:
                self._in_force[number] = purge
                if number not in known and not self._is_own(number, purge):
                    self._memory.purge(purge)
        self._seen = last
        self._heard_s = asked_s
        self._trusted_until_s = 0.0 if self._is_closed else asked_s + TRUST_S
        self._settle()

    def _is_own(self, number: int, purge: Purge) -> bool:
        """Whether it may be taken for one of one's own, of which the writer has not told yet."""
        for place, (ordinal, known, own) in enumerate(self._unsettled):
            if not known and own == purge:
                self._unsettled[place] = (ordinal, number, own)
                return True
        return False

    def _settle(self) -> None:
        self._unsettled = [one for one in self._unsettled if not one[1] or one[1] > self._seen]

    def _tell(self, what: Callable[..., None], *words: object) -> None:
        """Called in the threads."""
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(what, *words)
        except RuntimeError:  # the loop has ended
            return
