"""The installation's pepper, which makes the digests of callers' keys: who has only the digests can guess no key."""

from __future__ import annotations

import hashlib
from pathlib import Path

from stellwerk.config.secret_file import read_or_make

PEPPER_BYTES = 32
FILE = "pepper"
"""Its name in the state directory."""


def pepper(path: Path) -> bytes:
    """The pepper in a file, made once when it is missing: whole or not at all, and the same for all who try at once.

    Its owner alone may read it. Raises ``OSError``.
    """
    found = read_or_make(path, PEPPER_BYTES)
    if len(found) != PEPPER_BYTES:
        raise OSError(f"{path} holds no pepper of {PEPPER_BYTES} bytes")
    return found


def digest_of(key: bytes, pepper: bytes) -> bytes:
    """A key's digest, by which the directory knows it."""
    return hashlib.blake2b(key, key=pepper, digest_size=16).digest()
