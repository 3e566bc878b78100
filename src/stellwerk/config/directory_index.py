"""An index of byte strings by 16-byte digests that is searched where it lies in a file, without being loaded.

Layout: 65,537 counts of four bytes (how many digests lie before each value of their first two bytes), the digests in
order, then for each of them where its record begins and how long it is. Digests are evenly spread, so that few share
their first two bytes, and one look-up costs about a microsecond among a million.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
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
    """An index within ``content``, a mapped file, beginning at ``start``."""

    __slots__ = ("_content", "_digests", "_places", "_start")

    def __init__(self, content: memoryview, start: int) -> None:
        self._content = content
        self._start = start
        self._digests = start + (_FAN + 1) * _COUNT.size
        (count,) = _COUNT.unpack_from(content, self._digests - _COUNT.size)
        self._places = self._digests + count * DIGEST_BYTES

    def find(self, digest: bytes) -> memoryview | None:
        """The record of a digest."""
        content = self._content
        first, last = _SPAN.unpack_from(content, self._start + (digest[0] << 8 | digest[1]) * _COUNT.size)
        at = self._digests + first * DIGEST_BYTES
        several = bytes(content[at : at + (last - first) * DIGEST_BYTES])
        place = several.find(digest)
        while place % DIGEST_BYTES > 0 and place >= 0:
            place = several.find(digest, place + 1)
        if place < 0:
            return None
        start, length = _PLACE.unpack_from(content, self._places + (first + place // DIGEST_BYTES) * _PLACE.size)
        return content[start : start + length]
