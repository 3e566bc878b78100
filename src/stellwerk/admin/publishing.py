"""Tells this host's workers: what the database has committed is written as deltas of the directory, in order.

Each change of the database carries its delta in the same transaction, so that none is lost when this process dies; the
next one, or another host's, goes on where the file ``published`` says. What was lost with that file, or is older than
what the database keeps, is written as a new base.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec
import sqlalchemy as sa

from stellwerk.admin import records
from stellwerk.admin.database import Database
from stellwerk.admin.tables import changes, facts
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeRecord

DIRECTORY = "directory"
MOST_DELTAS = 10_000
"""So many deltas on top of a base, and a new base is written."""


class Publisher(Protocol):
    """Writes the directory that workers read. Both raise ``OSError``; a delta that is there already changes nothing."""

    def write_base(self, path: Path, version: int, keys: Iterable[KeyRecord], scopes: Iterable[ScopeRecord]) -> None:
        """Replaces everything."""
        ...

    def append_delta(self, path: Path, delta: DirectoryDelta) -> None:
        """Adds the next version."""
        ...


class _Mark(msgspec.Struct, frozen=True):
    """The file ``published``: which database, up to which version, and from which base on."""

    database: str
    version: int
    base: int


class Publishing:
    """The directory of one host. May be called from any thread."""

    __slots__ = ("_database", "_lock", "_mark", "_path", "_publisher")

    def __init__(self, database: Database, publisher: Publisher, state: Path) -> None:
        self._database = database
        self._publisher = publisher
        self._path = state / DIRECTORY
        self._lock = threading.Lock()
        self._mark: _Mark | None = None

    @property
    def version(self) -> int:
        """The version that workers can read; 0 before there is one."""
        return self._mark.version if self._mark is not None else 0

    def catch_up(self) -> None:
        """Writes whatever is committed and not written yet. Raises ``OSError`` and what the database raises."""
        with self._lock:
            if self._mark is None:
                self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._mark = self._read_mark()
            with self._database.reading() as connection:
                fact = connection.execute(sa.select(facts).where(facts.c.name == DIRECTORY)).one()
                mark = self._mark
                if mark is not None and (mark.database, mark.version) == (fact.text, fact.number):
                    return
                if not self._append(connection, fact.text, fact.number):
                    self._write_base(connection, fact.text, fact.number)

    def _append(self, connection: sa.Connection, database: str, version: int) -> bool:
        """Whether deltas were enough."""
        mark = self._mark
        if mark is None or mark.database != database or not mark.base <= mark.version < version:
            return False
        if version - mark.base > MOST_DELTAS:
            return False
        query = sa.select(changes).where(changes.c.version > mark.version).order_by(changes.c.version)
        rows = connection.execute(query).all()
        if [row.version for row in rows] != list(range(mark.version + 1, version + 1)):
            return False
        for row in rows:
            self._publisher.append_delta(self._path, msgspec.msgpack.decode(row.delta, type=DirectoryDelta))
            self._write_mark(_Mark(database, row.version, mark.base))
        return True

    def _write_base(self, connection: sa.Connection, database: str, version: int) -> None:
        keys, scopes = records.everything(connection)
        self._publisher.write_base(self._path, version, keys, scopes)
        self._write_mark(_Mark(database, version, version))

    def _read_mark(self) -> _Mark | None:
        try:
            return msgspec.json.decode((self._path / "published").read_bytes(), type=_Mark)
        except (OSError, msgspec.MsgspecError):
            return None

    def _write_mark(self, mark: _Mark) -> None:
        """Without waiting for the disk: a mark that is behind has a delta written twice, which changes nothing."""
        draft = self._path / ".published"
        draft.write_bytes(msgspec.json.encode(mark))
        draft.replace(self._path / "published")
        self._mark = mark
