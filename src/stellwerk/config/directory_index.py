"""An index of byte strings by 16-byte digests that is searched where it lies in a file, without being loaded.

Layout: 65,537 counts of four bytes (how many digests lie before each value of their first two bytes), the digests in
order, then for each of them where its record begins and how long it is. Digests are evenly spread, so that few share
their first two bytes, and one look-up reads a few hundred bytes at three places.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import BinaryIO

DIGEST_BYTES = 16
_FAN = 65_536
_COUNT = struct.Struct("<I")
_SPAN = struct.Struct("<II")
_PLACE = struct.Struct("<QI")


def write_index(file: BinaryIO, places: Iterable[tuple[bytes, int, int]]) -> None:
    """Writes an index of (digest, where its record begins, its length). Of equal digests the last one counts."""
    newest = {digest: (start, length) for digest, start, length in places}
    ordered = sorted(newest)
    counts = [0] * _FAN
    for digest in ordered:
        counts[digest[0] << 8 | digest[1]] += 1
    file.write(struct.pack(f"<{_FAN + 1}I", 0, *accumulate(counts)))
    file.write(b"".join(ordered))
    file.write(b"".join(_PLACE.pack(*newest[digest]) for digest in ordered))


class Index:
    """The index that begins at ``start`` of a file; ``read`` gives so many bytes from a place in it."""

    __slots__ = ("_digests", "_places", "_read", "_start")

    def __init__(self, read: Callable[[int, int], bytes], start: int) -> None:
        self._read = read
        self._start = start
        self._digests = start + (_FAN + 1) * _COUNT.size
        (count,) = _COUNT.unpack(read(_COUNT.size, self._digests - _COUNT.size))
        self._places = self._digests + count * DIGEST_BYTES

    def find(self, digest: bytes) -> bytes | None:
        """The record of a digest. Raises ``OSError``."""
        read = self._read
        first, last = _SPAN.unpack(read(_SPAN.size, self._start + (digest[0] << 8 | digest[1]) * _COUNT.size))
        several = read((last - first) * DIGEST_BYTES, self._digests + first * DIGEST_BYTES)
        place = several.find(digest)
        while place % DIGEST_BYTES > 0 and place >= 0:
            place = several.find(digest, place + 1)
        if place < 0:
            return None
        at = self._places + (first + place // DIGEST_BYTES) * _PLACE.size
        start, length = _PLACE.unpack(read(_PLACE.size, at))
        return read(length, start)
