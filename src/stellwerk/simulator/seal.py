"""Seals what models hand out and want to get back unchanged: signatures of thoughts, encrypted reasoning."""

from __future__ import annotations

from hashlib import blake2b

MAC_BYTES = 32
SEAL_BYTES = 128
"""As long as real ones are at least, so that nobody takes them for something that can be cut."""

_KEY = b"stellwerk simulator"


def seal(content: bytes, seed: bytes) -> bytes:
    """The seal of ``content``, ``SEAL_BYTES`` long; another one for each seed of at most 64 bytes."""
    padding = b"".join(blake2b(seed, digest_size=32, salt=bytes([part])).digest() for part in range(3))
    return _mac(content, padding) + padding


def is_seal_of(content: bytes, found: bytes) -> bool:
    """Whether ``found`` seals ``content``."""
    return len(found) == SEAL_BYTES and found[:MAC_BYTES] == _mac(content, found[MAC_BYTES:])


def _mac(content: bytes, padding: bytes) -> bytes:
    state = blake2b(padding, key=_KEY, digest_size=MAC_BYTES)
    state.update(content)
    return state.digest()
