"""Abusive language as a hint: a small linear model over n-grams, good at slurs and threats, weak at sarcasm.

A text's score is the greatest of the text itself and of all its readings. 0.5 is what 1 % of ordinary prompts reach,
0.9 what 0.1 % reach.
"""

from __future__ import annotations

import pkgutil

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Hint
from stellwerk.core.verdict import Finding
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.ngrams import Head, load
from stellwerk.text.reading import judged
from stellwerk.text.traits import shown

WEIGHTS = "weights/toxicity.ngrams"
ACTION = "flag"
"""What becomes of what is found where nothing else is said."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which score on, between 0 and 1, a text is taken for abuse."""

    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError("a threshold is greater than 0 and at most 1")


class ToxicityCheck:
    """Asks one head."""

    __slots__ = ("_head", "_threshold")

    def __init__(self, head: Head, threshold: float) -> None:
        self._head = head
        self._threshold = threshold

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """The score, none of an empty text."""
        if not subject.original:
            return ()
        raw = max(self._head.whole(shown(text).distinct) for text in judged(subject))
        score = self._head.calibration.scale(raw)
        return (Finding(Hint.TOXICITY, score, is_hit=score >= self._threshold, threshold=self._threshold),)


def build(settings: Settings) -> Guardrail:
    """The check with the weights that the package brings."""
    data = pkgutil.get_data("stellwerk.guardrails", WEIGHTS)
    return ToxicityCheck(load(data or b"")["toxicity"], settings.threshold)
