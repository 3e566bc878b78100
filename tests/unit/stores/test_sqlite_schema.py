"""Versions of the layout: new files, older ones, newer ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from stellwerk.stores.sqlite.schema import COLUMNS, MIGRATIONS, ROWS, NewerSchema, insertion, migrate, version

NEXT = (
    *MIGRATIONS,
    ("ALTER TABLE event ADD COLUMN region TEXT DEFAULT ''", "CREATE INDEX event_region ON event (region)"),
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def columns(connection: sqlite3.Connection) -> list[str]:
    return [row[1] for row in connection.execute("PRAGMA table_info(event)")]


def test_a_new_file_has_a_column_for_each_field_of_an_event(connection: sqlite3.Connection) -> None:
    migrate(connection)
    assert sorted(columns(connection)) == sorted(COLUMNS)
    assert version(connection) == len(MIGRATIONS)


def test_an_older_file_is_brought_up_and_keeps_its_rows(connection: sqlite3.Connection) -> None:
    migrate(connection)
    connection.execute("INSERT INTO event (started_ms, request_id) VALUES (1, 'a')")
    migrate(connection, NEXT)
    assert connection.execute("SELECT started_ms, request_id, region FROM event").fetchall() == [(1, "a", "")]
    assert version(connection, NEXT) == len(NEXT)


def test_a_writer_of_the_older_version_can_go_on_in_a_migrated_file(connection: sqlite3.Connection) -> None:
    migrate(connection, NEXT)
    connection.execute(insertion(1), [0] * len(COLUMNS))
    assert connection.execute("SELECT region FROM event").fetchall() == [("",)]


def test_migrating_again_changes_nothing(connection: sqlite3.Connection) -> None:
    migrate(connection)
    before = connection.total_changes
    migrate(connection)
    assert connection.total_changes == before


def test_a_newer_file_is_refused(connection: sqlite3.Connection) -> None:
    migrate(connection, NEXT)
    with pytest.raises(NewerSchema):
        migrate(connection)
    assert version(connection, NEXT) == len(NEXT)


def test_a_step_that_fails_leaves_the_file_as_it_was(connection: sqlite3.Connection) -> None:
    migrate(connection)
    broken = (*MIGRATIONS, ("ALTER TABLE event ADD COLUMN region TEXT", "ALTER TABLE nowhere ADD COLUMN region TEXT"))
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        migrate(connection, broken)
    connection.rollback()
    assert sorted(columns(connection)) == sorted(COLUMNS)
    assert version(connection) == len(MIGRATIONS)


@pytest.mark.parametrize("rows", ROWS)
def test_a_statement_stays_below_the_parameters_that_sqlite_allows(connection: sqlite3.Connection, rows: int) -> None:
    assert rows * len(COLUMNS) <= 32_766
    migrate(connection)
    connection.execute(insertion(rows), [number for number in range(rows) for _ in COLUMNS])
    assert connection.execute("SELECT count(*) FROM event").fetchone() == (rows,)


def test_every_count_of_rows_can_be_made_of_statements() -> None:
    assert list(ROWS) == sorted(ROWS, reverse=True)
    assert ROWS[-1] == 1


def test_events_are_looked_up_by_their_start_without_a_scan(connection: sqlite3.Connection) -> None:
    migrate(connection)
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM event WHERE (started_ms, request_id) < (5, 'a') "
        "ORDER BY started_ms DESC, request_id DESC LIMIT 10"
    ).fetchall()
    assert [row[3] for row in plan] == ["SEARCH event USING INDEX event_start ((started_ms,request_id)<(?,?))"]
