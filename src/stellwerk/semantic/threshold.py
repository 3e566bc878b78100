"""The threshold of one scope: as low as the labels allow for wrong answers to stay under the rate that was asked for.

Labels come from misses, whose fresh answer shows whether the neighbour's would have been right, and from audits.
The error of a threshold is estimated from the labels at and above it, and from the mean chance of being wrong over what
it would have served of late; it has to stay a standard error under the rate. A scope whose audits prove that it is over the rate switches itself off.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import msgspec

from stellwerk.semantic.bounds import clopper_pearson
from stellwerk.semantic.fitting import PRIOR, chances_of, fitted
from stellwerk.semantic.verifier import chance

COLD_START = 0.97
"""The chance of being right that a hit needs before there are labels enough."""
NEVER = 1.01
FEWEST_LABELS = 60
REFIT_EVERY = 60
"""Labels between two fits."""
MOST_LABELS = 1_500
MOST_TRAFFIC = 1_500
"""Lookups and labels that are remembered; older ones say little of today."""
PRIOR_LABELS = 150
"""Labels that the verifier's training counts for when a standard error is taken."""
MODEL_COUNTS = 60.0
"""Labels that the fitted chances count for, where the wrong ones among the labels are counted."""
STANDARD_ERRORS = 1.0
AUDIT_COUNTS = 5.0
"""How many labels an audit counts for: it stands for the many hits that were not audited."""
MOST_OVER = 2.0
"""Semantic hits alone may be wrong at most so many times the rate, however many hits of other tiers dilute them."""
LOOSEN = 1.5
"""One fit lets the chance of being wrong grow by no more than this factor; it tightens at once."""
CONFIDENCE = 0.9
"""Of the interval of the audited error: its lower end is passed by chance in one of twenty cases."""
MOST_AUDITS = 400
PENANCE = 300
"""Labels that a scope collects after it switched itself off before it serves again, from the cold start."""

Evidence = tuple[float, float, float, float]


