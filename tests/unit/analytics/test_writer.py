"""The writer of events: nothing waits for it, nothing is lost unseen, and it ends when it is told to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from stellwerk.analytics.writer import EventWriter
from stellwerk.core.event import RequestEvent
from stellwerk.core.usage import Usage
from stellwerk.errors import StoreUnavailable
from tests.unit.stores.events import make_events

NEVER_S = 3_600.0


class MemoryStore:
    """A store that can be away (``fault``) or stand still (``gate``)."""

    def __init__(self) -> None:
        self.batches: list[list[RequestEvent]] = []
        self.attempts = 0
        self.fault: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.is_closed = False

    @property
    def events(self) -> list[RequestEvent]:
        """What it was given, in order."""
        return [event for batch in self.batches for event in batch]

    def append(self, events: Sequence[RequestEvent]) -> None:
        """Takes a batch, or does what the test has told it to."""
        self.attempts += 1
        assert self.gate.wait(30)
        if self.fault is not None:
            raise self.fault
        self.batches.append(list(events))

    def close(self) -> None:
        """Remembers it."""
        self.is_closed = True


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def eventually(condition: Callable[[], object], within_s: float = 10) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not true within {within_s} s"
        threading.Event().wait(0.001)


@contextmanager
def standing_still(store: MemoryStore, writer: EventWriter, first: RequestEvent) -> Iterator[None]:
    """The writer's thread is inside the store, with one event in hand."""
    store.gate.clear()
    writer.record(first)
    eventually(lambda: store.attempts)
    yield
    store.gate.set()


def record_all(writer: EventWriter, events: Sequence[RequestEvent]) -> None:
    for event in events:
        writer.record(event)


def test_everything_is_written_in_order_when_the_writer_closes(store: MemoryStore) -> None:
    writer = EventWriter(store, interval_s=NEVER_S)
    events = make_events(5_000)
    record_all(writer, events)
    assert writer.close(10)
    assert store.events == events
    assert store.is_closed
    statistics = writer.statistics()
    assert (statistics.written, statistics.dropped, statistics.pending, statistics.last_error) == (5_000, 0, 0, "")


def test_an_event_is_written_within_the_interval(store: MemoryStore) -> None:
    writer = EventWriter(store, interval_s=0.01)
    record_all(writer, make_events(1))
    eventually(lambda: store.events)
    assert writer.close(10)


def test_more_than_a_batch_is_written_before_the_interval_is_over(store: MemoryStore) -> None:
    writer = EventWriter(store, interval_s=NEVER_S, batch=10)
    record_all(writer, make_events(11))
    eventually(lambda: writer.statistics().written == 11)
    assert writer.close(10)


def test_no_batch_is_larger_than_asked_for(store: MemoryStore) -> None:
    writer = EventWriter(store, interval_s=0.001, batch=7)
    record_all(writer, make_events(500))
    assert writer.close(10)
    assert store.events == make_events(500)
    assert max(len(batch) for batch in store.batches) == 7


def test_a_writer_without_events_asks_nothing_of_its_store(store: MemoryStore) -> None:
    writer = EventWriter(store, interval_s=0.001)
    assert writer.close(10)
    assert store.attempts == 0
    assert store.is_closed


def test_events_wait_while_the_store_is_away(store: MemoryStore, caplog: pytest.LogCaptureFixture) -> None:
    store.fault = StoreUnavailable("the disk is full")
    writer = EventWriter(store, interval_s=0.001, max_backoff_s=0.001, batch=10)
    events = make_events(100)
    with caplog.at_level(logging.INFO):
        record_all(writer, events)
        eventually(lambda: store.attempts > 5)
        eventually(lambda: writer.statistics().last_error == "the disk is full")
        eventually(lambda: writer.statistics().pending == 100)
        store.fault = None
        eventually(lambda: writer.statistics().written == 100)
    assert store.events == events
    assert writer.statistics().last_error == ""
    assert writer.close(10)
    texts = [record.message for record in caplog.records]
    assert texts[0] == "events cannot be written now, they wait in memory: the disk is full"
    assert texts[1].startswith("events are written again after ")
    assert len(texts) == 2


