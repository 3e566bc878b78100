"""A counter in a SQLite file: for the workers of one host. What was spent outlives every process.

All calls run in a thread of their own, one after the other, each in one transaction: the event loop never waits for the
disk. While the file cannot be written (disk full, held by another process for too long, damaged), every call raises
``StoreUnavailable`` and has changed nothing. A process that is killed loses nothing that was told to it before; after
a power cut, what was spent in the last moments may be missing.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from stellwerk.core.ledger import NEW, Account, Grant, Kind, Return, Shortage, State, Take, forfeit, give, take_all
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.counter import Counter

FILE = "counters.db"
KEPT_S = 90 * 86_400
"""Accounts of periods that ended so long ago are forgotten."""
RESTED_S = 3_600
"""So are limits of which everything came back so long ago."""
SWEEP_CALLS = 10_000
VERSION = 2
SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS account (
        id TEXT PRIMARY KEY, kind TEXT, capacity INTEGER, span_s INTEGER, spent INTEGER, level REAL, at_s REAL,
        estimated INTEGER
    ) WITHOUT ROWID
    """,
    "CREATE TABLE IF NOT EXISTS lease (id TEXT, owner TEXT, amount INTEGER, PRIMARY KEY (id, owner)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS lease_owner ON lease (owner)",
    "CREATE TABLE IF NOT EXISTS seen (owner TEXT PRIMARY KEY, at_s REAL) WITHOUT ROWID",
    f"PRAGMA user_version = {VERSION}",
)
"""Version 1 had no table of when owners were seen."""

