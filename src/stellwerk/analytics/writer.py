"""Takes events from the event loop and writes them to a store in a thread of its own.

While the store is away, the writer tries again with growing pauses and keeps what fits; the event loop never waits.
Over capacity the oldest events go first: they are counted, and what they used is summed.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from stellwerk.core.backoff import full_jitter
from stellwerk.core.event import RequestEvent
from stellwerk.core.usage import Usage
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.clock import Clock
from stellwerk.ports.store import EventStore

_LOG = logging.getLogger(__name__)


class WriterStatistics(msgspec.Struct, frozen=True):
    """How the log of events fares: counts since the start, and why the last attempt failed (empty: it did not)."""

    written: int
    dropped: int
    dropped_usage: Usage
    pending: int
    last_error: str


class EventWriter:
    """A bounded queue and the thread that empties it, which starts at once.

    ``record`` is for one thread, that of the event loop; it costs less than 0.15 µs. ``capacity`` events may wait, and
    one batch more. The thread writes them every ``interval_s``, or sooner when ``batch`` of them wait, and at most
    ``batch`` at a time.
    """

    record: Callable[[RequestEvent], None]
    """Takes an event to be written. Never waits, never fails."""

    def __init__(
        self,
        store: EventStore,
        *,
        capacity: int = 200_000,
        batch: int = 2_000,
        interval_s: float = 0.25,
        max_backoff_s: float = 5.0,
        clock: Clock = time.monotonic,
    ) -> None:
        self._store = store
        self._capacity = capacity
        self._batch = max(1, min(batch, capacity // 4))
        self._interval_s = interval_s
        self._max_backoff_s = max_backoff_s
        self._clock = clock
        self._waiting: deque[RequestEvent] = deque()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._deadline = 0.0
        self._in_hand = 0
        self._written = 0
        self._failures = 0
        self._last_error = ""
        # Each has one writer: the thread of the event loop, and the writer's own.
        self._overflowed, self._abandoned = _Loss(), _Loss()
        self.record = _recorder(self._waiting, self._batch, self._crowd)
        self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)
        self._thread.start()

    def statistics(self) -> WriterStatistics:
        """How it fares now; from any thread."""
        overflowed, abandoned = self._overflowed, self._abandoned
        return WriterStatistics(
            written=self._written,
            dropped=overflowed.events + abandoned.events,
            dropped_usage=overflowed.usage(abandoned),
            pending=len(self._waiting) + self._in_hand,
            last_error=self._last_error,
        )

    def close(self, timeout_s: float) -> bool:
        """Writes everything that waits and closes the store. Gives whether all of it could be written in time.

        Blocks. What could not be written counts as dropped; record nothing afterwards.
        """
        abandoned = self._abandoned.events
        self._deadline = self._clock() + timeout_s
        self._closing.set()
        self._wake.put(None)
        self._thread.join(timeout_s + self._interval_s)
        if self._thread.is_alive():
            _LOG.error("the store of events does not answer; %d events are given up", self.statistics().pending)
            return False
        return self._abandoned.events == abandoned

    def _crowd(self) -> None:
        """More than a batch waits. Runs in the thread that records."""
        surplus = len(self._waiting) - self._capacity
        if surplus > 0:
            # Two for one: a batch that came back unwritten makes room again, and no single call takes long.
            with contextlib.suppress(IndexError):
                for _ in range(min(surplus, 2)):
                    self._overflowed.add(self._waiting.popleft())
        elif self._wake.empty():
            self._wake.put(None)

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                with contextlib.suppress(queue.Empty):
                    self._wake.get(timeout=self._interval_s)
                # What arrives meanwhile waits for the next turn: batches stay large under load.
                for _ in range(-(-len(self._waiting) // self._batch)):
                    if not self._is_batch_done():
                        self._closing.wait(self._pause_s())
                        break
            self._finish()
        finally:
            self._store.close()

    def _finish(self) -> None:
        while self._waiting:
            if not self._is_batch_done():
                left_s = self._deadline - self._clock()
                if left_s <= 0:
                    break
                time.sleep(min(self._pause_s(), left_s))
        if self._waiting:
            _LOG.error("%d events are given up: %s", len(self._waiting), self._last_error)
        while self._waiting:
            self._abandoned.add(self._waiting.popleft())

    def _is_batch_done(self) -> bool:
        """Writes the oldest events; on failure they are the oldest again."""
        waiting = self._waiting
        events = [waiting.popleft() for _ in range(min(len(waiting), self._batch))]
        self._in_hand = len(events)
        try:
            self._store.append(events)
        except StoreUnavailable as error:
            waiting.extendleft(reversed(events))
            self._fail(error)
            return False
        except Exception:  # noqa: BLE001 - see below
            # A defect in a store costs one batch; a thread that ended with it would cost every event from then on.
            _LOG.exception("the store of events failed; %d events are given up", len(events))
            for event in events:
                self._abandoned.add(event)
        else:
            self._written += len(events)
            self._recover()
        finally:
            self._in_hand = 0
        return True

    def _fail(self, error: StoreUnavailable) -> None:
        if not self._failures:
            _LOG.warning("events cannot be written now, they wait in memory: %s", error)
        self._failures += 1
        self._last_error = error.message

    def _recover(self) -> None:
        if self._failures:
            _LOG.info("events are written again after %d failed attempts", self._failures)
        self._failures = 0
        self._last_error = ""

    def _pause_s(self) -> float:
        return full_jitter(self._failures - 1, self._interval_s, self._max_backoff_s, random.random())  # noqa: S311


@dataclass(slots=True)
class _Loss:
    """Events that were not written, and what they used."""

    events: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    def add(self, event: RequestEvent) -> None:
        self.events += 1
        self.input_tokens += event.input_tokens
        self.output_tokens += event.output_tokens
        self.cache_read_tokens += event.cache_read_tokens
        self.cache_write_tokens += event.cache_write_tokens
        self.reasoning_tokens += event.reasoning_tokens

    def usage(self, other: _Loss) -> Usage:
        """What both used together."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


def _recorder(waiting: deque[RequestEvent], crowd: int, on_crowd: Callable[[], None]) -> Callable[[RequestEvent], None]:
    append, length = waiting.append, waiting.__len__

    # Defaults are locals: half the price of the attributes and closure cells that they stand for.
    def record(
        event: RequestEvent,
        append: Callable[[RequestEvent], None] = append,
        length: Callable[[], int] = length,
        crowd: int = crowd,
    ) -> None:
        append(event)
        if length() > crowd:
            on_crowd()

    return record
