"""Learns a route from outcomes: which prompts a weak model answers as well as a strong one.

Each prompt falls into a part by its hash, the same prompt always into the same. A fifth is kept apart for the test.
The others are cut into folds: a fold is scored by weights that were learned from the other folds, so that every score
is of a prompt that the weights have not seen. Calibration and thresholds come from those scores; the weights that are
kept are learned from all folds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import TypeVar

import msgspec

from stellwerk.core.learned_fit import calibrate, fit
from stellwerk.core.learned_route import FORMAT, Head, LearnedRoute, Scorer, packed, scale, sigmoid
from stellwerk.core.prompt_features import features
from stellwerk.core.quality_floor import cuts

FOLDS = 5
PARTS = 5
"""One of so many parts is the test."""
LEAST_ROWS = 50
"""From fewer outcomes nothing is learned."""
LEAST_TEXTS = 2
"""A feature of fewer texts says nothing of others."""

_T = TypeVar("_T")


class Outcome(msgspec.Struct, frozen=True):
    """A prompt, and how good the answers of the two models were: 0 is useless, 1 is right."""

    prompt: str
    weak: float
    strong: float


class Split(msgspec.Struct, frozen=True):
    """Outcomes to learn from, in folds, and those of the test."""

    folds: tuple[tuple[Outcome, ...], ...]
    test: tuple[Outcome, ...]


def split(outcomes: Iterable[Outcome], seed: int, *, is_tested: bool = True) -> Split:
    """Outcomes by the hash of their prompt. With ``is_tested`` false, all of them are to learn from."""
    folds: list[list[tuple[bytes, Outcome]]] = [[] for _ in range(FOLDS)]
    test: list[tuple[bytes, Outcome]] = []
    for outcome in outcomes:
        digest = sha256(f"{seed}\0{outcome.prompt}".encode(errors="replace")).digest()
        is_test = is_tested and int.from_bytes(digest[:4]) % PARTS == 0
        (test if is_test else folds[int.from_bytes(digest[4:8]) % FOLDS]).append((digest, outcome))
    # In the order of hashes neighbours have nothing in common, whatever the file was sorted by.
    return Split(tuple(map(_in_order, folds)), _in_order(test))


def learn(
    folds: Sequence[Sequence[Outcome]], confidence: float, told: Callable[[int, int], None] = lambda _done, _all: None
) -> LearnedRoute:
    """The route. ``told`` hears how many of the fits are done, and how many there are."""
    seen = [[features(outcome.prompt) for outcome in fold] for fold in folds]
    rows = [outcome for fold in folds for outcome in fold]
    fits, advantages = len(folds) + 1, list[float]()
    for held_out, fold in enumerate(seen):
        told(held_out, fits)
        scorer = Scorer(_fitted(_without(seen, held_out), _without(folds, held_out)))
        advantages += map(scorer.advantage, fold)
    told(fits - 1, fits)
    route = _fitted([text for fold in seen for text in fold], rows)
    told(fits, fits)
    slope, offset = calibrate(advantages, [1.0 - _worse(row) for row in rows])
    thresholds = cuts(
        [sigmoid(slope * advantage + offset) for advantage in advantages],
        [row.weak for row in rows],
        [row.strong for row in rows],
        confidence,
    )
    return msgspec.structs.replace(route, slope=slope, offset=offset, cuts=thresholds, confidence=confidence)


def _fitted(texts: Sequence[Sequence[int]], rows: Sequence[Outcome]) -> LearnedRoute:
    """Weights, not yet calibrated."""
    counts = Counter(feature for text in texts for feature in text)
    places = {feature: place for place, feature in enumerate(f for f, n in counts.items() if n >= LEAST_TEXTS)}
    known = [[places[feature] for feature in text if feature in places] for text in texts]
    values = [scale(len(text)) for text in texts]

    def head(label: Callable[[Outcome], float]) -> Head:
        weights, intercept = fit(known, values, list(map(label, rows)), len(places))
        return Head(intercept, packed("f", weights))

    return LearnedRoute(FORMAT, packed("I", places), head(_worse), head(_better), 1.0, 0.0, len(rows))


def _worse(row: Outcome) -> float:
    return max(row.strong - row.weak, 0.0)


def _better(row: Outcome) -> float:
    return max(row.weak - row.strong, 0.0)


def _without(folds: Sequence[Sequence[_T]], held_out: int) -> list[_T]:
    return [item for place, fold in enumerate(folds) if place != held_out for item in fold]


def _in_order(rows: list[tuple[bytes, Outcome]]) -> tuple[Outcome, ...]:
    return tuple(outcome for _, outcome in sorted(rows, key=itemgetter(0)))
