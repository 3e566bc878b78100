"""A SQLite file that several processes use, and that can be lost: what is damaged is set aside and begun anew."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from stellwerk.errors import StoreUnavailable

PAGE_BYTES = 4_096
WAL_BYTES = 4_194_304
OUTSIDE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM,
}
"""Errors for which the file itself is not to blame."""
NONSENSE = (TypeError, ValueError, LookupError, ArithmeticError)
"""What becomes of work over a file in which values have changed."""

_T = TypeVar("_T")


class Layout(NamedTuple):
    """What a file has to hold: the statements that begin it, their version, and a query that needs them.

    A file of another version counts as damaged: where two versions of the program may meet, each has its own name.
    """

    version: int
    statements: str
    probe: str


class DatabaseFile:
    """One connection to the file, for one thread."""

    def __init__(self, path: Path, layout: Layout, busy_timeout_s: float) -> None:
        """Raises ``StoreUnavailable``; a file that is damaged is set aside first."""
        self._path = path
        try:
            self._connection, self._inode = _open(path, layout, busy_timeout_s)
        except (sqlite3.Error, OSError, *NONSENSE) as error:
            raise StoreUnavailable(f"{path}: {error}") from error

    def close(self) -> None:
        """Lets go of it."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def run(self, work: Callable[[sqlite3.Connection], _T], begin: str = "BEGIN") -> _T:
        """What some work came to, in a transaction. Raises ``StoreUnavailable``, and has changed nothing."""
        connection = self._connection
        try:
            connection.execute(begin)
            try:
                found = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.rollback()
                raise
        except (sqlite3.Error, *NONSENSE) as error:
            if _is_damage(error):
                self.close()
                _set_aside(self._path, self._inode)
            raise StoreUnavailable(f"{self._path}: {error}") from error
        return found

    def see_that_it_is_there(self) -> None:
        """Raises ``StoreUnavailable`` when the file was deleted, or is another one by now."""
        try:
            inode = self._path.stat().st_ino
        except OSError as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error
        if inode != self._inode:
            raise StoreUnavailable(f"{self._path}: it was replaced")


def _open(path: Path, layout: Layout, busy_timeout_s: float) -> tuple[sqlite3.Connection, int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # answers are nobody else's business
        try:
            return _connect(path, layout, busy_timeout_s), path.stat().st_ino
        except (sqlite3.Error, *NONSENSE) as error:
            if _is_damage(error):
                _put_away(path)
            raise


def _connect(path: Path, layout: Layout, busy_timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # both only where the file is new
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != layout.version:
            _begin(connection, layout, version)
        connection.execute(layout.probe).fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: sqlite3.Connection, layout: Layout, version: int) -> None:
    if version:
        raise sqlite3.DatabaseError(f"a layout of another version: {version}")
    pragma = f"PRAGMA user_version = {layout.version}"
    connection.executescript(f"BEGIN IMMEDIATE; {layout.statements} {pragma}; COMMIT;")


def _is_damage(error: Exception) -> bool:
    """Whether the file is at fault: not who else uses it, the disk, or its rights."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF not in OUTSIDE and not (code & 0xFF == sqlite3.SQLITE_READONLY and code > 0xFF)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While the file is opened, begun or set aside, nobody else of this program does so."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _set_aside(path: Path, inode: int) -> None:
    """Puts a damaged file away, unless another process has done so."""
    with suppress(OSError), _alone(path):
        if path.stat().st_ino == inode:
            _put_away(path)


def _put_away(path: Path) -> None:
    path.replace(path.with_name(f"{path.name}.damaged"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
