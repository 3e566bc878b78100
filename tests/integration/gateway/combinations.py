"""Few combinations of many values, among which each two values that can meet do so."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeVar

Pair: TypeAlias = tuple[tuple[int, str], tuple[int, str]]
Combination = TypeVar("Combination", bound=Sequence[str])

CANDIDATES = 40
"""So many combinations are weighed for each one that is taken."""


def pairwise(combinations: Sequence[Combination]) -> list[Combination]:
    """Takes, for a pair that has not met yet, the combination in which most others do so too: the same every time."""
    missing = dict.fromkeys(pair for one in combinations for pair in pairs(one))
    holders: dict[Pair, list[Combination]] = {}
    for one in combinations:
        for pair in pairs(one):
            holders.setdefault(pair, []).append(one)
    lots = random.Random(0)
    taken = []
    while missing:
        found = holders[next(iter(missing))]
        candidates = lots.sample(found, min(CANDIDATES, len(found)))
        best = max(candidates, key=lambda one: sum(pair in missing for pair in pairs(one)))
        taken.append(best)
        for pair in pairs(best):
            missing.pop(pair, None)
    return taken


def pairs(combination: Sequence[str]) -> Iterator[Pair]:
    """Each two values, with their places."""
    return itertools.combinations(enumerate(combination), 2)
