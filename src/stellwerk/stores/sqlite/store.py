"""Appends events to the files of their days, and removes days that are no longer kept."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from stellwerk.core.event import RequestEvent
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.clock import WallClock
from stellwerk.stores.sqlite.day_file import DAY_MS, DayFile, days_in, locked, move_aside, path_of
from stellwerk.stores.sqlite.faults import is_damage, unavailable
from stellwerk.stores.sqlite.schema import NewerSchema

_LOG = logging.getLogger(__name__)
_TRIES = 3
"""How often one batch follows a file that is moved aside or replaced under its hands."""
_INTEGER_LIMIT = 2**63 - 1

_started_ms = attrgetter("started_ms")


class SqliteEvents:
    """Files ``events-YYYYMMDD.db`` of a directory, shared by the processes of a host.

    Every event is in the file of the day on which its request started. Days are removed whole: unlinking gives the
    space back at once, which deleting rows never does.
    """

    def __init__(
        self, directory: Path, *, retention_days: int, busy_timeout_s: float, wall_clock: WallClock = time.time
    ) -> None:
        self._directory = directory
        self._retention_days = retention_days
        self._busy_timeout_s = busy_timeout_s
        self._wall_clock = wall_clock
        self._swept_on = -1
        self._files: dict[int, DayFile] = {}

    def append(self, events: Sequence[RequestEvent]) -> None:
        """Writes a batch, in one transaction for each day in it. Giving the same batch again writes nothing twice.

        Raises ``StoreUnavailable``.
        """
        self._sweep()
        days = _by_day(events)
        for day in sorted(days):
            self._write(day, days[day])
        for day in self._files.keys() - days.keys():
            self._files.pop(day).close()

    def close(self) -> None:
        """Closes all files; the last process to do so empties their write-ahead logs."""
        while self._files:
            self._files.popitem()[1].close()

    def _write(self, day: int, events: Sequence[RequestEvent]) -> None:
        path = path_of(self._directory, day)
        for _ in range(_TRIES):
            try:
                if self._is_written(day, events, path):
                    return
            except (sqlite3.Error, OSError, NewerSchema) as fault:
                raise unavailable(fault, path) from fault
            except (OverflowError, UnicodeEncodeError):
                self._files.pop(day).close()
                events = [_storable(event) for event in events]
        raise StoreUnavailable(f"{path}: replaced or damaged again and again; check what else uses it, and the disk")

    def _is_written(self, day: int, events: Sequence[RequestEvent], path: Path) -> bool:
        file = self._files.get(day) or self._open(day, path)
        try:
            file.write(events)
        except sqlite3.Error as fault:
            self._files.pop(day).close()
            if not is_damage(fault):
                raise
            with locked(self._directory):
                if file.is_in_place():
                    _replace(path, fault)
            return False
        if file.is_in_place():
            return True
        # Another process has moved the file aside, or somebody has removed it: the events belong into the new one.
        self._files.pop(day).close()
        return False

    def _open(self, day: int, path: Path) -> DayFile:
        with locked(self._directory):
            try:
                file = DayFile(path, self._busy_timeout_s)
            except sqlite3.Error as fault:
                if not is_damage(fault):
                    raise
                _replace(path, fault)
                file = DayFile(path, self._busy_timeout_s)
        self._files[day] = file
        return file

    def _sweep(self) -> None:
        """Removes what is older than the days to keep, once a day."""
        today = int(self._wall_clock() * 1000) // DAY_MS
        if today == self._swept_on:
            return
        try:
            with locked(self._directory):
                for path, day in days_in(self._directory).items():
                    if day < today - self._retention_days:
                        _remove(path)
        except OSError as fault:
            raise unavailable(fault, self._directory) from fault
        self._swept_on = today


def _by_day(events: Sequence[RequestEvent]) -> dict[int, Sequence[RequestEvent]]:
    if not events:
        return {}
    stamps = list(map(_started_ms, events))
    first, last = min(stamps) // DAY_MS, max(stamps) // DAY_MS
    if first == last:
        return {first: events}
    days: dict[int, list[RequestEvent]] = {}
    for stamp, event in zip(stamps, events, strict=True):
        days.setdefault(stamp // DAY_MS, []).append(event)
    return {**days}


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as fault:
        _LOG.warning("an old day of the event log is not removed: %s", unavailable(fault, path))


def _replace(path: Path, fault: sqlite3.Error) -> None:
    aside = move_aside(path)
    _LOG.error(
        "%s is damaged (%s) and was moved to %s; a new file is begun; `sqlite3 %s .recover` may save what it holds",
        path,
        fault,
        aside.name,
        aside,
    )


def _storable(event: RequestEvent) -> RequestEvent:
    """The event with whatever SQLite cannot hold (lone surrogates, integers over 64 bits) replaced or cut."""
    return RequestEvent(*(_cut(value) for value in msgspec.structs.astuple(event)))


def _cut(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return max(min(value, _INTEGER_LIMIT), -_INTEGER_LIMIT)
