"""Ids of requests: ordered by time, unguessable, cheap."""

from __future__ import annotations

import os

_BATCH = 512
_SIZE = 10
"""Random bytes of an id."""
_VERSION = bytes(0x70 | byte & 0x0F for byte in range(256))
_VARIANT = bytes(0x80 | byte & 0x3F for byte in range(256))


class RequestIds:
    """Makes ids in the layout of UUID version 7 (RFC 9562, section 5.7), as 32 hexadecimal digits.

    Randomness is drawn from the system for many ids at once: one draw per id would cost a system call each.
    """

    __slots__ = ("_pool",)

    def __init__(self) -> None:
        self._pool: list[str] = []

    def new(self, now_ms: int) -> str:
        """An id for a request that arrived at ``now_ms`` (Unix time in milliseconds)."""
        if not self._pool:
            drawn = bytearray(os.urandom(_SIZE * _BATCH))
            drawn[0::_SIZE] = drawn[0::_SIZE].translate(_VERSION)
            drawn[2::_SIZE] = drawn[2::_SIZE].translate(_VARIANT)
            digits = drawn.hex()
            self._pool = [digits[start : start + 2 * _SIZE] for start in range(0, 2 * _SIZE * _BATCH, 2 * _SIZE)]
        return f"{now_ms:012x}{self._pool.pop()}"
