"""Fits linear models over hashed n-grams: logistic regression with L2, by L-BFGS. Deterministic. Needs scipy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from scripts.guardrail_rows import SHORT, Example, Row, documents, examples
from stellwerk.text.ngrams import BITS, STEP, WINDOWS, Calibration, Head, folded
from stellwerk.text.traits import distinct, traits

if TYPE_CHECKING:
    from stellwerk.text.ngrams import Buckets

ROUGHNESS = 100.0
"""How little weights are held back: the C of other libraries."""
ITERATIONS = 45
LEAST = 0.004
"""Weights smaller than this share of the largest are left out."""
MOST = 450_000
"""Weights of one head: of more than that the smallest are left out, since they are shipped."""
LEAST_TRAITS = (154, 22, 2)
"""As many as a text of forty letters has: two words are no attack for the letters that they share with some."""
MINED_ROUNDS = 2

Floats = NDArray[np.float32]


def fit(name: str, features: csr_matrix, labels: Floats, counts: Floats, roughness: float = ROUGHNESS) -> Head:
    """A head whose raw scores are not calibrated yet. Both labels weigh the same in sum."""
    for label in (0, 1):
        chosen = labels == label
        counts = np.where(chosen, counts * (len(labels) / 2 / counts[chosen].sum()), counts).astype(np.float32)
    columns = np.flatnonzero(np.bincount(features.indices, minlength=1 << BITS) > 1)
    compact = features[:, columns].tocsr()
    turned = compact.T.tocsr()
    signs = np.where(labels > 0, 1, -1).astype(np.float32)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = point[:-1].astype(np.float32)
        margins = signs * (compact @ weights + np.float32(point[-1]))
        value = roughness * float((counts * np.logaddexp(0, -margins)).sum()) + 0.5 * float(weights @ weights)
        slopes = -roughness * counts * signs * np.exp(-np.logaddexp(0, margins))
        return value, np.append(turned @ slopes + weights, slopes.sum()).astype(np.float64)

    solved = minimize(loss, np.zeros(len(columns) + 1), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    weights = np.zeros(1 << BITS, np.float16)
    found = solved.x[:-1]
    size = np.abs(found)
    least = max(LEAST * size.max(), float(np.partition(size, -MOST)[-MOST]) if len(size) > MOST else 0.0)
    weights[columns] = np.where(size < least, 0, found)
    return Head(name, float(solved.x[-1]), Calibration(0.0, 1.0), weights)


def learned(name: str, chosen: Sequence[Example], roughness: float = ROUGHNESS) -> Head:
    """A head that judges texts as a whole."""
    features = matrix([distinct(traits(folded(one.text))) for one in chosen])
    return fit(name, features, *_targets(chosen), roughness)


def direct(chosen: Sequence[Row]) -> Head:
    """Attacks that are the whole of a text, from labels that can be trusted: others cost more than they bring."""
    head = learned("direct", examples(row for row in chosen if row.core and row.kind != "buried"))
    return msgspec.structs.replace(head, least=LEAST_TRAITS)


def harmful(chosen: Sequence[Row]) -> Head:
    """Requests for something harmful."""
    return learned("harmful", examples(chosen))


def toxicity(chosen: Sequence[Row]) -> Head:
    """Abusive language. Its labels are a matter of opinion, so that single weights are held back more."""
    return learned("toxicity", examples(chosen), roughness=20.0)


def untrusted(chosen: Sequence[Row]) -> Head:
    """Attacks that are a part of a text.

    Learned from short attacks and from windows of ordinary texts. Windows which a first model takes for attacks are
    added, so that the greatest score of many windows stays low in ordinary texts.
    """
    attacks = [one for one in examples(row for row in chosen if row.core and row.label) if len(one.text) <= SHORT]
    ordinary = [row for row in chosen if row.label == 0]
    pages = [_Page(folded(page)) for page in documents(ordinary)]
    short = [one for one in examples(ordinary) if len(one.text) <= SHORT]
    features = [[each.buckets for each in traits(folded(one.text))] for one in (*attacks, *short)]
    labels, counts = (list(part) for part in _targets([*attacks, *short]))
    features += [
        page.window(place, WINDOWS[place % len(WINDOWS)])
        for number, page in enumerate(pages)
        for place in range(number % STEP, page.size, 157)
    ]
    head = _fit_windows(features, labels, counts)
    for _ in range(MINED_ROUNDS):
        features += [window for page in pages for window in page.worst(head)]
        head = _fit_windows(features, labels, counts)
    return head


def _fit_windows(features: list[list[Buckets]], labels: list[float], counts: list[float]) -> Head:
    """Whatever stands after the labelled features is ordinary."""
    ordinary = len(features) - len(labels)
    targets = np.array([*labels, *[0.0] * ordinary], np.float32)
    return fit("untrusted", matrix(features), targets, np.array([*counts, *[1.0] * ordinary], np.float32))


class _Page:
    """An ordinary text in which windows are looked at."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._found: list[tuple[Buckets, NDArray[np.int64]]] = []
        for each in traits(data):
            order = np.argsort(each.places, kind="stable")
            self._found.append((each.buckets[order], np.searchsorted(each.places[order], np.arange(self.size + 1))))

    def window(self, start: int, length: int) -> list[Buckets]:
        """The buckets of what begins in the window."""
        end = min(start + length, self.size)
        return [buckets[begins[start] : begins[end]] for buckets, begins in self._found]

    def worst(self, head: Head, most: int = 4) -> list[list[Buckets]]:
        """The windows that score highest, apart from one another."""
        scored = []
        for length in WINDOWS:
            starts = np.arange(0, max(1, self.size - length + 1), STEP * 2)
            ends = np.minimum(starts + length, self.size)
            scores = np.zeros(len(starts))
            for buckets, begins in self._found:
                sums = np.concatenate(([0.0], np.cumsum(head.weights[buckets], dtype=np.float64)))
                first, last = begins[starts], begins[ends]
                scores += (sums[last] - sums[first]) / np.sqrt(np.maximum(1, last - first))
            scored += [(score, start, length) for score, start in zip(scores.tolist(), starts.tolist(), strict=True)]
        kept: list[tuple[float, int, int]] = []
        for score, start, length in sorted(scored, reverse=True):
            if all(start + length <= other or start >= other + size for _, other, size in kept):
                kept.append((score, start, length))
            if len(kept) == most:
                break
        return [self.window(start, length) for score, start, length in kept if score + head.bias > -2.0]


def matrix(rows: Iterable[Sequence[Buckets]]) -> csr_matrix:
    """Texts by buckets. Of each kind of traits a row of ``n`` has ``1 / sqrt(n)`` for each of them."""
    listed = list(rows)
    ends = np.cumsum([0, *(sum(map(len, row)) for row in listed)])
    parts = [part for row in listed for part in row]
    values: Any = np.concatenate([np.full(len(part), max(1, len(part)) ** -0.5, np.float32) for part in parts])
    made = csr_matrix((values, np.concatenate(parts), ends), shape=(len(listed), 1 << BITS))
    made.sum_duplicates()
    return made


def _targets(chosen: Sequence[Example]) -> tuple[Floats, Floats]:
    return (
        np.array([one.label for one in chosen], np.float32),
        np.array([one.weight for one in chosen], np.float32),
    )
