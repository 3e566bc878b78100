"""Files that cannot be written, are damaged, foreign or replaced: what the store does and says."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stellwerk.core.event import RequestEvent
from stellwerk.errors import StoreUnavailable
from stellwerk.stores.sqlite.day_file import locked, move_aside
from stellwerk.stores.sqlite.faults import unavailable
from stellwerk.stores.sqlite.read import read_events
from stellwerk.stores.sqlite.store import SqliteEvents
from tests.unit.stores.events import NOON_MS, TODAY, make_events

NAME = "events-20251123.db"
PAGE = 4096


def make_store(directory: Path) -> SqliteEvents:
    return SqliteEvents(directory, retention_days=2, busy_timeout_s=0.05, wall_clock=lambda: NOON_MS / 1000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEvents]:
    store = make_store(tmp_path)
    yield store
    store.close()


def stored(directory: Path) -> list[RequestEvent]:
    return list(read_events(directory, first_day=TODAY, last_day=TODAY))[::-1]


def fill(directory: Path, count: int = 2_000) -> None:
    store = make_store(directory)
    store.append(make_events(count))
    store.close()


def overwrite(path: Path, start: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


def test_a_file_that_is_no_database_is_moved_aside(
    tmp_path: Path, store: SqliteEvents, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_bytes(b"not a database " * 1000)
    with caplog.at_level(logging.ERROR):
        store.append(make_events(10))
    assert stored(tmp_path) == make_events(10)
    assert (tmp_path / f"{NAME}.corrupt-1").read_bytes().startswith(b"not a database")
    assert f"was moved to {NAME}.corrupt-1" in caplog.text


def test_a_damaged_index_is_noticed_while_writing(tmp_path: Path, store: SqliteEvents) -> None:
    fill(tmp_path)
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event_start'").fetchone()
    overwrite(tmp_path / NAME, (root - 1) * PAGE, b"\xff" * PAGE)
    store.append(make_events(10))
    assert stored(tmp_path) == make_events(10)
    assert (tmp_path / f"{NAME}.corrupt-1").stat().st_size > 100 * PAGE


def test_a_file_cut_short_is_moved_aside(tmp_path: Path, store: SqliteEvents) -> None:
    fill(tmp_path)
    with (tmp_path / NAME).open("r+b") as file:
        file.truncate(20 * PAGE)
    store.append(make_events(10))
    assert stored(tmp_path) == make_events(10)
    assert (tmp_path / f"{NAME}.corrupt-1").stat().st_size == 20 * PAGE


def test_each_damaged_file_is_kept_under_a_number_of_its_own(tmp_path: Path) -> None:
    for count in (1, 2, 3):
        (tmp_path / NAME).write_bytes(bytes([count]) * 5000)
        fill(tmp_path, 10)
        (tmp_path / NAME).unlink()
    aside = {number: (tmp_path / f"{NAME}.corrupt-{number}").read_bytes()[0] for number in (1, 2, 3)}
    assert aside == {1: 1, 2: 2, 3: 3}


def test_the_log_of_a_damaged_file_goes_with_it(tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"{NAME}{suffix}").write_bytes(suffix.encode())
    assert move_aside(tmp_path / NAME).name == f"{NAME}.corrupt-1"
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {f"{NAME}.corrupt-1{suffix}": suffix.encode() for suffix in ("", "-wal", "-shm")}


def test_a_damage_that_two_writers_see_is_moved_aside_once(tmp_path: Path, store: SqliteEvents) -> None:
    other = make_store(tmp_path)
    events = make_events(2_003)
    store.append(events[:1_000])
    other.append(events[1_000:2_000])
    for suffix in ("", "-wal"):
        size = (tmp_path / f"{NAME}{suffix}").stat().st_size
        overwrite(tmp_path / f"{NAME}{suffix}", 0, b"\xff" * size)
    for writer, event in zip((store, other, store), events[2_000:], strict=True):
        writer.append([event])
    other.close()
    assert stored(tmp_path) == events[2_000:]
    assert sorted(path.name for path in tmp_path.glob("*.corrupt-?")) == [f"{NAME}.corrupt-1"]


def test_a_writer_follows_when_another_has_moved_the_file_aside(tmp_path: Path, store: SqliteEvents) -> None:
    store.append(make_events(5))
    with locked(tmp_path):
        move_aside(tmp_path / NAME)
    late = make_events(5, NOON_MS + 1_000)
    store.append(late)
    assert stored(tmp_path) == late


def test_a_file_that_somebody_removed_is_begun_anew(tmp_path: Path, store: SqliteEvents) -> None:
    store.append(make_events(5))
    for path in tmp_path.glob(f"{NAME}*"):
        path.unlink()
    late = make_events(5, NOON_MS + 1_000)
    store.append(late)
    assert stored(tmp_path) == late


def test_an_empty_file_is_taken_for_a_new_one(tmp_path: Path, store: SqliteEvents) -> None:
    (tmp_path / NAME).touch()
    store.append(make_events(3))
    assert stored(tmp_path) == make_events(3)


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path, store: SqliteEvents) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("CREATE TABLE event (something_else)")
        connection.execute("PRAGMA user_version = 1000")
    with pytest.raises(StoreUnavailable, match=r"newer version of this program \(version 1000, known here up to \d+\)"):
        store.append(make_events(3))
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (0,)
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path: Path, store: SqliteEvents) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("CREATE TABLE event (something_else)")
    with pytest.raises(StoreUnavailable, match=r"events-20251123\.db: table event already exists"):
        store.append(make_events(3))
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_a_directory_in_the_place_of_the_file_is_said(tmp_path: Path, store: SqliteEvents) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be opened or written; check that it"):
        store.append(make_events(3))
    (tmp_path / NAME).rmdir()
    store.append(make_events(3))
    assert stored(tmp_path) == make_events(3)


def test_a_file_in_the_place_of_the_directory_is_said(tmp_path: Path) -> None:
    (tmp_path / "events").touch()
    store = make_store(tmp_path / "events")
    with pytest.raises(StoreUnavailable, match=r"File exists; cannot be opened or written; check that it"):
        store.append(make_events(3))


def test_a_directory_that_disappears_is_made_again(tmp_path: Path) -> None:
    store = make_store(tmp_path / "events")
    store.append(make_events(3))
    shutil.rmtree(tmp_path / "events")
    late = make_events(3, NOON_MS + 1_000)
    store.append(late)
    store.close()
    assert stored(tmp_path / "events") == late


def test_a_full_database_says_so_and_takes_the_same_batch_later(tmp_path: Path, store: SqliteEvents) -> None:
    events = make_events(2_000)
    store.append(events[:100])
    (file,) = store._files.values()
    file._connection.execute("PRAGMA max_page_count = 20")
    with pytest.raises(StoreUnavailable, match=r"is full; free space there, or keep fewer days \(SQLITE_FULL\)"):
        store.append(events)
    assert stored(tmp_path) == events[:100]
    store.append(events)
    assert stored(tmp_path) == events


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""


def test_a_database_that_another_process_holds_is_said_and_written_later(tmp_path: Path, store: SqliteEvents) -> None:
    events = make_events(300)
    store.append(events[:100])
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreUnavailable, match=r"another process holds it; `fuser`.*\(SQLITE_BUSY\)"):
            store.append(events)
        assert stored(tmp_path) == events[:100]
        holder.communicate()
    store.append(events)
    assert stored(tmp_path) == events


def test_an_error_without_a_remedy_is_handed_on_as_it_is() -> None:
    error = unavailable(sqlite3.ProgrammingError("what SQLite said"), Path("events-20251123.db"))
    assert error.message == "events-20251123.db: what SQLite said (ProgrammingError)"
    assert error.retryable
