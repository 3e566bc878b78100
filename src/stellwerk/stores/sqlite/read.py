"""Reads events back, newest first, while others write. A file that cannot be read is ``StoreUnavailable``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from stellwerk.core.event import RequestEvent
from stellwerk.stores.sqlite.day_file import DAY_MS, EPOCH, path_of
from stellwerk.stores.sqlite.faults import unavailable
from stellwerk.stores.sqlite.schema import COLUMNS, NewerSchema, version

_PAGE = 500
"""Rows of one query. Between two of them no snapshot is held, so that a slow reader does not make the log grow."""
_BUSY_TIMEOUT_S = 10.0
_UPLOAD_MS = 3_600_000
"""A request's id is drawn when its head arrives, its start is when its body is there: so much later at most."""
_LAST_DAY = (date.max - EPOCH).days
_TRUTHS = tuple(n for n, field in enumerate(msgspec.structs.fields(RequestEvent)) if field.type is bool)
"""Columns that SQLite keeps as 0 and 1."""

_EMPTY = {
    field.name: "NULL" if field.default is None else "''" if field.type is str else "0"
    for field in msgspec.structs.fields(RequestEvent)
}


def read_events(
    directory: Path,
    *,
    first_day: date,
    last_day: date,
    limit: int | None = None,
    before: tuple[int, str] | None = None,
    only: Mapping[str, str] | None = None,
    since_ms: int = 0,
) -> Iterator[RequestEvent]:
    """Events that started on the days from ``first_day`` to ``last_day`` (UTC, both included), newest first.

    ``before`` is the ``(started_ms, request_id)`` of the last event already seen, ``since_ms`` the earliest start,
    ``only`` the values that fields must have (texts that each version of the layout has). Raises ``StoreUnavailable``.
    """
    wanted = {name: value for name, value in (only or {}).items() if name in COLUMNS}
    restriction = (since_ms, "".join(f" AND {name} = ?" for name in wanted), tuple(wanted.values()))
    left = limit
    for day in range((last_day - EPOCH).days, (first_day - EPOCH).days - 1, -1):
        if left == 0:
            return
        for page in _pages(path_of(directory, day), before, left, restriction):
            yield from page
            left = left if left is None else left - len(page)


def find_event(directory: Path, request_id: str) -> RequestEvent | None:
    """The event of a request, found by the time that its id begins with. Raises ``StoreUnavailable``."""
    try:
        since_ms = int(request_id[:12], 16)
    except ValueError:
        return None
    until_ms = since_ms + _UPLOAD_MS
    condition = "started_ms BETWEEN ? AND ? AND request_id = ? ORDER BY started_ms LIMIT 1"
    for day in range(since_ms // DAY_MS, min(until_ms // DAY_MS, _LAST_DAY) + 1):
        with reading(path_of(directory, day)) as connection:
            for event in _select(connection, condition, (since_ms, until_ms, request_id)):
                return event
    return None


def _pages(
    path: Path, before: tuple[int, str] | None, limit: int | None, restriction: tuple[int, str, tuple[str, ...]]
) -> Iterator[list[RequestEvent]]:
    since_ms, matches, values = restriction
    condition = (
        f"(started_ms, request_id) < (?, ?) AND started_ms >= ?{matches} "
        "ORDER BY started_ms DESC, request_id DESC LIMIT ?"
    )
    with reading(path) as connection:
        stamp, request_id = before if before is not None else (2**63 - 1, "")
        left = limit
        while left is None or left > 0:
            rows = _PAGE if left is None else min(left, _PAGE)
            page = _select(connection, condition, (stamp, request_id, since_ms, *values, rows))
            if page:
                yield page
            if len(page) < rows:
                return
            stamp, request_id = page[-1].started_ms, page[-1].request_id
            left = left if left is None else left - rows


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection that cannot write, or nothing where there is no file."""
    try:
        if not path.exists():
            yield None
            return
        address = f"file:{quote(str(path))}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            yield connection
    except (sqlite3.Error, OSError, NewerSchema) as fault:
        raise unavailable(fault, path) from fault


def _select(
    connection: sqlite3.Connection | None, condition: str, parameters: tuple[int | str, ...]
) -> list[RequestEvent]:
    """Rows as events. A field that an older file has no column for is empty."""
    if connection is None or version(connection) == 0:
        return []
    present = {row[1] for row in connection.execute("PRAGMA table_info(event)")}
    columns = ",".join(name if name in present else empty for name, empty in _EMPTY.items())
    query = f"SELECT {columns} FROM event WHERE {condition}"  # noqa: S608 - names and conditions of our own
    return [_event(list(row)) for row in connection.execute(query, parameters)]


def _event(values: list[Any]) -> RequestEvent:
    for n in _TRUTHS:
        values[n] = bool(values[n])
    return RequestEvent(*values)
