"""How much of a strong model's quality is kept when the prompts of the highest scores go to a weak one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from stellwerk.core.learned_route import Cut

STEPS = 100
"""Thresholds are looked at in steps of this part of the prompts."""
_NOTHING = 1e-9
"""A strong model whose outcomes come to less was never right: there is nothing to compare with."""


class Tally:
    """What is known after some prompts were moved to the weak model: the quality kept, and how sure that is.

    Quality is the ratio of two means, that of the outcomes as routed and that of the strong model. Its spread is that
    of the linearised ratio. One prompt more is counted than there were, on which the weak model failed and the strong
    one did not: without it, a few prompts without a failure would seem to be certain.
    """

    def __init__(self, strong: Sequence[float]) -> None:
        self._rows = len(strong)
        self._strong = math.fsum(strong)
        self._strong_squared = math.fsum(value * value for value in strong)
        self._moved = self._moved_squared = self._moved_strong = 0.0

    def move(self, weak: float, strong: float) -> None:
        """One prompt goes to the weak model."""
        change = weak - strong
        self._moved += change
        self._moved_squared += change * change
        self._moved_strong += change * strong

    @property
    def quality(self) -> float:
        """Quality relative to the strong model's."""
        return 1.0 + self._moved / self._strong if self._strong > _NOTHING else 1.0

    def bounds(self, deviations: float) -> tuple[float, float]:
        """Quality less and more this many standard errors."""
        if self._strong <= _NOTHING:
            return -math.inf, math.inf
        lost = self.quality - 1.0
        squares = self._moved_squared - 2.0 * lost * self._moved_strong + lost * lost * self._strong_squared
        error = math.sqrt((max(squares, 0.0) + 1.0) * self._rows / (self._rows + 1.0)) / self._strong
        return self.quality - 1.0 / self._strong - deviations * error, self.quality + deviations * error


def deviations(confidence: float) -> float:
    """How many standard errors below the estimate the truth is not, this surely."""
    return NormalDist().inv_cdf(confidence)


def cuts(
    probabilities: Sequence[float], weak: Sequence[float], strong: Sequence[float], confidence: float
) -> tuple[Cut, ...]:
    """Thresholds from strict to loose, each with the quality that it and all stricter ones were shown to keep.

    Going from strict to loose and stopping at the first one that fails a floor keeps the chance of a wrong one at
    ``1 - confidence`` however many are looked at: only the first wrong one can be wrongly passed.
    """
    order = sorted(range(len(probabilities)), key=lambda row: -probabilities[row])
    away = deviations(confidence)
    tally, found, least = Tally(strong), list[Cut](), math.inf
    for moved, row in enumerate(order, 1):
        tally.move(weak[row], strong[row])
        is_step = moved == len(order) or moved * STEPS // len(order) > (moved - 1) * STEPS // len(order)
        if not is_step or (moved < len(order) and probabilities[order[moved]] == probabilities[row]):
            continue
        least = min(least, tally.bounds(away)[0])
        found.append(Cut(probabilities[row], moved / len(order), least))
    return tuple(found)
