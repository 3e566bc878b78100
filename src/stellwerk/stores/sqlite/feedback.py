"""What callers say of answers, beside the requests that it is about: a table of each day's file, and gone with it.

It is no column of the requests: these are written once, in batches, by whichever process has served them, and rewriting
a row of forty columns for each word about it would let two writers meet in it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from stellwerk.core.event import RequestEvent
from stellwerk.core.feedback import BAD, Feedback
from stellwerk.stores.sqlite.day_file import DAY_MS, DayFile, locked, path_of
from stellwerk.stores.sqlite.faults import unavailable
from stellwerk.stores.sqlite.read import reading
from stellwerk.stores.sqlite.schema import NewerSchema

BUSY_TIMEOUT_S = 2.0
_COLUMNS = "request_id, at_ms, key_name, value, comment"


def keep_feedback(directory: Path, event: RequestEvent, feedback: Feedback) -> bool:
    """Keeps it in the place of what was said of the request before; whether it is the first that calls it bad.

    Raises ``StoreUnavailable``.
    """
    path = path_of(directory, event.started_ms // DAY_MS)
    try:
        with locked(directory):
            file = DayFile(path, BUSY_TIMEOUT_S)
        with closing(file):
            return file.run(lambda connection: _keep(connection, feedback))
    except (sqlite3.Error, OSError, NewerSchema) as fault:
        raise unavailable(fault, path) from fault


def find_feedback(directory: Path, event: RequestEvent) -> Feedback | None:
    """What was said of a request last. Raises ``StoreUnavailable``."""
    query = f"SELECT {_COLUMNS} FROM feedback WHERE request_id = ?"  # noqa: S608 - names of our own
    with reading(path_of(directory, event.started_ms // DAY_MS)) as connection:
        if connection is None or not connection.execute(_IS_THERE).fetchone():
            return None
        row = connection.execute(query, (event.request_id,)).fetchone()
    return Feedback(*row) if row is not None else None


_IS_THERE = "SELECT 1 FROM sqlite_master WHERE name = 'feedback'"


def _keep(connection: sqlite3.Connection, feedback: Feedback) -> bool:
    before = connection.execute("SELECT was_bad FROM feedback WHERE request_id = ?", (feedback.request_id,)).fetchone()
    was_bad, is_bad = before is not None and bool(before[0]), feedback.value == BAD
    row = (feedback.request_id, feedback.at_ms, feedback.key_name, feedback.value, feedback.comment, was_bad or is_bad)
    statement = f"INSERT OR REPLACE INTO feedback ({_COLUMNS}, was_bad) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - the same
    connection.execute(statement, row)
    return is_bad and not was_bad
