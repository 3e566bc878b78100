"""Tells this host's workers: what the database has committed is written as deltas of the directory, in order.

Each change of the database carries its delta in the same transaction, so that none is lost when this process dies; the
next one, or another host's, goes on where the file ``published`` says. What was lost with that file, or is older than
what the database keeps, is written as a new base.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
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
"""So many deltas on top of a base, and a new base is written, while further deltas follow the old one."""
AGAIN = 10
"""One that failed is tried again after this part of so many deltas."""


class Draft(Protocol):
    """A base that lies ready and is not yet read."""

    def commit(self, deltas: Sequence[DirectoryDelta]) -> None:
        """Replaces everything in one step, with these deltas behind the base. Raises ``OSError``."""
        ...

    def discard(self) -> None:
        """It is not wanted."""
        ...


class Publisher(Protocol):
    """Writes the directory that workers read. All raise ``OSError``; a delta that is there already changes nothing."""

    def draft_base(self, path: Path, version: int, keys: Iterable[KeyRecord], scopes: Iterable[ScopeRecord]) -> Draft:
        """Prepares to replace everything."""
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

    __slots__ = ("_database", "_failure", "_lock", "_mark", "_path", "_publisher", "_renew_at", "_renewal")

    def __init__(self, database: Database, publisher: Publisher, state: Path) -> None:
        self._database = database
        self._publisher = publisher
        self._path = state / DIRECTORY
        self._lock = threading.Lock()
        self._mark: _Mark | None = None
        self._renewal: threading.Thread | None = None
        self._renew_at = 0
        """Not before this version a new base is tried again."""
        self._failure: Exception | None = None
        """Why the last one was not written, until somebody has been told."""

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
                if (mark is None or (mark.database, mark.version) != (fact.text, fact.number)) and not self._append(
                    connection, fact.text, fact.number
                ):
                    self._write_base(connection, fact.text, fact.number)
            self._renew()
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def finish(self) -> None:
        """Waits for a new base that is being written."""
        if self._renewal is not None:
            self._renewal.join()

    def _append(self, connection: sa.Connection, database: str, version: int) -> bool:
        """Whether deltas were enough."""
        mark = self._mark
        if mark is None or mark.database != database or not mark.base <= mark.version < version:
            return False
        deltas = _deltas(connection, mark.version, version)
        if deltas is None:
            return False
        for delta in deltas:
            self._publisher.append_delta(self._path, delta)
            self._write_mark(_Mark(database, delta.version, mark.base))
        return True

    def _write_base(self, connection: sa.Connection, database: str, version: int) -> None:
        keys, scopes = records.everything(connection)
        self._publisher.draft_base(self._path, version, keys, scopes).commit(())
        self._write_mark(_Mark(database, version, version))

    # -- a new base while deltas go on

    def _renew(self) -> None:
        """Begins with a new base where there are many deltas: that of a million keys takes half a minute."""
        mark = self._mark
        if mark is None or mark.version - mark.base <= MOST_DELTAS or mark.version < self._renew_at:
            return
        if self._renewal is None or not self._renewal.is_alive():
            self._renew_at = mark.version + MOST_DELTAS // AGAIN
            self._renewal = threading.Thread(target=self._try_to_renew, name="new-base", daemon=True)
            self._renewal.start()

    def _try_to_renew(self) -> None:
        try:
            self._renewed()
        except (OSError, sa.exc.SQLAlchemyError) as error:
            self._failure = error

    def _renewed(self) -> None:
        with self._database.reading() as connection:
            fact = connection.execute(sa.select(facts).where(facts.c.name == DIRECTORY)).one()
            keys, scopes = records.everything(connection)
            draft = self._publisher.draft_base(self._path, fact.number, keys, scopes)
        with self._lock, self._database.reading() as connection:
            mark = self._mark
            deltas = None
            if mark is not None and mark.database == fact.text and mark.version >= fact.number:
                deltas = _deltas(connection, fact.number, mark.version)
            if mark is None or deltas is None:  # the database is another one by now
                draft.discard()
                return
            # Whoever dies from here on until the mark is written begins with a base of everything.
            (self._path / "published").unlink(missing_ok=True)
            draft.commit(deltas)
            self._write_mark(_Mark(mark.database, mark.version, fact.number))

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


def _deltas(connection: sa.Connection, after: int, until: int) -> list[DirectoryDelta] | None:
    """Those of the versions behind ``after``; ``None`` where the database does not keep them all any more."""
    within = (changes.c.version > after) & (changes.c.version <= until)
    rows = connection.execute(sa.select(changes).where(within).order_by(changes.c.version)).all()
    if [row.version for row in rows] != list(range(after + 1, until + 1)):
        return None
    return [msgspec.msgpack.decode(row.delta, type=DirectoryDelta) for row in rows]
