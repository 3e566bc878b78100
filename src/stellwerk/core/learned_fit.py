"""Logistic regression over hashed features, and the calibration of a score: exact, repeatable, in plain Python.

Both take graded outcomes: a label is a number from 0 to 1, the share in which the thing happened.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from stellwerk.core.learned_route import sigmoid

STRENGTH = 1.0
"""How much a row may move the weights: the inverse of the regularisation."""
PASSES = 16
"""Passes over the rows; after these nothing changes that can be seen in an answer."""
_NEWTON_STEPS = 3


def fit(
    rows: Sequence[Sequence[int]], values: Sequence[float], labels: Sequence[float], features: int
) -> tuple[list[float], float]:
    """Weights of features, and the intercept, for rows of features that all have the row's value of ``values``.

    Dual coordinate descent: each row has one coefficient, which is its label less its probability once all is settled.
    Rows are taken in the order given, so the same rows give the same weights; neighbours should have little in common.
    The intercept is what the labels say without any feature: learned, it would settle last and differ from fit to fit.
    """
    weights, intercept = [0.0] * features, log_odds(labels)
    duals = [0.0] * len(rows)
    weight = weights.__getitem__
    for _ in range(PASSES):
        for place, row in enumerate(rows):
            value, old = values[place], duals[place]
            own = STRENGTH * value * value * len(row)
            new = _settled(intercept + value * sum(map(weight, row)) - own * old, own, labels[place], old)
            duals[place] = new
            step = STRENGTH * value * (new - old)
            for feature in row:
                weights[feature] += step
    return weights, intercept


def calibrate(scores: Sequence[float], labels: Sequence[float]) -> tuple[float, float]:
    """Slope and offset with which the sigmoid of a score is the probability of its label (Platt's method).

    The slope is never negative: scores that say the opposite of what happened say nothing.
    """
    slope, offset = 0.0, log_odds(labels)
    for _ in range(50):
        gradient_slope = gradient_offset = 0.0
        curve_slope = curve_both = curve_offset = 1e-6
        for score, label in zip(scores, labels, strict=True):
            chance = sigmoid(slope * score + offset)
            error, curve = chance - label, chance * (1.0 - chance)
            gradient_slope += error * score
            gradient_offset += error
            curve_slope += curve * score * score
            curve_both += curve * score
            curve_offset += curve
        determinant = curve_slope * curve_offset - curve_both * curve_both
        if determinant <= 0.0:
            break
        change = (curve_offset * gradient_slope - curve_both * gradient_offset) / determinant
        slope -= change
        offset -= (curve_slope * gradient_offset - curve_both * gradient_slope) / determinant
        if abs(change) < 1e-9 * (1.0 + abs(slope)):
            break
    return (slope, offset) if slope > 0.0 else (0.0, log_odds(labels))


def log_odds(labels: Sequence[float]) -> float:
    """The log-odds of the mean label, with half an observation added to either side."""
    total = sum(labels) + 0.5
    return math.log(total / (len(labels) + 1.0 - total))


def _settled(others: float, own: float, label: float, dual: float) -> float:
    """The coefficient at which a row agrees with itself, given what the other rows make of it: Newton's method."""
    for _ in range(_NEWTON_STEPS):
        chance = sigmoid(others + own * dual)
        dual += (label - chance - dual) / (1.0 + own * chance * (1.0 - chance))
    return dual
