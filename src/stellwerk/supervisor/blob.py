"""A value of any length in shared memory: one process writes it, others read it, nobody waits or sees half of it.

There are two areas and a sequence number, which is odd while one area is being written; the other one then holds the
last whole value. A reader that was overtaken tries again. A writer that died on the way leaves the value before. A
checksum guards machines that reorder stores.
"""

from __future__ import annotations

import time
import zlib
from typing import Final

_HEAD_BYTES: Final = 64
_SEQUENCE: Final = 0
_LENGTHS: Final = (1, 3)
_CHECKSUMS: Final = (2, 4)
_ATTEMPTS: Final = 50


class Blob:
    """The value within ``memory``, whose length is a multiple of 16. It may be read-only for those who only read."""

    __slots__ = ("_areas", "_head", "capacity_bytes")

    def __init__(self, memory: memoryview) -> None:
        self.capacity_bytes = (len(memory) - _HEAD_BYTES) // 2
        self._head = memory[:_HEAD_BYTES].cast("Q")
        middle = _HEAD_BYTES + self.capacity_bytes
        self._areas = (memory[_HEAD_BYTES:middle], memory[middle:])

    def write(self, value: bytes) -> bool:
        """Replaces the value; ``False``, and the old one stays, when it is longer than ``capacity_bytes``."""
        if len(value) > self.capacity_bytes:
            return False
        head = self._head
        sequence = head[_SEQUENCE] | 1  # odd already when a predecessor died while it wrote
        area = ((sequence >> 1) + 1) & 1
        head[_SEQUENCE] = sequence
        head[_LENGTHS[area]] = len(value)
        head[_CHECKSUMS[area]] = zlib.crc32(value)
        self._areas[area][: len(value)] = value
        head[_SEQUENCE] = sequence + 1
        return True

    def read(self) -> bytes:
        """The last value that was written whole; empty when there is none, or writers overtook every attempt."""
        head = self._head
        for _ in range(_ATTEMPTS):
            completed = head[_SEQUENCE] >> 1
            if completed == 0:
                return b""
            area = completed & 1
            length, checksum = head[_LENGTHS[area]], head[_CHECKSUMS[area]]
            value = bytes(self._areas[area][:length])
            if head[_SEQUENCE] >> 1 == completed and zlib.crc32(value) == checksum:
                return value
            time.sleep(0)
        return b""

    def clear(self) -> None:
        """Forgets everything: only for memory that nobody reads yet."""
        for index in range(len(self._head)):
            self._head[index] = 0

    def close(self) -> None:
        """Lets go of the memory."""
        for view in (self._head, *self._areas):
            view.release()