_T = TypeVar("_T")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file is ``counters.db`` in the state directory."""

    busy_timeout_s: float = 2.0
    """How long another process may hold the file."""


class SqliteCounter:
    """The transitions of the ledger over two tables."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._thread = ThreadPoolExecutor(1, "counter")
        self._connection: sqlite3.Connection | None = None
        self._calls = 0

    async def take(self, owner: str, takes: Sequence[Take], now_s: float) -> tuple[Grant, ...] | Shortage:
        """Takes of all of these accounts, or of none."""

        def work(connection: sqlite3.Connection) -> tuple[Grant, ...] | Shortage:
            found = take_all(_states(connection, [one.account.id for one in takes]), now_s, owner, takes)
            if isinstance(found, Shortage):
                return found
            changed, grants = found
            for one in takes:
                _write(connection, one.account, changed[one.account.id], (owner,))
            self._sweep(connection, now_s)
            return grants

        return await self._run(work)

    async def give(self, owner: str, returns: Sequence[Return], now_s: float) -> None:
        """Takes note of what was spent, and takes back what is not needed."""

        def work(connection: sqlite3.Connection) -> None:
            states = _states(connection, [one.account.id for one in returns])
            for one in returns:
                state = states.get(one.account.id, NEW)
                states[one.account.id] = state = give(one.account, state, now_s, owner, one.spent, one.unused)
                _write(connection, one.account, state, (owner,))

        await self._run(work)

    async def forfeit(self, owner: str, now_s: float) -> None:
        """An owner has died."""
        del now_s

        def work(connection: sqlite3.Connection) -> None:
            ids = [id_ for (id_,) in connection.execute("SELECT id FROM lease WHERE owner = ?", (owner,))]
            states = _states(connection, ids)
            connection.execute("DELETE FROM seen WHERE owner = ?", (owner,))
            for account in _accounts(connection, ids):
                _write(connection, account, forfeit(account, states[account.id], owner), (owner,))

        await self._run(work)

    async def owners(self, owner: str, now_s: float) -> dict[str, float]:
        """Takes note that an owner is there; who holds anything, and how long each has been silent."""

        def work(connection: sqlite3.Connection) -> dict[str, float]:
            connection.execute("DELETE FROM seen WHERE owner NOT IN (SELECT owner FROM lease)")
            connection.execute("INSERT OR IGNORE INTO seen SELECT DISTINCT owner, ? FROM lease", (now_s,))
            connection.execute("UPDATE seen SET at_s = ? WHERE owner = ?", (now_s, owner))
            rows = connection.execute("SELECT owner, at_s FROM seen").fetchall()
            return {each: max(now_s - at_s, 0.0) for each, at_s in rows}

        return await self._run(work)

    async def read(self, ids: Iterable[str]) -> dict[str, State]:
        """The accounts that are known of these."""
        wanted = list(ids)
        return await self._run(lambda connection: _states(connection, wanted))

    def close(self) -> None:
        """Waits for the call that runs, and closes the file."""
        self._thread.submit(self._forget)
        self._thread.shutdown(wait=True)

    # -- in the thread

    async def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)

    def _transact(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            connection = self._connection = self._connection or _open(self._path, self._busy_timeout_s)
            connection.execute("BEGIN IMMEDIATE")
            try:
                found = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise
        except (sqlite3.Error, OSError) as error:
            self._forget()  # a new connection finds a file that was replaced meanwhile
            raise StoreUnavailable(f"{self._path}: {error}") from error
        return found

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _sweep(self, connection: sqlite3.Connection, now_s: float) -> None:
        self._calls += 1
        if self._calls % SWEEP_CALLS == 1:
            connection.execute(
                "DELETE FROM account WHERE NOT EXISTS (SELECT 1 FROM lease WHERE lease.id = account.id) AND CASE kind "
                "WHEN ? THEN span_s BETWEEN 1 AND ? WHEN ? THEN 1 ELSE at_s + span_s < ? END",
                (Kind.BUDGET.value, int(now_s) - KEPT_S, Kind.SLOTS.value, now_s - RESTED_S),
            )


def build(settings: Settings, *, directory: str | Path) -> Counter:
    """The counter of the state directory."""
    return SqliteCounter(Path(directory) / FILE, settings.busy_timeout_s)


def _open(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _check(version, path)
        for statement in SCHEMA if version < VERSION else ():
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(version: int, path: Path) -> None:
    if version > VERSION:
        raise StoreUnavailable(f"{path}: written by a newer version of this program; use that one, or move the file")


def _states(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, State]:
    found = {}
    for id_ in dict.fromkeys(ids):
        row = connection.execute("SELECT spent, level, at_s, estimated FROM account WHERE id = ?", (id_,)).fetchone()
        if row is not None:
            leases = dict(connection.execute("SELECT owner, amount FROM lease WHERE id = ?", (id_,)).fetchall())
            found[id_] = State(row[0], leases, row[1], row[2], row[3])
    return found


def _accounts(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Account]:
    rows = (
        connection.execute("SELECT id, kind, capacity, span_s FROM account WHERE id = ?", (id_,)).fetchone()
        for id_ in ids
    )
    return [Account(id_, Kind(kind), capacity, span_s) for id_, kind, capacity, span_s in rows]


def _write(connection: sqlite3.Connection, account: Account, state: State, owners: tuple[str, ...]) -> None:
    """An account as it is now, with the leases of these owners."""
    connection.execute(
        "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, "
        "capacity = excluded.capacity, span_s = excluded.span_s, spent = excluded.spent, level = excluded.level, "
        "at_s = excluded.at_s, estimated = excluded.estimated",
        (
            account.id,
            account.kind.value,
            account.capacity,
            account.span_s,
            state.spent,
            state.level,
            state.at_s,
            state.estimated,
        ),
    )
    for owner in owners:
        amount = state.leases.get(owner, 0)
        if amount:
            connection.execute(
                "INSERT INTO lease VALUES (?, ?, ?) ON CONFLICT (id, owner) DO UPDATE SET amount = excluded.amount",
                (account.id, owner, amount),
            )
        else:
            connection.execute("DELETE FROM lease WHERE id = ? AND owner = ?", (account.id, owner))
