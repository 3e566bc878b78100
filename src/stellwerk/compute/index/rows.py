"""Vectors in rows without gaps, each with a label and something that belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Whole: TypeAlias = NDArray[np.int8]
"""A vector in whole numbers; only its direction counts."""
Floats: TypeAlias = NDArray[np.float32]

_LEAST_GROWTH = 8
_GROWTH = 8
"""Where there is no room, an eighth is added."""
BLOCK_ROWS = 256
"""Rows that are turned into floats at once: they stay in the processor's cache."""


class Rows:
    """Labels are whole numbers from 0 to 2**64 - 1, each of which occurs once."""

    def __init__(self, dimensions: int) -> None:
        self.labels = np.zeros(0, np.uint64)
        self.owned: list[bytes] = []
        """What belongs to each row."""
        self._vectors = np.zeros((0, dimensions), np.int8)
        self._lengths = np.zeros(0, np.float32)

    def __len__(self) -> int:
        return len(self.owned)

    @property
    def vectors(self) -> Whole:
        """All of them, as they lie: to be looked at only until something is added or removed."""
        return self._vectors[: len(self.owned)]

    def add(self, label: int, vector: Whole, owned: bytes) -> None:
        """Adds a row under a label that is free."""
        row = len(self.owned)
        if row == len(self._vectors):
            self._resize(row + max(_LEAST_GROWTH, row // _GROWTH))
        self.labels[row] = label
        self._lengths[row] = length(vector)
        self._vectors[row] = vector
        self.owned.append(owned)

    def take(self, others: Rows, chosen: Sequence[int]) -> None:
        """Adds some rows of another one."""
        begin, end = len(self.owned), len(self.owned) + len(chosen)
        if end > len(self._vectors):
            self._resize(end)
        self.labels[begin:end] = others.labels[chosen]
        self._lengths[begin:end] = others._lengths[chosen]
        self._vectors[begin:end] = others._vectors[chosen]
        self.owned += [others.owned[row] for row in chosen]

    def row(self, label: int) -> int:
        """Where a label is. Raises ``KeyError``."""
        found = np.flatnonzero(self.labels[: len(self.owned)] == np.uint64(label))
        if not len(found):
            raise KeyError(label)
        return int(found[0])

    def remove(self, row: int) -> None:
        """Removes a row; the last one takes its place."""
        last = len(self.owned) - 1
        for column in (self.labels, self._lengths, self._vectors):
            column[row] = column[last]
        self.owned[row] = self.owned[last]
        self.owned.pop()

    def cosines(self, asked: Floats, found: Floats, block: Floats) -> None:
        """Puts the cosine of each row and a vector of unit length into ``found``. ``block`` is room to work in."""
        size = len(self.owned)
        for begin in range(0, size, BLOCK_ROWS):
            end = min(begin + BLOCK_ROWS, size)
            part = block[: end - begin]
            np.copyto(part, self._vectors[begin:end])
            np.dot(part, asked, out=found[begin:end])
        found /= self._lengths[:size]

    def _resize(self, rows: int) -> None:
        self.labels.resize(rows, refcheck=False)
        self._lengths.resize(rows, refcheck=False)
        self._vectors.resize((rows, self._vectors.shape[1]), refcheck=False)


def length(vector: Whole) -> float:
    """How long a vector is."""
    return float(np.linalg.norm(vector.astype(np.float32)))
