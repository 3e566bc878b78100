"""Fits a logistic regression over hashed features by AdaGrad, some cases at a time. Deterministic. Needs numpy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]


def fit(
    cases: Sequence[Sequence[int]],
    labels: Sequence[bool],
    size: int,
    *,
    rounds: int,
    dropped: float,
    rate: float,
    together: int = 32,
) -> Weights:
    """One weight for each of ``size`` buckets. ``dropped`` is the part of the features hidden from each step."""
    lengths = np.fromiter(map(len, cases), np.int64, len(cases))
    starts = np.concatenate(([0], np.cumsum(lengths)))
    buckets = np.fromiter(chain.from_iterable(cases), np.int32, int(starts[-1]))
    truths = np.asarray(labels, np.float64)
    chance = np.random.default_rng(11)
    weights = np.zeros(size)
    squares = np.full(size, 0.1)
    for _ in range(rounds):
        order = chance.permutation(len(cases))
        for begin in range(0, len(order), together):
            chosen = order[begin : begin + together]
            rows = np.repeat(np.arange(len(chosen)), lengths[chosen])
            firsts = np.repeat(starts[chosen] - np.concatenate(([0], np.cumsum(lengths[chosen])[:-1])), lengths[chosen])
            seen = buckets[firsts + np.arange(len(rows))]
            kept = chance.random(len(rows)) >= dropped
            rows, seen = rows[kept], seen[kept]
            totals = np.bincount(rows, weights[seen], len(chosen))
            errors = truths[chosen] - 1 / (1 + np.exp(-np.clip(totals, -30, 30)))
            errors[np.abs(errors) < 0.01] = 0
            places, which = np.unique(seen, return_inverse=True)
            slopes = np.bincount(which, errors[rows], len(places))
            squares[places] += np.bincount(which, errors[rows] ** 2, len(places))
            weights[places] += rate * slopes / np.sqrt(squares[places])
    return weights


def rounded(weights: Weights, scale: float) -> bytes:
    """Weights times ``scale``, one signed byte each."""
    return np.clip(np.rint(weights * scale), -127, 127).astype(np.int8).tobytes()
