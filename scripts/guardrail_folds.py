"""Scores texts by heads that have never seen their group, and calibrates heads on such scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from scripts.guardrail_rows import FOLDS, MADE_UP, Row, documents
from stellwerk.core.subject import Subject
from stellwerk.text.ngrams import Calibration, Head, distinct, folded, runs
from stellwerk.text.reading import judged, read

PROCESSES = 2
Learner = Callable[[Sequence[Row]], Head]
Scores = NDArray[np.float64]


def by_fold(learn: Learner, rows: Sequence[Row]) -> list[Head]:
    """For each fold the head that was learned from the other ones."""
    parts = [[row for row in rows if row.fold != fold] for fold in range(FOLDS)]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        return list(pool.map(learn, parts))


def whole(head: Head, subject: Subject) -> float:
    """The raw score of a text: the greatest of its readings."""
    return max(head.whole(distinct(runs(folded(text)))) for text in judged(subject))


def anywhere(head: Head, subject: Subject) -> float:
    """The raw score of what may be buried in a text: the greatest of its readings."""
    return max(head.anywhere(runs(folded(text))) for text in judged(subject))


def unseen(heads: Sequence[Head], rows: Sequence[Row]) -> Scores:
    """The raw score of each row by the head that has not seen its group."""
    return np.array([whole(heads[row.fold], read(row.text)) for row in rows])


def ordinary(rows: Sequence[Row]) -> list[Row]:
    """Prompts by which thresholds are set: harmless for sure, and not made up."""
    return [row for row in rows if row.core and row.label == 0 and row.source != MADE_UP]


def from_elsewhere(rows: Sequence[Row]) -> list[Row]:
    """Ordinary prompts of others: our own were written to look like attacks, which traffic does not."""
    return [row for row in ordinary(rows) if row.source != "own"]


def pages(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Longer ordinary texts, each with the fold of everything in it."""
    return [
        (fold, page) for fold in range(FOLDS) for page in documents(ordinary([row for row in rows if row.fold == fold]))
    ]


def calibrated(scores: Scores) -> Calibration:
    """From the raw scores of ordinary texts."""
    one_percent, one_permille = np.quantile(scores, (0.99, 0.999))
    return Calibration(float(one_percent), float(one_permille))
