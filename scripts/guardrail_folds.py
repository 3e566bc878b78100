"""Scores texts by heads that have never seen their group, and calibrates heads on such scores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from scripts.guardrail_rows import FOLDS, MADE_UP, Row, documents
from stellwerk.core.subject import Subject
from stellwerk.text.ngrams import Calibration, Head, dump, folded, load
from stellwerk.text.reading import judged, read
from stellwerk.text.traits import distinct, traits

PROCESSES = 2
Scores = NDArray[np.float64]


class Learner(Protocol):
    """A function of a module that learns a head from rows."""

    __name__: str

    def __call__(self, chosen: Sequence[Row], /) -> Head:
        """The head."""


def by_fold(learn: Learner, rows: Sequence[Row], kept: Path | None = None) -> list[Head]:
    """For each fold the head that was learned from the other ones.

    ``kept`` is a directory for heads: what was learned there by the same name from the same rows is not learned again.
    """
    digest = hashlib.sha256(repr(rows).encode("utf-8", "replace")).hexdigest()[:16]
    file = kept / f"{learn.__name__}-{digest}.folds" if kept else None
    if file and file.exists():
        return list(load(file.read_bytes()).values())
    parts = [[row for row in rows if row.fold != fold] for fold in range(FOLDS)]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        heads = list(pool.map(learn, parts))
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(dump(tuple(msgspec.structs.replace(each, name=str(at)) for at, each in enumerate(heads))))
    return heads


def whole(head: Head, subject: Subject) -> float:
    """The raw score of a text: the greatest of its readings."""
    return max(head.whole(distinct(traits(folded(text)))) for text in judged(subject))


def anywhere(head: Head, subject: Subject) -> float:
    """The raw score of what may be buried in a text: the greatest of its readings."""
    return max(head.anywhere(traits(data), len(data)) for data in map(folded, judged(subject)))


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
