"""The installation's pepper, which makes the digests of callers' keys: who has only the digests can guess no key."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

PEPPER_BYTES = 32
FILE = "pepper"
"""Its name in the state directory."""


def pepper(path: Path) -> bytes:
    """The pepper in a file, made once when it is missing: whole or not at all, and the same for all who try at once.

    Its owner alone may read it. Raises ``OSError``.
    """
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = _make(path)
    if len(found) != PEPPER_BYTES:
        raise OSError(f"{path} holds no pepper of {PEPPER_BYTES} bytes")
    return found


def digest_of(key: bytes, pepper: bytes) -> bytes:
    """A key's digest, by which the directory knows it."""
    return hashlib.blake2b(key, key=pepper, digest_size=16).digest()


def _make(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(PEPPER_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return path.read_bytes()
