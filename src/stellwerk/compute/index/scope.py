"""The entries of one scope: what lies closest to a vector, and what belongs to it."""

from __future__ import annotations

import struct

from stellwerk.compute.index.lists import Lists
from stellwerk.compute.index.rows import Whole
from stellwerk.core.recollection import Candidate

MOST_SEARCHES = 3
"""How often one question is asked again because what it found had expired."""
ENTRY_BYTES = 240
"""What an entry takes beside a byte for each dimension and its text."""
EMPTY_BYTES = 6_000
"""What a scope takes without any."""

_LABEL_BYTES = 7
_record = struct.Struct("<9sI")
"""The rest of its key, and when it expires in Unix seconds; its text follows."""
_LATEST_S = 2**32 - 1


class Scope:
    """Entries by key, in the order in which they came. An index names them by the beginning of their keys."""

    def __init__(self, maker: bytes, dimensions: int) -> None:
        """``maker`` names what made the vectors: those of two are never compared."""
        self.maker = maker
        self.dimensions = dimensions
        self.size = EMPTY_BYTES
        """About how many bytes it takes."""
        self._index = Lists(dimensions)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, key: bytes) -> bool:
        label = _label(key)
        return label in self._index and self._index.owned(label).startswith(key[_LABEL_BYTES:])

    def takes(self, maker: bytes, vector: Whole) -> bool:
        """Whether a vector can be compared with those that are here."""
        return self.maker == maker and len(vector) == self.dimensions

    def add(self, key: bytes, vector: Whole, text: str, expires_ms: int) -> None:
        """Adds an entry, in the place of one with the same key."""
        label = _label(key)
        if label in self._index:
            self._drop(label)
        expires_s = min(max(0, -(-expires_ms // 1000)), _LATEST_S)
        record = _record.pack(key[_LABEL_BYTES:], expires_s) + text.encode()
        self._index.add(label, vector, record)
        self.size += self._size(record)

    def remove(self, key: bytes) -> bool:
        """Whether it was there."""
        if key not in self:
            return False
        self._drop(_label(key))
        return True

    def remove_oldest(self, count: int) -> None:
        """Removes so many of those that came first."""
        for label in self._index.oldest(count):
            self._drop(label)

    def search(self, vector: Whole, most: int, now_ms: int) -> tuple[Candidate, ...]:
        """The entries closest to a vector. Those that have expired are removed when they are found."""
        told = list[Candidate]()
        for _ in range(MOST_SEARCHES):
            told, expired = [], []
            for label, cosine, record in self._index.search(vector, most):
                rest, expires_s = _record.unpack_from(record)
                if expires_s * 1000 <= now_ms:
                    expired.append(label)
                    continue
                key = label.to_bytes(_LABEL_BYTES) + rest
                told.append(Candidate(key, min(1.0, max(-1.0, cosine)), record[_record.size :].decode()))
            for label in expired:
                self._drop(label)
            if not expired:
                break
        return tuple(told)

    def _drop(self, label: int) -> None:
        self.size -= self._size(self._index.remove(label))

    def _size(self, record: bytes) -> int:
        return self.dimensions + len(record) - _record.size + ENTRY_BYTES


def _label(key: bytes) -> int:
    """Keys are digests: two with the same beginning hardly occur, and then one takes the other's place."""
    return int.from_bytes(key[:_LABEL_BYTES])
