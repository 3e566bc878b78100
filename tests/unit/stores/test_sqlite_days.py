"""Day files: which event goes where, and when a day is closed and removed."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from stellwerk.stores.sqlite.read import read_events
from stellwerk.stores.sqlite.store import SqliteEvents
from tests.unit.stores.events import DAY_MS, NOON_MS, TODAY, make_event, make_events

MIDNIGHT_MS = NOON_MS + DAY_MS // 2


@dataclass
class WallClock:
    """Time that a test sets."""

    now_s: float = NOON_MS / 1000


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def store(tmp_path: Path, clock: WallClock) -> Iterator[SqliteEvents]:
    store = SqliteEvents(tmp_path / "events", retention_days=2, busy_timeout_s=10, wall_clock=lambda: clock.now_s)
    yield store
    store.close()


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} - {".lock"}


def test_nothing_is_made_before_the_first_event(tmp_path: Path, store: SqliteEvents) -> None:
    assert not (tmp_path / "events").exists()
    store.append(make_events(1))
    assert (tmp_path / "events").stat().st_mode & 0o777 == 0o700


def test_a_batch_over_midnight_is_split_between_two_days(tmp_path: Path, store: SqliteEvents) -> None:
    events = make_events(600, MIDNIGHT_MS - 300)
    store.append(events[::2] + events[1::2])
    for day, expected in ((TODAY, events[:300]), (TODAY + timedelta(days=1), events[300:])):
        found = list(read_events(tmp_path / "events", first_day=day, last_day=day))
        assert found == expected[::-1]


def test_a_late_event_goes_to_its_own_day(tmp_path: Path, store: SqliteEvents) -> None:
    store.append([make_event(MIDNIGHT_MS + 5, 1)])
    store.append([make_event(MIDNIGHT_MS - 5, 2), make_event(MIDNIGHT_MS + 6, 3)])
    today = list(read_events(tmp_path / "events", first_day=TODAY, last_day=TODAY))
    assert today == [make_event(MIDNIGHT_MS - 5, 2)]


def test_the_file_is_a_write_ahead_log_with_its_version(tmp_path: Path, store: SqliteEvents) -> None:
    store.append(make_events(1))
    with closing(sqlite3.connect(tmp_path / "events" / "events-20251123.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (9,)


def test_a_day_that_is_over_is_closed_and_its_log_emptied(tmp_path: Path, store: SqliteEvents) -> None:
    store.append(make_events(10))
    assert "events-20251123.db-wal" in names(tmp_path / "events")
    store.append(make_events(10, NOON_MS + DAY_MS))
    assert names(tmp_path / "events") == {
        "events-20251123.db",
        "events-20251124.db",
        "events-20251124.db-shm",
        "events-20251124.db-wal",
    }


def test_days_older_than_the_retention_are_removed_whole(tmp_path: Path, store: SqliteEvents, clock: WallClock) -> None:
    directory = tmp_path / "events"
    directory.mkdir()
    old = ("events-20251120.db", "events-20251120.db-wal", "events-20251120.db-shm", "events-20240229.db.corrupt-1")
    kept = ("events-20251121.db", "events-20259999.db", "events.txt", "events-20251120.txt")
    for name in old + kept:
        (directory / name).write_bytes(b"")
    store.append([make_event()])
    assert names(directory) == {*kept, "events-20251123.db", "events-20251123.db-wal", "events-20251123.db-shm"}

    clock.now_s += 86_400
    store.append([make_event(NOON_MS + DAY_MS)])
    assert names(directory) & {"events-20251121.db", "events-20251123.db"} == {"events-20251123.db"}


def test_an_old_day_that_cannot_be_removed_does_not_stop_the_log(
    tmp_path: Path, store: SqliteEvents, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("events-20200101.db", "events-20200103.db"):
        (tmp_path / "events" / name).mkdir(parents=True)
    (tmp_path / "events" / "events-20200102.db").touch()
    with caplog.at_level(logging.WARNING):
        store.append(make_events(5))
        store.append(make_events(5, NOON_MS + 100))
    assert ["is not removed" in record.message for record in caplog.records] == [True, True]
    assert not (tmp_path / "events" / "events-20200102.db").exists()
    assert len(list(read_events(tmp_path / "events", first_day=date(2025, 11, 1), last_day=TODAY))) == 10
