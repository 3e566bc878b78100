"""The thread that asks a store: for entries, together for all who wait, and at every heartbeat what was purged."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from stellwerk.core.cached import Entry
from stellwerk.core.purges import Numbered
from stellwerk.core.stored_entry import restored
from stellwerk.errors import StoreUnavailable
from stellwerk.tiering.sealing import Seal
from stellwerk.tiering.store import Beat, Reading, Told

BEAT_S = 0.25
"""How often purges are looked for: all processes have to know of them within a second."""
QUESTIONS_AT_ONCE = 64
NEWS_AT_ONCE = 128
"""It takes half a millisecond to read so many, and requests have to be answered meanwhile."""
LEAVE_S = 1.0


class Question(NamedTuple):
    """Keys, of which the first that is there answers, and who is told of it, on the event loop."""

    keys: tuple[bytes, ...]
    number: int


class Since(NamedTuple):
    """Somebody wants to hear of entries that were kept after this number."""

    after: int
    number: int


class Heard(NamedTuple):
    """What the store has told of, and the entries that could be read, each with the newest purge that it came after."""

    told: Told
    entries: Sequence[tuple[Entry, int]]


class Arrived(NamedTuple):
    """An entry as it came, with its bytes for memory."""

    entry: Entry
    blob: bytes
    after: int


class Answer(NamedTuple):
    """What became of questions, in their order, as of ``asked_s`` on the monotonic clock."""

    asked_s: float
    last: int
    purges: Sequence[Numbered]
    arrived: Sequence[Sequence[Arrived]]


class Reader:
    """Tells of answers, heartbeats and failures in the order in which the store was asked; all of it from its thread.

    ``torn`` counts entries that were not whole.
    """

    def __init__(
        self,
        opening: Callable[[], Reading],
        on_answer: Callable[[Sequence[Question], Answer], None],
        on_beat: Callable[[float, Beat], None],
        on_away: Callable[[Sequence[Question], str], None],
        on_news: Callable[[Since, Heard | None], None],
        seal: Seal,
    ) -> None:
        """``on_news`` is told nothing where the store is away."""
        self._opening = opening
        self._seal = seal
        self._on_news = on_news
        self._on_answer = on_answer
        self._on_beat = on_beat
        self._on_away = on_away
        self._questions: queue.SimpleQueue[Question | Since | None] = queue.SimpleQueue()
        self._reading: Reading | None = None
        self._seen = 0
        self._beat_s = 0.0
        self.torn = 0
        self._thread = threading.Thread(target=self._run, name="cache-reader", daemon=True)

    def start(self) -> None:
        """Begins, with a heartbeat."""
        self._thread.start()

    def ask(self, question: Question | Since) -> None:
        """Asks as soon as the thread is free."""
        self._questions.put(question)

    def close(self) -> None:
        """Waits for what is under way, for a while."""
        self._questions.put(None)
        self._thread.join(LEAVE_S)

    def _run(self) -> None:
        while (wanted := self._next()) is not None:
            questions = [one for one in wanted if isinstance(one, Question)]
            listeners = [one for one in wanted if isinstance(one, Since)]
            try:
                self._work(questions)
                while listeners:
                    self._listen(listeners[0])
                    del listeners[0]
            except StoreUnavailable as error:
                self._forget()
                self._on_away(questions, str(error))
                for since in listeners:
                    self._on_news(since, None)
        self._forget()

    def _next(self) -> list[Question | Since] | None:
        """Questions that wait by now; none when a heartbeat is due, ``None`` at the end."""
        found: list[Question | Since] = []
        try:
            one = self._questions.get(timeout=max(self._beat_s - time.monotonic(), 0.0))
            while one is not None:
                found.append(one)
                if len(found) == QUESTIONS_AT_ONCE:
                    return found
                one = self._questions.get_nowait()
        except queue.Empty:
            return found
        return None

    def _work(self, questions: Sequence[Question]) -> None:
        is_due = (now_s := time.monotonic()) >= self._beat_s
        if is_due:  # also when this fails: a store that is away is not asked without end
            self._beat_s = now_s + BEAT_S
        reading = self._reading = self._reading or self._opening()
        if questions:
            look = reading.look([one.keys for one in questions], self._seen)
            self._seen = look.last
            arrived = [self._whole(one.keys, found) for one, found in zip(questions, look.found, strict=True)]
            self._on_answer(questions, Answer(now_s, look.last, look.purges, arrived))
        if is_due:
            now_s = time.monotonic()
            beat = reading.beat()
            self._seen = beat.last
            self._on_beat(now_s, beat)

    def _listen(self, since: Since) -> None:
        reading = self._reading = self._reading or self._opening()
        told = reading.news(since.after, NEWS_AT_ONCE)
        entries = []
        for content, after in told.found:
            blob = self._seal.unseal(content)
            entry = restored(blob) if blob is not None else None
            if entry is None:
                self.torn += 1
            else:
                entries.append((entry, after))
        self._on_news(since, Heard(told, entries))

    def _whole(self, keys: tuple[bytes, ...], found: Sequence[tuple[bytes, int]]) -> list[Arrived]:
        """Entries that are what was asked for."""
        arrived = []
        for content, after in found:
            blob = self._seal.unseal(content)
            entry = restored(blob) if blob is not None else None
            if blob is None or entry is None:
                self.torn += 1
            elif entry.key in keys or not set(keys).isdisjoint(entry.aliases):
                arrived.append(Arrived(entry, blob, after))
        return arrived

    def _forget(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.close()
