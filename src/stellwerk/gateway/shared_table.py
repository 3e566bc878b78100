"""Records by key in memory that the workers of a host share, for what may be a little wrong.

Nobody locks anything: of two who write one record at the same moment, one is forgotten, and who reads meanwhile may
have a part of each. Each key has eight places, of which what was written longest ago is overwritten.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmap import mmap

WAYS = 8
KEY_BYTES = 16
_HEAD = f"<{KEY_BYTES}sd"
_AT = struct.Struct("<d")


class SharedTable:
    """A table from ``start`` on. A record is its key, when it was written (monotonic seconds), and fields."""

    __slots__ = ("_memory", "_record", "_row_bytes", "_rows", "_start")

    def __init__(self, memory: mmap, start: int, fields: str, rows: int) -> None:
        """``fields`` are those of ``struct``; room is there for ``rows`` times eight records."""
        self._memory = memory
        self._start = start
        self._record = struct.Struct(_HEAD + fields)
        self._rows = rows
        self._row_bytes = self._record.size * WAYS

    @staticmethod
    def bytes_of(fields: str, rows: int) -> int:
        """How much memory such a table takes."""
        return struct.calcsize(_HEAD + fields) * WAYS * rows

    def find(self, name: bytes) -> tuple[Any, ...] | None:
        """The fields under a name, behind when they were written."""
        key = _key(name)
        row = self._row(key)
        place = self._place(row, key)
        return self._record.unpack_from(row, place)[1:] if place >= 0 else None

    def put(self, name: bytes, at: float, *fields: Any) -> None:
        """Writes them in one go."""
        key = _key(name)
        row, size = self._row(key), self._record.size
        place = self._place(row, key)
        if place < 0:  # a place that was never taken is the oldest
            place = min(range(0, self._row_bytes, size), key=lambda each: _AT.unpack_from(row, each + KEY_BYTES))
        begin = self._begin(key) + place
        self._memory[begin : begin + size] = self._record.pack(key, at, *fields)

    def _begin(self, key: bytes) -> int:
        return self._start + int.from_bytes(key[:4], "little") % self._rows * self._row_bytes

    def _row(self, key: bytes) -> bytes:
        begin = self._begin(key)
        return self._memory[begin : begin + self._row_bytes]

    def _place(self, row: bytes, key: bytes) -> int:
        """Where in a row the key's record lies; -1 where there is none."""
        place = row.find(key)
        while place >= 0 and place % self._record.size:
            place = row.find(key, place + 1)
        return place


def _key(name: bytes) -> bytes:
    return blake2b(name, digest_size=KEY_BYTES).digest()
