"""A cache in a SQLite file: for the workers of one host, over restarts.

An entry is acknowledged once another process can fetch it: then its batch is committed, and it is there when every
process is killed. (When the machine loses power, the last moments may be lost.) Each entry has a checksum. While the
file is locked for too long, the disk is full or fails, look-ups are misses and entries are not kept, which is counted.
A file that is damaged is set aside (``cache.db.damaged``), one that is deleted is begun anew.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from stellwerk.core.cached import CacheFigures, Purge
from stellwerk.core.entry_table import EntryTable
from stellwerk.core.purges import Numbered, read, written
from stellwerk.core.segmented_lru import PROTECTED_SHARE
from stellwerk.core.stored_entry import sealed
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.cache import Cache
from stellwerk.tiering.store import Beat, Found, Look, Write
from stellwerk.tiering.tiered import TieredCache

FILE = "cache.db"
VERSION = 1
SCHEMA = Path(__file__).with_suffix(".sql")
ROW_BYTES = 400
"""What an entry takes in the file beside its bytes."""
SLICE = 200
"""How many entries are deleted in one transaction: others write in between."""
PURGE_S = 15.0
"""How long a purge stays in force at least: by then everybody has heard of it, and what was late is written."""
PAGE_BYTES = 4_096
WAL_BYTES = 4_194_304
READ_BUSY_S = 0.05
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
WRONG_SUMS = "there is less than its sums say"

NONSENSE = (TypeError, ValueError, LookupError, ArithmeticError)
"""What becomes of work over a file in which values have changed."""
_FORMER = "DELETE FROM entry WHERE id = (SELECT entry FROM name WHERE name = ?) AND key = ?"
_T = TypeVar("_T")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much the file may hold, in bytes; of that ``tenant_share`` by one tenant."""

    max_bytes: int = 1_073_741_824
    tenant_share: float = 0.5
    max_entry_bytes: int = 4_194_304
    memory_bytes: int = 8_388_608
    """What each worker keeps in memory of it."""
    busy_timeout_s: float = 1.0
    """How long another process may hold the file."""


class _File:
    """One connection to the file, for one thread."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        """Raises ``StoreUnavailable``; a file that is damaged is set aside first."""
        self._path = path
        try:
            self._connection = _open(path, busy_timeout_s)
            self._inode = path.stat().st_ino
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


class SqliteReading:
    """What the file holds."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self._file = _File(path, min(busy_timeout_s, READ_BUSY_S))

    def look(self, questions: Sequence[tuple[bytes, ...]], seen: int) -> Look:
        """What lies under these keys or aliases."""

        def work(connection: sqlite3.Connection) -> Look:
            (last,) = connection.execute("SELECT last_purge FROM total").fetchone()
            purges = _purges(connection, seen) if last != seen else ()
            return Look(int(last), purges, [[*_found(connection, keys)] for keys in questions])

        return self._file.run(work)

    def beat(self) -> Beat:
        """How things are."""
        self._file.see_that_it_is_there()

        def work(connection: sqlite3.Connection) -> Beat:
            query = "SELECT last_purge, entries, size, evicted, expired FROM total"
            last, *held = connection.execute(query).fetchone()
            return Beat(int(last), _purges(connection, 0), CacheFigures(*map(int, held)))

        return self._file.run(work)

    def everything(self, now_ms: int) -> Iterator[Found]:
        """Every entry, some at a time: no transaction stays open in between."""
        query = "SELECT id, body, after FROM entry WHERE id > ? AND stale_ms > ? ORDER BY id LIMIT 64"
        last = -1
        while rows := self._file.run(lambda one: one.execute(query, (last, now_ms)).fetchall()):  # noqa: B023
            last = rows[-1][0]
            yield from (_whole(*row[1:]) for row in rows)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()


