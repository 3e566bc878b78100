"""Negation and opposites: to cancel is not to keep, and what is not allowed is not allowed."""

from __future__ import annotations

from collections.abc import Iterator

from stellwerk.semantic.alignment import Alignment
from stellwerk.semantic.mismatch.mismatch import Mismatch


def negation(pair: Alignment) -> Iterator[Mismatch]:
    """One side denies what the other says."""
    one, two = pair.one, pair.two
    hard = (one.negations > 0) != (two.negations > 0) or (one.negations != two.negations and pair.share > 0.9)
    soft = one.soft_negations != two.soft_negations
    if hard:
        yield Mismatch("negation", f"{one.negations} / {two.negations}", is_hard=pair.share >= 0.5)
    elif soft:
        yield Mismatch("negation", f"{one.soft_negations} / {two.soft_negations}", is_hard=pair.share >= 0.8)


def opposite(pair: Alignment) -> Iterator[Mismatch]:
    """A word of one side means the opposite of a word of the other."""
    for one, two in pair.opposites:
        yield Mismatch("opposite", f"{one} / {two}")
