"""What SQLite's errors mean, and what an operator can do about them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from stellwerk.errors import StoreUnavailable
from stellwerk.stores.sqlite.schema import NewerSchema

Fault = sqlite3.Error | OSError | NewerSchema
"""Whatever opening, reading or writing a file may raise that is not a defect of this program."""

_ACCESS = (
    "cannot be opened or written; check that it and its directory are on a writable file system and belong to the "
    "user that runs this program"
)
_BUSY = "another process holds it; `fuser` on the file names that process"
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk or its quota is full; free space there, or keep fewer days",
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _ACCESS,
    sqlite3.SQLITE_CANTOPEN: _ACCESS,
    sqlite3.SQLITE_PERM: _ACCESS,
    sqlite3.SQLITE_AUTH: _ACCESS,
    sqlite3.SQLITE_IOERR: "the disk reported an error; check its space and its health (`df`, `dmesg`)",
}


def unavailable(fault: Fault, path: Path) -> StoreUnavailable:
    """The error to raise instead, with the path, the reason and the remedy."""
    if isinstance(fault, NewerSchema):
        return StoreUnavailable(
            f"{path}: written by a newer version of this program ({fault}); use that version, or move the file aside"
        )
    if isinstance(fault, OSError):
        return StoreUnavailable(f"{path}: {fault.strerror}; {_ACCESS}")
    reason = _REASONS.get(_code(fault))
    return StoreUnavailable(f"{path}: {reason} ({_name(fault)})" if reason else f"{path}: {fault} ({_name(fault)})")


def is_damage(fault: Fault) -> bool:
    """Whether the file's content is broken, so that trying again cannot help."""
    return isinstance(fault, sqlite3.Error) and _code(fault) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _code(fault: sqlite3.Error) -> int:
    # Errors of the module itself carry no code; the low byte of an extended code is the primary one.
    return getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _name(fault: sqlite3.Error) -> str:
    return getattr(fault, "sqlite_errorname", type(fault).__name__)
