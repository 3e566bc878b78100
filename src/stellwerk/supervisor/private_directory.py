"""Finds directories of one's own for what must lie in memory or under a short path: the board and Unix sockets.

A board on a disk would stall its writers: a store to a mapped page waits while the file system writes that page back.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MAX_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
"""Longest path of a Unix socket: ``sun_path`` without its closing NUL."""

LONGEST_SOCKET_NAME = len(".12345.1234567890.sock")
"""Of the sockets by which workers tell each other news, while one is put in its place."""

_MEMORY = Path("/dev/shm")  # noqa: S108  # what lies in it is judged before use


def in_memory(state: Path, name: str, *, memory: Path = _MEMORY) -> Path:
    """An existing directory ``name`` for this state directory: in memory where the host has that, else inside it."""
    return _first_private((memory / _label(state, name),)) or _inside(state, name)


def for_sockets(state: Path, name: str, *, longest_file_name: int, elsewhere: Sequence[Path] | None = None) -> Path:
    """An existing directory ``name`` inside the state directory, or elsewhere when socket paths would be too long.

    Everybody with the same state directory finds the same place. Raises ``OSError`` when there is none.
    """
    if len(os.fsencode(state.absolute() / name)) + 1 + longest_file_name <= MAX_SOCKET_PATH_BYTES:
        return _inside(state, name)
    parents = _short_parents() if elsewhere is None else elsewhere
    found = _first_private([parent / _label(state, name) for parent in parents])
    if found is None:
        places = ", ".join(str(parent) for parent in parents)
        raise OSError(f"{state}: too deep for Unix sockets, and no directory of one's own can be made in {places}")
    return found


def for_news(state: Path) -> Path:
    """The directory in which workers hear news of each other. Raises ``OSError`` when there can be none."""
    return for_sockets(state, "bus", longest_file_name=LONGEST_SOCKET_NAME)


def for_jobs(state: Path, version: int) -> Path:
    """The socket on which the compute process is asked. It lies beside those for news, whose names end otherwise.

    Raises ``OSError`` when there can be none.
    """
    return for_news(state) / f"compute-{version}"


def _label(state: Path, name: str) -> str:
    digest = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()
    return f"stellwerk-{os.geteuid()}-{digest[:16]}-{name}"


def _inside(state: Path, name: str) -> Path:
    directory = state / name
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def _short_parents() -> list[Path]:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return [*([Path(runtime)] if runtime else []), Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108


def _first_private(candidates: Sequence[Path]) -> Path | None:
    return next((path for path in candidates if _is_made_private(path)), None)


def _is_made_private(path: Path) -> bool:
    """Makes the directory unless it is there; whether it is a real one, ours, and closed to everybody else."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
    except OSError:
        return False
    is_closed = stat.S_IMODE(status.st_mode) & 0o077 == 0
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and is_closed
