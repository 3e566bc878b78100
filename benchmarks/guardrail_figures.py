"""Figures of classifiers: recall at a rate of false alarms, the area under the curve, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SAMPLES = 500


def threshold(ordinary: Numbers, rate: float) -> float:
    """The score that so great a share of ordinary texts exceeds."""
    return float(np.quantile(ordinary, 1 - rate))


def recall(labels: NDArray[np.int64], scores: Numbers, rate: float) -> float:
    """The share of attacks above the threshold of the ordinary texts beside them."""
    return float((scores[labels == 1] > threshold(scores[labels == 0], rate)).mean())


def auc(labels: NDArray[np.int64], scores: Numbers) -> float:
    """How often an attack scores higher than an ordinary text; a tie counts half."""
    ordinary = np.sort(scores[labels == 0])
    attacks = scores[labels == 1]
    below = np.searchsorted(ordinary, attacks, "left") + np.searchsorted(ordinary, attacks, "right")
    return float(below.mean() / 2 / len(ordinary))


def interval(labels: NDArray[np.int64], scores: Numbers, groups: Sequence[str], rate: float) -> tuple[float, float]:
    """The middle 95 % of the recall, over samples of groups with replacement; thresholds are set anew in each."""
    members = np.unique(np.array(groups), return_inverse=True)[1]
    generator = np.random.default_rng(11)
    order = np.argsort(-scores, kind="stable")
    is_attack = labels[order] == 1
    found = []
    for _ in range(SAMPLES):
        drawn = np.bincount(generator.integers(0, members.max() + 1, members.max() + 1), minlength=members.max() + 1)
        counts = drawn[members][order]
        false = np.cumsum(np.where(is_attack, 0, counts))
        caught = counts[is_attack & (false <= rate * false[-1])].sum()
        found.append(caught / max(1, counts[is_attack].sum()))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)
