"""The file of one UTC day: its name, how it is opened and written, moved aside and removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import TypeVar

from msgspec.structs import astuple

from stellwerk.core.event import RequestEvent
from stellwerk.stores.sqlite.schema import ROWS, insertion, migrate

DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1)
WAL_LIMIT_BYTES = 64 * 1024 * 1024
"""What the write-ahead log is cut to after it has grown, say behind a long reader."""

_NAME = re.compile(r"events-(\d{4})(\d{2})(\d{2})\.db.*")
_T = TypeVar("_T")
_INSERTIONS = {rows: insertion(rows) for rows in ROWS}


class DayFile:
    """One connection to one day's file, used by one thread. Open it with the directory locked."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            # A killed process loses nothing that was committed; a power cut may lose the last moments, never more.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
            migrate(self._connection)
            self._identity = _identity(path)
        except BaseException:
            self.close()
            raise

    def write(self, events: Sequence[RequestEvent]) -> None:
        """Inserts the events in one transaction. After an error the file can only be closed."""
        self._connection.execute("BEGIN IMMEDIATE")
        start = 0
        for rows in ROWS:
            while len(events) - start >= rows:
                values = tuple(chain.from_iterable(map(astuple, events[start : start + rows])))
                self._connection.execute(_INSERTIONS[rows], values)
                start += rows
        self._connection.execute("COMMIT")

    def run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """What some work came to, in one transaction. After an error the file can only be closed."""
        self._connection.execute("BEGIN IMMEDIATE")
        found = work(self._connection)
        self._connection.execute("COMMIT")
        return found

    def is_in_place(self) -> bool:
        """Whether the file that is open here is still the one that its name leads to."""
        try:
            return _identity(self._path) == self._identity
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Closes the connection; what was not committed is undone."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.rollback()
        self._connection.close()


def path_of(directory: Path, day: int) -> Path:
    """The file of a day, counted from 1970-01-01."""
    return directory / f"events-{EPOCH + timedelta(days=day):%Y%m%d}.db"


def days_in(directory: Path) -> dict[Path, int]:
    """Everything that belongs to a day, with that day: files, their ``-wal`` and ``-shm``, and what was moved aside."""
    found = {}
    for path in directory.iterdir():
        if name := _NAME.fullmatch(path.name):
            with contextlib.suppress(ValueError):
                found[path] = (date(*(int(part) for part in name.groups())) - EPOCH).days
    return found


def move_aside(path: Path) -> Path:
    """Renames a damaged file and what belongs to it; gives its new name. Call it with the directory locked."""
    count = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{count}")).exists():
        count += 1
    # The file itself goes last: a log left behind without its file would be taken for the log of the next one.
    for suffix in ("-shm", "-wal", ""):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keeps other processes from opening, moving or removing files of the directory, which is made when missing."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
