"""Ids of requests: ordered by time, unguessable, cheap."""

from __future__ import annotations

import os

_BATCH = 512


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
            digits = os.urandom(10 * _BATCH).hex()
            self._pool = [
                f"7{digits[start : start + 3]}{'89ab'[int(digits[start + 3], 16) & 3]}{digits[start + 4 : start + 19]}"
                for start in range(0, 20 * _BATCH, 20)
            ]
        return f"{now_ms:012x}{self._pool.pop()}"
