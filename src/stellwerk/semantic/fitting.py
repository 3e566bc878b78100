"""Fits the chances of a scope to its labels: logistic regression that stays near what was known before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PRIOR = (1.0, 0.0, 0.0, 0.0, 0.0)
"""Before any label the verifier's score is believed as it is."""
_HOLD = (10.0, 10.0, 10.0, 10.0, 2.0)
"""How strongly each weight is held where it was before: as many labels' worth."""
_STEPS = 25
_FARTHEST = 2.0
"""A weight moves no further in one step, so that no step overshoots."""


def fitted(rows: Sequence[Sequence[float]], right: Sequence[float], weights: Sequence[float]) -> tuple[float, ...]:
    """Weights of the features, the intercept last, by Newton's method. A label counts as much as ``weights`` says."""
    import numpy as np

    matrix = np.column_stack([np.asarray(rows, float), np.ones(len(rows))])
    target, counts = np.asarray(right, float), np.asarray(weights, float)
    prior, hold = np.asarray(PRIOR), np.asarray(_HOLD)
    found = prior.copy()
    for _ in range(_STEPS):
        chances = 1.0 / (1.0 + np.exp(-np.clip(matrix @ found, -30.0, 30.0)))
        slope = matrix.T @ (counts * (chances - target)) + hold * (found - prior)
        curve = (matrix * (counts * chances * (1.0 - chances))[:, None]).T @ matrix + np.diag(hold)
        step = np.linalg.solve(curve, slope)
        step *= min(1.0, _FARTHEST / max(float(np.abs(step).max()), 1e-12))
        found -= step
        if float(np.abs(step).max()) < 1e-6:
            break
    return tuple(map(float, found))


def chances_of(rows: Sequence[Sequence[float]], weights: Sequence[float]) -> Floats:
    """The chance of each row."""
    import numpy as np

    matrix = np.asarray(rows, float).reshape(len(rows), len(weights) - 1)
    scores = matrix @ np.asarray(weights[:-1]) + weights[-1]
    chances: Floats = 1.0 / (1.0 + np.exp(-np.clip(scores, -30.0, 30.0)))
    return chances
