"""Vectors that are made up, and entries that have them: an index has to be filled without embedding for minutes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stellwerk.core.recollection import Embedding, Memory, everything
from stellwerk.core.vector import LARGEST, head

MIDDLES = 2_000
"""Around which they lie, as questions lie around subjects."""
SPREAD = 0.7
SENTENCE = (
    "please tell me how to cancel or change the order that was sent to my old address last week because the card "
    "has been lost and nobody answers when we call about it"
)
TEXT_LETTERS = 60
LATER_MS = 4_000_000_000_000


def filling(use: Embedding, scope: bytes, entries: int, dimensions: int) -> Iterator[bytes]:
    """Jobs to remember so many entries with texts of 60 letters."""
    return everything(
        use,
        (
            Memory(
                scope,
                np.random.default_rng(number).bytes(16),
                f"{number} {SENTENCE}"[:TEXT_LETTERS],
                LATER_MS,
                packed(vector),
            )
            for number, vector in enumerate(made_up(entries, dimensions))
        ),
    )


def made_up(count: int, dimensions: int, seed: int = 0) -> NDArray[np.int8]:
    """Rows around the same middles whatever the seed."""
    middles = np.random.default_rng(99).standard_normal((MIDDLES, dimensions), np.float32)
    dice = np.random.default_rng(seed)
    found = np.empty((count, dimensions), np.int8)
    for begin in range(0, count, 10_000):
        size = min(10_000, count - begin)
        places = middles[dice.integers(0, MIDDLES, size)] + SPREAD * dice.standard_normal(
            (size, dimensions), np.float32
        )
        found[begin : begin + size] = whole(places)
    return found


def whole(rows: NDArray[np.float32]) -> NDArray[np.int8]:
    """Rows in whole numbers, each as large as it can be."""
    found: NDArray[np.int8] = np.rint(rows * (LARGEST / np.abs(rows).max(axis=1, keepdims=True))).astype(np.int8)
    return found


def packed(vector: NDArray[np.int8]) -> bytes:
    """A row as jobs carry it."""
    return head(float(1 / np.linalg.norm(vector.astype(np.float32)))) + vector.tobytes()
