"""What a host's workers share about things that providers keep: the secret that seals ids, and a record of the things.

Both lie in the state directory: the secret in a file that only its owner may read, made once by whichever worker comes
first, and the record, whose each thing is and which models a batch's file names, in a small SQLite database. When
either cannot be read or written, requests that need it end with 503, and nothing else is touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stellwerk.config.secret_file import read_or_make
from stellwerk.core.sealed_id import SECRET_BYTES, Sealer
from stellwerk.core.synthetic_seal import SyntheticSeal
from stellwerk.errors import StoreUnavailable

SECRET_FILE = "sealed-ids.key"  # noqa: S105  # a file's name
OWNERS_FILE = "sealed-ids.sqlite"
_BUSY_S = 2.0
_AT_ONCE = 500
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS owned (place BLOB, id TEXT, owner TEXT, PRIMARY KEY (place, id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS named (place BLOB, id TEXT, models TEXT, PRIMARY KEY (place, id)) WITHOUT ROWID",
)


class Vault:
    """Opened when the first request needs it."""

    __slots__ = ("_database", "_directory", "_prompt_key", "_sealer", "_values_seal")

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._prompt_key = b""
        self._sealer: Sealer | None = None
        self._values_seal: SyntheticSeal | None = None
        self._database: sqlite3.Connection | None = None

    @property
    def sealer(self) -> Sealer:
        """Seals and unseals ids. Raises ``StoreUnavailable``."""
        if self._sealer is None:
            self._sealer = Sealer(_secret(self._directory))
        return self._sealer

    @property
    def values_seal(self) -> SyntheticSeal:
        """Seals the values behind stand-ins. Raises ``StoreUnavailable``."""
        if self._values_seal is None:
            self._values_seal = SyntheticSeal(_secret(self._directory), b"vault")
        return self._values_seal

    @property
    def mask_key(self) -> bytes:
        """Keys the digests that masked values are told apart by. Raises ``StoreUnavailable``."""
        return hashlib.blake2b(_secret(self._directory), digest_size=32, person=b"masks").digest()

    @property
    def prompt_key(self) -> bytes:
        """Keys the digests that beginnings of prompts are known by. Raises ``StoreUnavailable``."""
        if not self._prompt_key:
            self._prompt_key = hashlib.blake2b(_secret(self._directory), digest_size=32, person=b"prompts").digest()
        return self._prompt_key

    def note(self, place: bytes, owner: str, identities: Iterable[str]) -> None:
        """Remembers whose these are; what has an owner keeps it. Raises ``StoreUnavailable``."""
        rows = [(place, identity, owner) for identity in identities]
        with _told(), self._open() as database:
            database.executemany("INSERT OR IGNORE INTO owned VALUES (?, ?, ?)", rows)

    def forget(self, place: bytes, identity: str) -> None:
        """It is no more. Raises ``StoreUnavailable``."""
        with _told(), self._open() as database:
            for table in ("owned", "named"):
                database.execute(f"DELETE FROM {table} WHERE place = ? AND id = ?", (place, identity))  # noqa: S608

    def owned(self, place: bytes, owner: str, identities: list[str]) -> set[str]:
        """Those of the ids that belong to ``owner``. Raises ``StoreUnavailable``."""
        found: set[str] = set()
        with _told():
            database = self._open()
            for at in range(0, len(identities), _AT_ONCE):
                some = identities[at : at + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT id FROM owned WHERE place = ? AND owner = ? AND id IN ({marks})"  # noqa: S608
                found.update(row[0] for row in database.execute(query, (place, owner, *some)))
        return found

    def note_models(self, place: bytes, identity: str, models: Sequence[str]) -> None:
        """Remembers which models a batch's file names. Raises ``StoreUnavailable``."""
        with _told(), self._open() as database:
            row = place, identity, json.dumps(models)
            database.execute("INSERT OR REPLACE INTO named VALUES (?, ?, ?)", row)

    def models_in(self, place: bytes, identity: str) -> tuple[str, ...] | None:
        """The models that a batch's file names; ``None`` for what was not noted. Raises ``StoreUnavailable``."""
        with _told():
            query = "SELECT models FROM named WHERE place = ? AND id = ?"
            found = self._open().execute(query, (place, identity)).fetchone()
        return None if found is None else tuple(json.loads(found[0]))

    def close(self) -> None:
        """Closes the database."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._directory / OWNERS_FILE
            database = sqlite3.connect(path, timeout=_BUSY_S)
            try:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                with database:
                    for statement in _SCHEMA:
                        database.execute(statement)
            except sqlite3.Error:
                database.close()
                raise
            self._database = database
        return self._database


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError):
        raise StoreUnavailable("The gateway's record of who owns what cannot be used now.") from None


def _secret(directory: Path) -> bytes:
    path = directory / SECRET_FILE
    try:
        found = read_or_make(path, SECRET_BYTES)
    except OSError:
        raise StoreUnavailable("The gateway's secret for sealing ids cannot be used now.") from None
    if len(found) < SECRET_BYTES:
        raise StoreUnavailable("The gateway's secret for sealing ids is not whole.")
    return found
