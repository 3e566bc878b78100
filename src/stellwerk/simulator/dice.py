"""Seeded randomness: the same seed gives the same answers on every machine and Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Item = TypeVar("Item")


def digest(*parts: bytes) -> bytes:
    """Sixteen bytes that stand for ``parts`` and for where one ends and the next begins."""
    state = blake2b(digest_size=16)
    for part in parts:
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.digest()


class Dice:
    """A stream of random numbers. Built on ``random()`` alone, whose sequence Python promises to keep for a seed."""

    __slots__ = ("unit",)

    def __init__(self, seed: bytes) -> None:
        self.unit = random.Random(int.from_bytes(seed, "big")).random
        """The next number in [0, 1)."""

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound - 1``."""
        return int(self.unit() * bound)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        """One of ``items``, which must not be empty."""
        return items[int(self.unit() * len(items))]

    def has_luck(self, probability: float) -> bool:
        """True with ``probability``."""
        return self.unit() < probability

    def letters(
        self, count: int, alphabet: str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    ) -> str:
        """``count`` characters out of ``alphabet``."""
        return "".join([self.pick(alphabet) for _ in range(count)])
