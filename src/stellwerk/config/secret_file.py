"""A secret of the installation in a file of its own, made once by whoever needs it first."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def read_or_make(path: Path, size: int) -> bytes:
    """The secret, made of ``size`` random bytes when there is none: whole or not at all, the same for all at once.

    Its owner alone may read it. What is there may have another size. Raises ``OSError``.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        _make(path, size)
    return path.read_bytes()


def _make(path: Path, size: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(size))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