class Label(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of one lookup: what was seen, and whether the neighbour's answer was right."""

    evidence: Evidence
    is_right: bool
    is_audit: bool


class State(msgspec.Struct, frozen=True):
    """All that a scope has learned, to be kept and read back."""

    weights: tuple[float, ...] = PRIOR
    threshold: float = COLD_START
    estimate: float = 0.0
    """Share of wrong semantic hits at this threshold, as estimated; with ``bound``, one standard error above it."""
    bound: float = 1.0
    labels: tuple[Label, ...] = ()
    traffic: tuple[Evidence, ...] = ()
    audits: tuple[bool, ...] = ()
    unfitted: int = 0
    lookups: int = 0
    known_hits: int = 0
    semantic_hits: int = 0
    penance: int = 0


class Scope:
    """Learns the threshold of one scope. Not for several threads at once; what is remembered is bounded."""

    def __init__(self, max_error_rate: float, state: State | None = None) -> None:
        """Raises ``ValueError`` for a rate that is no share."""
        if not 0.0 < max_error_rate < 1.0:
            raise ValueError(f"expected an error rate between 0 and 1, found {max_error_rate}")
        state = state or State()
        self.max_error_rate = max_error_rate
        self.weights, self.threshold = state.weights, state.threshold
        self.estimate, self.bound = state.estimate, state.bound
        self.known_hits, self.semantic_hits, self.lookups = state.known_hits, state.semantic_hits, state.lookups
        self._labels = deque(state.labels, MOST_LABELS)
        self._traffic = deque(state.traffic, MOST_TRAFFIC)
        self._audits = deque(state.audits, MOST_AUDITS)
        self._unfitted, self._penance = state.unfitted, state.penance

    @property
    def status(self) -> Literal["cold", "fitted", "off"]:
        """``cold`` until there are labels enough, ``off`` while it serves nothing."""
        if self._penance:
            return "off"
        return "fitted" if len(self._labels) >= FEWEST_LABELS and self.bound < 1.0 else "cold"

    def chance(self, evidence: Evidence) -> float:
        """The chance that the neighbour's answer is right."""
        *weights, intercept = self.weights
        return chance(sum(weight * value for weight, value in zip(weights, evidence, strict=True)) + intercept)

    def looked_up(self, evidence: Evidence, *, is_hit: bool) -> None:
        """One lookup of the semantic tier that had a neighbour to take the answer from."""
        self.lookups += 1
        self.semantic_hits += is_hit
        self._traffic.append(evidence)

    def known_hit(self) -> None:
        """One hit of the exact or normalised tier."""
        self.known_hits += 1

    def label(self, evidence: Evidence, *, is_right: bool, is_audit: bool) -> bool:
        """What a fresh answer showed. Gives whether it is time to fit anew, which takes some milliseconds."""
        self._labels.append(Label(evidence, is_right, is_audit))
        self._unfitted += 1
        if is_audit:
            self._audits.append(is_right)
        if self._penance:
            self._penance -= 1
            if not self._penance:
                self._audits.clear()
                self.threshold = COLD_START
        elif is_audit and not is_right and self.audited()[0] > MOST_OVER * self.max_error_rate:
            self._penance, self.threshold = PENANCE, NEVER
        return self._unfitted >= REFIT_EVERY and len(self._labels) >= FEWEST_LABELS

    def audited(self) -> tuple[float, float]:
        """The exact interval for the share of wrong hits, from the audits alone."""
        return clopper_pearson(self._audits.count(False), len(self._audits), CONFIDENCE)

    def fit(self) -> None:
        """Fits chances and threshold to what is remembered."""
        import numpy as np

        self._unfitted = 0
        rows = [label.evidence for label in self._labels]
        counts = [AUDIT_COUNTS if label.is_audit else 1.0 for label in self._labels]
        right = [label.is_right for label in self._labels]
        self.weights = fitted(rows, [float(each) for each in right], counts)
        if self._penance or not self._traffic:
            return
        served = np.sort(chances_of(list(self._traffic), self.weights))[::-1]
        number = np.arange(1, len(served) + 1)
        expected = np.cumsum(1.0 - served) / number
        labelled = chances_of(rows, self.weights)
        order = np.argsort(-labelled)
        # How many labels lie at or above each chance that was served, and how many of them were wrong.
        seen = np.concatenate([[0.0], np.cumsum(np.asarray(counts)[order])])
        missed = np.concatenate([[0.0], np.cumsum(np.asarray(counts)[order] * ~np.asarray(right)[order])])
        above = np.searchsorted(-labelled[order], -served, side="right")
        error = (missed[above] + MODEL_COUNTS * expected) / (seen[above] + MODEL_COUNTS)
        bound = error + STANDARD_ERRORS * np.sqrt(error * (1.0 - error) / (seen[above] + PRIOR_LABELS))
        # Of all hits so many may be wrong, and hits of the other tiers never are.
        known = len(served) * self.known_hits / max(self.lookups, 1)
        allowed = self.max_error_rate * np.minimum((number + known) / number, MOST_OVER)
        good = np.flatnonzero(bound <= allowed)
        last = int(good[-1]) if len(good) else -1
        wanted = float(served[last]) if last >= 0 else NEVER
        self.threshold = max(wanted, 1.0 - LOOSEN * (1.0 - min(self.threshold, 0.995)))
        self.estimate = float(error[last]) if last >= 0 else 0.0
        self.bound = float(bound[last]) if last >= 0 else 0.0

    def state(self) -> State:
        """All of it, to be kept."""
        return State(
            self.weights, self.threshold, self.estimate, self.bound, tuple(self._labels), tuple(self._traffic),
            tuple(self._audits), self._unfitted, self.lookups, self.known_hits, self.semantic_hits, self._penance,
        )  # fmt: skip

    def explained(self) -> dict[str, object]:
        """What the threshold rests on, in plain values."""
        low, high = self.audited()
        return {
            "status": self.status,
            "max_error_rate": self.max_error_rate,
            "threshold": round(self.threshold, 4),
            "estimated_error": round(self.estimate, 5),
            "error_bound": round(self.bound, 5),
            "labels": len(self._labels),
            "audits": len(self._audits),
            "audits_wrong": self._audits.count(False),
            "audited_error": [round(low, 5), round(high, 5)],
            "lookups": self.lookups,
            "semantic_hits": self.semantic_hits,
            "known_hits": self.known_hits,
            "labels_until_on": self._penance,
        }
