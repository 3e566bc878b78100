"""A cache in a SQLite file: for the workers of one host, over restarts.

An entry is acknowledged once another process can fetch it: then its batch is committed, and it is there when every
process is killed. (When the machine loses power, the last moments may be lost.) Each entry has a checksum. While the
file is locked for too long, the disk is full or fails, look-ups are misses and entries are not kept, which is counted.
A file that is damaged is set aside (``cache.db.damaged``), one that is deleted is begun anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from stellwerk.core.cached import CacheFigures, Purge
from stellwerk.core.entry_table import EntryTable
from stellwerk.core.purges import Numbered, read, written
from stellwerk.core.segmented_lru import PROTECTED_SHARE
from stellwerk.ports.cache import Cache
from stellwerk.tiering.database_file import PAGE_BYTES, DatabaseFile, Layout
from stellwerk.tiering.sealing import Seal, seal_of
from stellwerk.tiering.store import Beat, Found, Look, Told, Write
from stellwerk.tiering.tiered import TieredCache

FILE = "cache.db"
LAYOUT = Layout(1, Path(__file__).with_suffix(".sql").read_text("utf-8"), "SELECT last_purge FROM total")
"""Another layout takes another name of the file: workers of two versions may run side by side."""
ROW_BYTES = 400
"""What an entry takes in the file beside its bytes."""
SLICE = 200
"""How many entries are deleted in one transaction: others write in between."""
PURGE_S = 15.0
"""How long a purge stays in force at least: by then everybody has heard of it, and what was late is written."""
READ_BUSY_S = 0.05
WRONG_SUMS = "there is less than its sums say"

_FORMER = "DELETE FROM entry WHERE id = (SELECT entry FROM name WHERE name = ?) AND key = ?"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much the file may hold, in bytes; of that ``tenant_share`` by one tenant."""

    max_bytes: int = 1_073_741_824
    tenant_share: float = 0.5
    max_entry_bytes: int = 4_194_304
    memory_bytes: int = 4_194_304
    """What each worker keeps in memory of it."""
    busy_timeout_s: float = 1.0
    """How long another process may hold the file."""
    encryption_key: str = ""
    """The secret under which entries are encrypted; empty where they are not."""


class SqliteReading:
    """What the file holds."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self._file = DatabaseFile(path, LAYOUT, min(busy_timeout_s, READ_BUSY_S))

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

    def news(self, after: int, most: int) -> Told:
        """There are no other hosts."""
        del most
        return Told(after, ())

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

    def __init__(self, path: Path, settings: Settings, seal: Seal) -> None:
        self._file = DatabaseFile(path, LAYOUT, settings.busy_timeout_s)
        self._seal = seal
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
                    _insert(connection, write, self._seal.seal(write.blob), size, now_ms)

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
    """The cache of the state directory; nothing is opened yet. Raises what an ``Encryption`` raises."""
    path, seal = Path(directory) / FILE, seal_of(settings.encryption_key)
    memory = EntryTable(
        max_bytes=settings.memory_bytes,
        tenant_share=settings.tenant_share,
        max_entry_bytes=settings.max_entry_bytes,
    )
    reading = partial(SqliteReading, path, settings.busy_timeout_s)
    return TieredCache(memory, settings.max_entry_bytes, reading, partial(SqliteWriting, path, settings, seal), seal)


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


def _insert(connection: sqlite3.Connection, write: Write, content: bytes, size: int, now_ms: int) -> None:
    entry = write.entry
    row = (entry.key, entry.tenant, entry.model, entry.scope, entry.stored_ms, entry.stale_ms, write.after, now_ms)
    query = "INSERT INTO entry VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)"
    number = connection.execute(query, (*row, size, content)).lastrowid
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
