"""Gradient boosting of small whole trees for a yes or no, in numpy: what trains the verifier of the semantic cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GrownTree = tuple[list[int], list[float], list[float]]

DEPTH = 3
BINS = 48
_FOREVER = 1e9


def boosted(
    rows: Floats,
    labels: Floats,
    counts: Floats,
    signs: list[int],
    *,
    trees: int,
    rate: float,
    hold: float,
    fewest: float,
) -> tuple[float, list[GrownTree]]:
    """The start and the trees. ``signs`` says which features may only raise (1) or only lower (-1) the score."""
    mean = float((labels * counts).sum() / counts.sum())
    start = float(np.log(mean / (1 - mean)))
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, BINS)[1:-1])) for column in rows.T]
    binned = np.column_stack(
        [np.searchsorted(edge, column, side="left") for edge, column in zip(edges, rows.T, strict=True)]
    )
    score = np.full(len(rows), start)
    found: list[GrownTree] = []
    for _ in range(trees):
        chance = 1 / (1 + np.exp(-score))
        slope, curve = counts * (labels - chance), counts * chance * (1 - chance)
        tree, added = _tree(binned, edges, slope, curve, signs, rate, hold, fewest)
        found.append(tree)
        score += added
    return start, found


def scores(rows: Floats, start: float, trees: list[GrownTree]) -> Floats:
    """The log-odds of each row."""
    total = np.full(len(rows), start)
    index = np.arange(len(rows))
    for features, thresholds, leaves in trees:
        place = np.zeros(len(rows), int)
        for _ in range(DEPTH):
            asked = np.asarray(features)[place]
            place = 2 * place + 1 + (rows[index, asked] > np.asarray(thresholds)[place])
        total += np.asarray(leaves)[place - len(features)]
    return total


def _tree(
    binned: NDArray[np.intp], edges: list[Floats], slope: Floats, curve: Floats, signs: list[int], rate: float,
    hold: float, fewest: float,
) -> tuple[GrownTree, Floats]:  # fmt: skip
    inner = 2**DEPTH - 1
    features, thresholds = [0] * inner, [_FOREVER] * inner
    place = np.zeros(len(binned), int)
    limits = {0: (-np.inf, np.inf)}
    for node in range(inner):
        here = np.flatnonzero(place == node)
        low, high = limits[node]
        split = (
            _split(binned[here], edges, slope[here], curve[here], signs, hold, fewest, low, high) if len(here) else None
        )
        middle = None
        if split is not None:
            feature, cut, value_left, value_right = split
            features[node], thresholds[node] = feature, float(edges[feature][cut])
            right = binned[here, feature] > cut
            middle = (value_left + value_right) / 2 if signs[feature] else None
        else:
            right = np.zeros(len(here), bool)
        place[here] = 2 * node + 1 + right
        limits[2 * node + 1] = limits[2 * node + 2] = (low, high)
        if middle is not None:
            rises = signs[features[node]] > 0
            limits[2 * node + 1] = (low, middle) if rises else (middle, high)
            limits[2 * node + 2] = (middle, high) if rises else (low, middle)
    leaves = []
    for leaf in range(inner, 2 * inner + 1):
        here = place == leaf
        value = float(slope[here].sum() / (curve[here].sum() + hold))
        leaves.append(rate * float(np.clip(value, *limits[leaf])))
    return (features, thresholds, leaves), np.asarray(leaves)[place - inner]


def _split(
    binned: NDArray[np.intp], edges: list[Floats], slope: Floats, curve: Floats, signs: list[int], hold: float,
    fewest: float, low: float, high: float,
) -> tuple[int, int, float, float] | None:  # fmt: skip
    all_slope, all_curve = slope.sum(), curve.sum()
    best, found = 1e-3 + all_slope**2 / (all_curve + hold), None
    for feature, edge in enumerate(edges):
        size = len(edge) + 1
        left_slope = np.cumsum(np.bincount(binned[:, feature], slope, size))[:-1]
        left_curve = np.cumsum(np.bincount(binned[:, feature], curve, size))[:-1]
        number = np.cumsum(np.bincount(binned[:, feature], minlength=size))[:-1]
        right_slope, right_curve = all_slope - left_slope, all_curve - left_curve
        gain = left_slope**2 / (left_curve + hold) + right_slope**2 / (right_curve + hold)
        left = np.clip(left_slope / (left_curve + hold), low, high)
        right = np.clip(right_slope / (right_curve + hold), low, high)
        allowed = (number >= fewest) & (len(binned) - number >= fewest)
        if signs[feature]:
            allowed &= (right - left) * signs[feature] >= 0
        gain = np.where(allowed, gain, -np.inf)
        if len(gain) and gain.max() > best:
            cut = int(gain.argmax())
            best, found = float(gain[cut]), (feature, cut, float(left[cut]), float(right[cut]))
    return found
