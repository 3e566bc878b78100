"""What was spent is on record, to the nano-dollar, however many write at once; and is found again by who spent it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from stellwerk.core.event import RequestEvent
from stellwerk.stores.sqlite.read import read_events
from stellwerk.stores.sqlite.store import SqliteEvents
from tests.unit.stores.events import DAY_MS, NOON_MS, TODAY, make_event

WRITERS, BATCHES, SIZE = 8, 25, 20


def open_store(directory: Path) -> SqliteEvents:
    return SqliteEvents(directory, retention_days=30, busy_timeout_s=30, wall_clock=lambda: NOON_MS / 1000)


def spent(number: int, **fields: object) -> RequestEvent:
    return msgspec.structs.replace(make_event(NOON_MS + number, number), cost_nanos=10**9 + number, **fields)


def test_complaint_16_no_spend_is_lost_while_many_write_at_once(tmp_path: Path) -> None:
    def write(writer: int) -> int:
        store, total = open_store(tmp_path), 0
        for batch in range(BATCHES):
            events = [spent((writer * BATCHES + batch) * SIZE + number) for number in range(SIZE)]
            store.append(events)
            total += sum(event.cost_nanos or 0 for event in events)
        store.close()
        return total

    with ThreadPoolExecutor(WRITERS) as pool:
        written = sum(pool.map(write, range(WRITERS)))
    found = list(read_events(tmp_path, first_day=TODAY, last_day=TODAY))
    assert len(found) == WRITERS * BATCHES * SIZE
    assert sum(event.cost_nanos or 0 for event in found) == written


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEvents]:
    store = open_store(tmp_path)
    yield store
    store.close()


def test_events_are_chosen_by_their_fields_and_their_start(tmp_path: Path, store: SqliteEvents) -> None:
    events = [spent(n, team="a" if n % 2 else "b", model="m" if n % 3 else "n") for n in range(1_300)]
    store.append(events)
    days = {"first_day": TODAY, "last_day": TODAY + timedelta(days=1)}
    found = read_events(
        tmp_path, first_day=days["first_day"], last_day=days["last_day"], only={"team": "a", "model": "m"}
    )
    assert list(found) == [event for event in events[::-1] if event.team == "a" and event.model == "m"]
    late = read_events(tmp_path, first_day=TODAY, last_day=TODAY, since_ms=NOON_MS + 1_290, limit=5)
    assert list(late) == events[:1_294:-1]


def test_what_was_used_comes_back_as_it_was_written(tmp_path: Path, store: SqliteEvents) -> None:
    event = spent(
        1,
        service_tier="flex",
        usage_details='{"web_searches":2}',
        price_version="own 0123456789ab",
        reported_nanos=7,
    )
    unsaid = msgspec.structs.replace(make_event(NOON_MS + DAY_MS, 2), cost_nanos=None)
    store.append([event, unsaid])
    assert list(read_events(tmp_path, first_day=TODAY, last_day=TODAY + timedelta(days=1))) == [unsaid, event]