class SqliteWriting:
    """What changes the file."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self._file = _File(path, settings.busy_timeout_s)
        self._swept: set[int] = set()
        """Purges in force of which nothing was left."""
        self._max_bytes = settings.max_bytes
        self._tenant_bytes = int(settings.max_bytes * settings.tenant_share)

    def write(self, writes: Sequence[Write], now_ms: int) -> None:
        """Keeps entries; others go to make room."""
        self._file.see_that_it_is_there()

        def work(connection: sqlite3.Connection) -> None:
            for write in writes:
                key, size = write.entry.key, _size(write)
                connection.execute(_FORMER, (key, key))
                if write.entry.stale_ms > now_ms and size <= self._tenant_bytes:
                    self._make_room(connection, write.entry.tenant, size)
                    _insert(connection, write, size, now_ms)

        self._file.run(work, "BEGIN IMMEDIATE")

    def touch(self, keys: Iterable[bytes], now_ms: int) -> None:
        """These entries were used."""
        query = "UPDATE entry SET protected = 1, used_ms = ? WHERE id = (SELECT entry FROM name WHERE name = ?)"

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(query, [(now_ms, key) for key in keys])
            self._protect_less(connection, now_ms)

        self._file.run(work, "BEGIN IMMEDIATE")

    def purge(self, purge: Purge, now_ms: int) -> int:
        """One row, whatever it concerns."""
        self._file.see_that_it_is_there()

        def work(connection: sqlite3.Connection) -> int:
            query = "UPDATE total SET last_purge = last_purge + 1 RETURNING last_purge"
            number: int = connection.execute(query).fetchall()[0][0]
            connection.execute("INSERT INTO purge VALUES (?, ?, ?)", (number, now_ms, written(purge)))
            return number

        return self._file.run(work, "BEGIN IMMEDIATE")

    def tend(self, now_ms: int) -> bool:
        """Deletes a slice of what is over, or else of what a purge concerns. It is looked for without a lock."""
        self._file.see_that_it_is_there()
        expired = self._delete("stale_ms <= ?", (now_ms,), "UPDATE total SET expired = expired + ?")
        if expired:
            return expired == SLICE
        purges = self._file.run(lambda one: one.execute("SELECT number, at_ms, body FROM purge").fetchall())
        for number, at_ms, body in purges:
            is_old = at_ms < now_ms - PURGE_S * 1_000
            if number in self._swept and not is_old:
                continue
            conditions, values = _conditions(read(body))
            if self._delete(conditions, (number, *values)):
                return True
            self._swept.add(number)
            if is_old:
                self._file.run(partial(_forget, number=number), "BEGIN IMMEDIATE")
                self._swept.discard(number)
        return self._file.run(_shrink, "BEGIN IMMEDIATE")

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def _delete(self, conditions: str, values: Sequence[object], counting: str = "") -> int:
        """A slice of what fulfils these conditions; how many that were."""
        query = f"SELECT id FROM entry WHERE {conditions} LIMIT {SLICE}"  # noqa: S608  # of constants
        rows = self._file.run(lambda connection: connection.execute(query, values).fetchall())

        def work(connection: sqlite3.Connection) -> None:
            gone = connection.executemany("DELETE FROM entry WHERE id = ?", rows).rowcount
            if counting:
                connection.execute(counting, (gone,))

        if rows:
            self._file.run(work, "BEGIN IMMEDIATE")
        return len(rows)

    def _make_room(self, connection: sqlite3.Connection, tenant: str, size: int) -> None:
        """For something new, which therefore does not go itself."""
        query, most = "SELECT sum(size) FROM share WHERE tenant = ?", self._tenant_bytes - size
        while _number(connection, query, tenant) > most:
            _evict(connection, "tenant = ?", tenant)
        while _number(connection, "SELECT size FROM total") > self._max_bytes - size:
            _evict(connection, "1")
        # Pages are not filled to their ends.
        while _taken(connection) > self._max_bytes - size and _number(connection, "SELECT entries FROM total"):
            _evict(connection, "1")

    def _protect_less(self, connection: sqlite3.Connection, now_ms: int) -> None:
        """What is protected and was used longest ago is on probation again."""
        query = "SELECT id FROM entry WHERE protected = 1 ORDER BY used_ms LIMIT 32"
        most = self._max_bytes * PROTECTED_SHARE
        while _number(connection, "SELECT protected FROM total") > most:
            update = f"UPDATE entry SET protected = 0, used_ms = ? WHERE id IN ({query})"  # noqa: S608  # of constants
            if not connection.execute(update, (now_ms,)).rowcount:
                raise sqlite3.DatabaseError(WRONG_SUMS)


def build(settings: Settings, *, directory: str | Path) -> Cache:
    """The cache of the state directory; nothing is opened yet."""
    path = Path(directory) / FILE
    memory = EntryTable(
        max_bytes=settings.memory_bytes,
        tenant_share=settings.tenant_share,
        max_entry_bytes=settings.max_entry_bytes,
    )
    reading = partial(SqliteReading, path, settings.busy_timeout_s)
    return TieredCache(memory, settings.max_entry_bytes, reading, partial(SqliteWriting, path, settings))


def _found(connection: sqlite3.Connection, keys: Iterable[bytes]) -> Iterator[Found]:
    query = "SELECT body, after FROM name JOIN entry ON entry.id = name.entry WHERE name = ?"
    for key in keys:
        for row in connection.execute(query, (key,)):
            yield _whole(*row)


def _whole(body: object, after: object) -> Found:
    """What a row holds; nothing where it is not what was written."""
    return Found(body, after) if isinstance(body, bytes) and isinstance(after, int) else Found(b"", 0)


def _taken(connection: sqlite3.Connection) -> int:
    """Bytes of pages that hold something."""
    return (_number(connection, "PRAGMA page_count") - _number(connection, "PRAGMA freelist_count")) * PAGE_BYTES


def _shrink(connection: sqlite3.Connection) -> bool:
    """Gives back a part of what is free, where that is much; whether there was any."""
    pages, free = _number(connection, "PRAGMA page_count"), _number(connection, "PRAGMA freelist_count")
    if free < max(pages // 4, 1_000):
        return False
    for _ in range(SLICE):  # the module steps once, which is one page, whatever is said here
        connection.execute("PRAGMA incremental_vacuum(1)")
    return True


def _purges(connection: sqlite3.Connection, seen: int) -> list[Numbered]:
    rows = connection.execute("SELECT number, body FROM purge WHERE number > ?", (seen,))
    return [(number, read(body)) for number, body in rows]


def _size(write: Write) -> int:
    return len(write.blob) + ROW_BYTES + 80 * (len(write.entry.aliases) + len(write.entry.tags))


def _insert(connection: sqlite3.Connection, write: Write, size: int, now_ms: int) -> None:
    entry = write.entry
    row = (entry.key, entry.tenant, entry.model, entry.scope, entry.stored_ms, entry.stale_ms, write.after, now_ms)
    query = "INSERT INTO entry VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)"
    number = connection.execute(query, (*row, size, sealed(write.blob))).lastrowid
    taking = "INSERT INTO name VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET entry = excluded.entry"
    connection.execute(taking, (entry.key, number))
    free = " WHERE (SELECT key FROM entry WHERE id = name.entry) <> name.name"  # keys go before aliases
    connection.executemany(taking + free, [(alias, number) for alias in entry.aliases])
    connection.executemany("INSERT OR IGNORE INTO tag VALUES (?, ?)", [(tag, number) for tag in entry.tags])


def _evict(connection: sqlite3.Connection, condition: str, *values: object) -> None:
    """Some of what is on probation and was used longest ago; of what is protected where there is nothing else."""
    query = f"SELECT id FROM entry WHERE {condition} ORDER BY protected, used_ms, id LIMIT 8"  # noqa: S608  # of constants
    gone = connection.execute(f"DELETE FROM entry WHERE id IN ({query})", values).rowcount  # noqa: S608  # of constants
    if not gone:
        raise sqlite3.DatabaseError(WRONG_SUMS)
    connection.execute("UPDATE total SET evicted = evicted + ?", (gone,))


def _forget(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("DELETE FROM purge WHERE number = ?", (number,))


def _conditions(purge: Purge) -> tuple[str, list[Any]]:
    conditions: list[tuple[str, Any]] = [
        ("tenant = ?", purge.tenant),
        ("model = ?", purge.model),
        ("id IN (SELECT entry FROM tag WHERE tag = ?)", purge.tag),
        ("id IN (SELECT entry FROM name WHERE name = ?)", purge.key),
        ("scope = ?", purge.scope),
        ("stored_ms < ?", purge.before_ms),
    ]
    said = [(condition, value) for condition, value in conditions if value is not None]
    return " AND ".join(["after < ?", *(condition for condition, _ in said)]), [value for _, value in said]


def _number(connection: sqlite3.Connection, query: str, *values: object) -> int:
    (found,) = connection.execute(query, values).fetchone()
    return found or 0


def _open(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # answers are nobody else's business
        try:
            return _connect(path, busy_timeout_s)
        except (sqlite3.Error, *NONSENSE) as error:
            if _is_damage(error):
                _put_away(path)
            raise


def _connect(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # both only where the file is new
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            _begin(connection, version)
        connection.execute("SELECT last_purge FROM total").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: sqlite3.Connection, version: int) -> None:
    if version:
        raise sqlite3.DatabaseError(f"a layout of another version: {version}")
    # Numbers begin with the time: those of a file that was begun anew are never below those of the former one.
    first = f"INSERT INTO total (last_purge) VALUES ({int(time.time() * 1_000)})"  # noqa: S608  # a number
    statements = SCHEMA.read_text("utf-8")
    connection.executescript(f"BEGIN IMMEDIATE; {statements} {first}; PRAGMA user_version = {VERSION}; COMMIT;")


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
