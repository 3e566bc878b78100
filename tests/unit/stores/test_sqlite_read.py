"""Reading events back: order, pages, days, and files of other versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from stellwerk.core.event import RequestEvent
from stellwerk.errors import StoreUnavailable
from stellwerk.stores.sqlite.day_file import move_aside
from stellwerk.stores.sqlite.read import find_event, read_events
from stellwerk.stores.sqlite.store import SqliteEvents
from tests.unit.stores.events import DAY_MS, NOON_MS, TODAY, make_event, make_events

NAME = "events-20251123.db"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEvents]:
    store = SqliteEvents(tmp_path, retention_days=30, busy_timeout_s=10, wall_clock=lambda: NOON_MS / 1000)
    yield store
    store.close()


def read_all(directory: Path) -> list[RequestEvent]:
    return list(read_events(directory, first_day=TODAY - timedelta(days=9), last_day=TODAY + timedelta(days=9)))


def test_the_newest_comes_first_whatever_the_order_of_writing(tmp_path: Path, store: SqliteEvents) -> None:
    events = make_events(1_201)
    store.append(events[::3])
    store.append(events[2::3] + events[1::3])
    assert read_all(tmp_path) == events[::-1]


def test_events_of_one_millisecond_have_an_order_too(tmp_path: Path, store: SqliteEvents) -> None:
    events = [make_event(NOON_MS, number) for number in range(1_100)]
    store.append(events)
    assert read_all(tmp_path) == events[::-1]


@pytest.mark.parametrize("limit", [0, 1, 499, 500, 501, 1_000, 1_499, 1_500, 5_000])
def test_a_limit_holds_over_pages_and_days(tmp_path: Path, store: SqliteEvents, limit: int) -> None:
    events = make_events(750) + make_events(750, NOON_MS + DAY_MS)
    store.append(events)
    found = read_events(tmp_path, first_day=TODAY, last_day=TODAY + timedelta(days=3), limit=limit)
    assert list(found) == events[::-1][:limit]


def test_reading_goes_on_where_it_stopped(tmp_path: Path, store: SqliteEvents) -> None:
    events = make_events(70, NOON_MS - DAY_MS) + make_events(70)
    store.append(events)
    found: list[RequestEvent] = []
    while True:
        before = (found[-1].started_ms, found[-1].request_id) if found else None
        yesterday = TODAY - timedelta(days=1)
        page = list(read_events(tmp_path, first_day=yesterday, last_day=TODAY, limit=33, before=before))
        if not page:
            break
        found += page
    assert found == events[::-1]


def test_only_the_days_asked_for_are_read(tmp_path: Path, store: SqliteEvents) -> None:
    by_day = {day: make_events(3, NOON_MS + day * DAY_MS) for day in range(-2, 3)}
    for events in by_day.values():
        store.append(events)
    found = list(read_events(tmp_path, first_day=TODAY - timedelta(days=1), last_day=TODAY + timedelta(days=1)))
    assert found == [*by_day[1][::-1], *by_day[0][::-1], *by_day[-1][::-1]]


def test_where_nothing_was_written_there_is_nothing(tmp_path: Path) -> None:
    assert read_all(tmp_path / "nowhere") == []
    assert find_event(tmp_path / "nowhere", make_event().request_id) is None


def test_reading_that_is_left_early_lets_go_of_the_file(tmp_path: Path, store: SqliteEvents) -> None:
    store.append(make_events(1_000))
    reader = read_events(tmp_path, first_day=TODAY, last_day=TODAY)
    assert next(reader) == make_events(1_000)[-1]
    reader.close()  # type: ignore[attr-defined]
    store.close()
    assert [path.name for path in tmp_path.glob("events-*")] == [NAME]


def test_what_is_written_meanwhile_does_not_disturb_a_reader(tmp_path: Path, store: SqliteEvents) -> None:
    events = make_events(1_200)
    store.append(events)
    reader = read_events(tmp_path, first_day=TODAY, last_day=TODAY)
    found = [next(reader)]
    store.append(make_events(1_000, NOON_MS + 10_000))
    assert found + list(reader) == events[::-1]


def test_an_event_is_found_by_its_id(tmp_path: Path, store: SqliteEvents) -> None:
    events = make_events(500)
    store.append(events)
    assert find_event(tmp_path, events[123].request_id) == events[123]


def test_an_event_is_found_that_started_long_after_its_id_was_drawn(tmp_path: Path, store: SqliteEvents) -> None:
    midnight_ms = NOON_MS + DAY_MS // 2
    event = msgspec.structs.replace(make_event(midnight_ms - 1_000), started_ms=midnight_ms + 60_000)
    store.append([event, *make_events(10, midnight_ms)])
    assert find_event(tmp_path, event.request_id) == event


@pytest.mark.parametrize("request_id", ["", "no id", "f" * 32, "0" * 32, make_event(NOON_MS, 77).request_id])
def test_an_id_that_is_not_there_is_nothing(tmp_path: Path, store: SqliteEvents, request_id: str) -> None:
    store.append(make_events(10))
    assert find_event(tmp_path, request_id) is None


def test_a_field_that_an_older_file_lacks_is_empty(tmp_path: Path, store: SqliteEvents) -> None:
    store.append([make_event()])
    store.close()
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("ALTER TABLE event DROP COLUMN tags")
        connection.execute("ALTER TABLE event DROP COLUMN reasoning_tokens")
    assert read_all(tmp_path) == [msgspec.structs.replace(make_event(), tags="", reasoning_tokens=0)]


def test_a_file_that_is_being_made_holds_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    assert read_all(tmp_path) == []


def test_a_file_of_a_newer_version_is_not_guessed_at(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("PRAGMA user_version = 1000")
    with pytest.raises(StoreUnavailable, match="newer version of this program"):
        read_all(tmp_path)


def test_a_damaged_file_is_said_and_left_where_it_is(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a database " * 1_000)
    with pytest.raises(StoreUnavailable, match=r"events-20251123\.db: file is not a database"):
        read_all(tmp_path)
    assert (tmp_path / NAME).exists()


def test_a_file_that_was_moved_aside_can_be_read_with_its_log(tmp_path: Path, store: SqliteEvents) -> None:
    events = make_events(50)
    store.append(events)
    aside = move_aside(tmp_path / NAME)
    with closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (50,)


def test_a_path_of_odd_characters_is_read(tmp_path: Path) -> None:
    directory = tmp_path / "a b?c#d%41"
    store = SqliteEvents(directory, retention_days=1, busy_timeout_s=1, wall_clock=lambda: NOON_MS / 1000)
    store.append(make_events(3))
    store.close()
    assert list(read_events(directory, first_day=date(2025, 11, 23), last_day=TODAY)) == make_events(3)[::-1]