def test_over_capacity_the_oldest_go_and_are_counted_with_what_they_used(store: MemoryStore) -> None:
    writer = EventWriter(store, interval_s=0.001, capacity=100, batch=10)
    first, *events = make_events(1_001)
    with standing_still(store, writer, first):
        record_all(writer, events)
        statistics = writer.statistics()
        assert statistics.pending == 101
        assert statistics.dropped == 900
    assert writer.close(10)
    assert store.events == [first, *events[-100:]]
    statistics = writer.statistics()
    assert statistics.written == 101
    assert statistics.dropped_usage == Usage(
        input_tokens=900 * 900,
        output_tokens=900 * 300,
        cache_read_tokens=900 * 64,
        cache_write_tokens=900 * 32,
        reasoning_tokens=900 * 16,
    )


def test_memory_stays_bounded_while_batches_come_back(store: MemoryStore) -> None:
    store.fault = StoreUnavailable("away")
    writer = EventWriter(store, interval_s=0.0001, max_backoff_s=0.0001, capacity=400, batch=100)
    for event in make_events(20_000):
        writer.record(event)
        assert writer.statistics().pending <= 400 + 2 * 100
    store.fault = None
    assert writer.close(10)
    statistics = writer.statistics()
    assert statistics.written + statistics.dropped == 20_000
    assert statistics.dropped_usage.input_tokens == statistics.dropped * 900
    assert store.events[-1] == make_events(20_000)[-1]


def test_recording_never_waits_for_a_store_that_stands_still(store: MemoryStore) -> None:
    writer = EventWriter(store, interval_s=0.001, capacity=1_000)
    first, *events = make_events(50_001)
    with standing_still(store, writer, first):
        record_all(writer, events)
        assert writer.statistics().written == 0
    assert writer.close(10)
    assert writer.statistics().written + writer.statistics().dropped == 50_001


def test_a_defect_of_the_store_costs_one_batch_and_not_the_log(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.fault = RuntimeError("a defect")
    writer = EventWriter(store, interval_s=0.001)
    record_all(writer, make_events(3))
    eventually(lambda: writer.statistics().dropped == 3)
    store.fault = None
    late = make_events(4, 5)
    record_all(writer, late)
    assert writer.close(10)
    assert store.events == late
    assert writer.statistics().dropped_usage.output_tokens == 3 * 300
    assert "a defect" in caplog.text


def test_closing_tries_again_until_its_time_is_over(store: MemoryStore) -> None:
    store.fault = StoreUnavailable("away")
    writer = EventWriter(store, interval_s=0.001, max_backoff_s=0.001)
    record_all(writer, make_events(30))
    eventually(lambda: store.attempts)
    assert not writer.close(0.1)
    assert store.attempts > 2
    eventually(lambda: store.is_closed)
    statistics = writer.statistics()
    assert (statistics.written, statistics.dropped, statistics.pending) == (0, 30, 0)


def test_closing_succeeds_when_the_store_comes_back_in_time(store: MemoryStore) -> None:
    store.fault = StoreUnavailable("away")
    writer = EventWriter(store, interval_s=0.001, max_backoff_s=0.001)
    record_all(writer, make_events(30))
    closing = threading.Thread(target=lambda: results.append(writer.close(30)))
    results: list[bool] = []
    closing.start()
    attempts = store.attempts
    eventually(lambda: store.attempts > attempts + 3)
    store.fault = None
    closing.join(30)
    assert results == [True]
    assert store.events == make_events(30)


def test_closing_does_not_wait_for_a_pause_between_two_attempts(store: MemoryStore) -> None:
    store.fault = StoreUnavailable("away")
    writer = EventWriter(store, interval_s=NEVER_S, max_backoff_s=NEVER_S, batch=10)
    record_all(writer, make_events(30))
    eventually(lambda: writer.statistics().last_error)
    store.fault = None
    started = time.monotonic()
    assert writer.close(30)
    assert time.monotonic() - started < 10
    assert store.events == make_events(30)


def test_a_store_that_does_not_come_back_does_not_hold_up_the_end(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    writer = EventWriter(store, interval_s=0.01)
    first, *events = make_events(8)
    with standing_still(store, writer, first):
        record_all(writer, events)
        assert not writer.close(0.05)
        assert "8 events are given up" in caplog.text
    eventually(lambda: store.is_closed)
