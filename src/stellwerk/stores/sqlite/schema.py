"""The layout of a day's file, its versions, and the statements that fill it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from stellwerk.core.event import RequestEvent

COLUMNS = RequestEvent.__struct_fields__
"""Columns of the table ``event``: the fields of the value, in their order."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE event (
            started_ms INTEGER, request_id TEXT, dialect TEXT, key_name TEXT, team TEXT, model TEXT, provider TEXT,
            provider_model TEXT, outcome TEXT, status INTEGER, error TEXT, is_stream INTEGER, attempts INTEGER,
            latency_us INTEGER, first_byte_us INTEGER, overhead_us INTEGER, input_tokens INTEGER,
            output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, reasoning_tokens INTEGER,
            request_bytes INTEGER, reply_bytes INTEGER, finish TEXT, tags TEXT, cost_nanos INTEGER
        )
        """,
        # One index is order and identity at once. Rows arrive in the order in which requests end: keyed by their
        # start, a table WITHOUT ROWID rewrites a page of whole rows for nearly every event and costs 2.4 times as much.
        "CREATE UNIQUE INDEX event_start ON event (started_ms, request_id)",
    ),
    (
        "ALTER TABLE event ADD COLUMN extra_cost_nanos INTEGER DEFAULT 0",
        "ALTER TABLE event ADD COLUMN route TEXT DEFAULT ''",
    ),
    ("ALTER TABLE event ADD COLUMN is_estimated INTEGER DEFAULT 0",),
    (
        "ALTER TABLE event ADD COLUMN service_tier TEXT DEFAULT ''",
        "ALTER TABLE event ADD COLUMN usage_details TEXT DEFAULT ''",
        "ALTER TABLE event ADD COLUMN price_version TEXT DEFAULT ''",
        "ALTER TABLE event ADD COLUMN reported_nanos INTEGER",
    ),
    ("ALTER TABLE event ADD COLUMN guardrails TEXT DEFAULT ''",),
    ("ALTER TABLE event ADD COLUMN cache TEXT DEFAULT ''",),
    (
        "ALTER TABLE event ADD COLUMN savings TEXT DEFAULT ''",
        "ALTER TABLE event ADD COLUMN prompt_cache TEXT DEFAULT ''",
    ),
    (
        "ALTER TABLE event ADD COLUMN optimize TEXT DEFAULT ''",
        "ALTER TABLE event ADD COLUMN optimize_tokens INTEGER DEFAULT 0",
    ),
    (
        "ALTER TABLE event ADD COLUMN organization TEXT DEFAULT ''",
        """
        CREATE TABLE feedback (
            request_id TEXT PRIMARY KEY, at_ms INTEGER, key_name TEXT, value INTEGER, comment TEXT, was_bad INTEGER
        )
        """,
    ),
)
"""Statements that lead from each version to the next; the version is their number. Steps may only add what older
workers can leave out: a column has a default."""

ROWS = (500, 100, 25, 5, 1)
"""Sizes of the insert statements. One statement binds its rows with the interpreter lock held, then steps through all
of them without it: large enough to take the lock rarely, for
each time costs both threads more than a hundred rows do; small enough to hold it for well under a millisecond."""


def insertion(rows: int) -> str:
    """The statement that inserts so many rows, leaving out those that are already there."""
    row = f"({','.join('?' * len(COLUMNS))})"
    return (
        f"INSERT INTO event ({','.join(COLUMNS)}) VALUES {','.join([row] * rows)} "  # noqa: S608 - names of our own
        "ON CONFLICT (started_ms, request_id) DO NOTHING"
    )


class NewerSchema(Exception):
    """A file that a newer version of this program has written."""


def migrate(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Brings a file, new or old, to the newest version. Raises ``NewerSchema`` and leaves a newer one alone."""
    if version(connection, migrations) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    for step in migrations[version(connection, migrations) :]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(migrations)}")
    connection.execute("COMMIT")


def version(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> int:
    """The file's version. Raises ``NewerSchema`` for one that is not known here."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > len(migrations):
        raise NewerSchema(f"version {found}, known here up to {len(migrations)}")
    return found
