"""Bounds on a share of which a few cases were seen."""

from __future__ import annotations

import math
from collections.abc import Callable

_STEPS = 60
"""Halvings of an interval; after these a double changes no more."""


def wilson(hits: int, cases: int, z: float) -> tuple[float, float]:
    """Wilson's score interval for a share, ``z`` standard errors to either side; everything where no case was seen."""
    if cases <= 0:
        return 0.0, 1.0
    share, square = hits / cases, z * z / cases
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / cases + square / (4 * cases))
    return max(0.0, middle - half), min(1.0, middle + half)


def clopper_pearson(hits: int, cases: int, confidence: float) -> tuple[float, float]:
    """The exact interval for a share, both of whose ends hold together with this confidence."""
    if cases <= 0:
        return 0.0, 1.0
    tail = (1.0 - confidence) / 2
    # The chance of so many hits or more grows with the share, that of so many or fewer shrinks.
    low = 0.0 if hits == 0 else _where(lambda share: 1.0 - _at_most(hits - 1, cases, share), tail)
    high = 1.0 if hits == cases else _where(lambda share: -_at_most(hits, cases, share), -tail)
    return low, high


def _where(rising: Callable[[float], float], value: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if rising(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(hits: int, cases: int, share: float) -> float:
    """The chance of no more than so many hits."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 else float(hits >= cases)
    odds = math.log(share) - math.log1p(-share)
    term = cases * math.log1p(-share)
    total = 0.0
    for count in range(hits + 1):
        total += math.exp(term)
        term += odds + math.log(cases - count) - math.log(count + 1) if count < cases else 0.0
    return min(total, 1.0)
