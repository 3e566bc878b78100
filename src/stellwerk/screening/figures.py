"""Figures of checks on labelled texts: how much of what is there is found, and how much of what is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from stellwerk.core.learned_report import Interval, auc, share_of
from stellwerk.core.taxonomy import Pii

KNOWN = frozenset(map(str, Pii))
UNSTRUCTURED = frozenset({Pii.PERSON, Pii.LOCATION, Pii.DATE_TIME, Pii.URL})
SAME = {"PER": Pii.PERSON, "STREET_ADDRESS": Pii.LOCATION, "DATE_OF_BIRTH": Pii.DATE_TIME, "DOMAIN_NAME": Pii.URL}
"""Names of types in other sets of texts."""

Labelled = tuple[int, int, str]
"""Start, end and type of a labelled part."""


class TypeFigures(msgspec.Struct, frozen=True):
    """Of one type of personal data. A label counts as found when half of it is covered by the same type."""

    labelled: int
    precision: float
    recall: float
    f1: float


class ScoreFigures(msgspec.Struct, frozen=True):
    """Of a classifier: recall where so many of the harmless texts are flagged, and what its own threshold does."""

    positives: int
    negatives: int
    auc: Interval
    recall_at_1_percent: Interval
    recall_at_01_percent: Interval
    found: Interval
    false: Interval


class Tally:
    """Counts what is found of labels, text by text."""

    __slots__ = ("_false", "_found", "_missed")

    def __init__(self) -> None:
        self._found: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._false: Counter[str] = Counter()

    def add(self, labelled: Sequence[Labelled], found: Sequence[Labelled]) -> None:
        """One text."""
        labels = [(start, end, SAME.get(kind, kind)) for start, end, kind in labelled]
        for label in labels:
            (self._found if any(_covers(label, part) for part in found) else self._missed)[label[2]] += 1
        for part in found:
            if not any(_touches(label, part) for label in labels):
                self._false[part[2]] += 1

    def figures(self) -> dict[str, TypeFigures]:
        """By type that is labelled; together those that are looked for, and those of them that have a fixed form."""
        kinds = sorted({*self._found, *self._missed})
        known = [kind for kind in kinds if kind in KNOWN]
        return {
            **{kind: self._together([kind]) for kind in kinds},
            "all that is known": self._together(known),
            "structured": self._together([kind for kind in known if kind not in UNSTRUCTURED]),
        }

    def _together(self, kinds: Sequence[str]) -> TypeFigures:
        found, missed, false = (
            sum(counts[kind] for kind in kinds) for counts in (self._found, self._missed, self._false)
        )
        return TypeFigures(
            labelled=found + missed,
            precision=found / max(1, found + false),
            recall=found / max(1, found + missed),
            f1=2 * found / max(1, 2 * found + missed + false),
        )


def score_figures(scored: Sequence[tuple[float, bool]], threshold: float) -> ScoreFigures:
    """Of scores and whether they should be high. Raises ``ValueError`` unless there are texts of both sorts."""
    positives = [score for score, label in scored if label]
    negatives = sorted((score for score, label in scored if not label), reverse=True)
    if not positives or not negatives:
        raise ValueError("expected texts with the label 1 and with the label 0")
    return ScoreFigures(
        positives=len(positives),
        negatives=len(negatives),
        auc=auc(scored),
        recall_at_1_percent=_recall(positives, negatives, 0.01),
        recall_at_01_percent=_recall(positives, negatives, 0.001),
        found=share_of(sum(score >= threshold for score in positives), len(positives)),
        false=share_of(sum(score >= threshold for score in negatives), len(negatives)),
    )


def _recall(positives: Sequence[float], negatives: Sequence[float], allowed: float) -> Interval:
    """Positives above the greatest score that so few negatives exceed; with too few of these, above them all."""
    cut = negatives[int(allowed * len(negatives))]
    return share_of(sum(score > cut for score in positives), len(positives))


def _covers(label: Labelled, part: Labelled) -> bool:
    return label[2] == part[2] and 2 * (min(label[1], part[1]) - max(label[0], part[0])) >= label[1] - label[0]


def _touches(label: Labelled, part: Labelled) -> bool:
    return label[2] == part[2] and label[0] < part[1] and part[0] < label[1]
