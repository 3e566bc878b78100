"""Attacks on the prompt, and harmful requests as a hint: small linear models over n-grams, for known families.

Three heads: attacks that are the text (`direct`), attacks buried in a text that nobody in the conversation wrote
(`untrusted`, for tools' results beside the first), and requests for something harmful (`harmful`). A text's score is
the greatest of the text itself and of all its readings: 0.5 is what 1 % of ordinary prompts reach, 0.9 what 0.1 % do.
"""

from __future__ import annotations

import pkgutil

import msgspec

from stellwerk.core.subject import Speaker, Subject
from stellwerk.core.taxonomy import Hint, Threat
from stellwerk.core.verdict import Finding
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.ngrams import Head, load
from stellwerk.text.reading import judged
from stellwerk.text.traits import shown

WEIGHTS = "weights/injection.ngrams"
ACTION = "block"
"""What becomes of what is found where nothing else is said."""
ACTIONS = {"HARMFUL": "observe"}
"""The same for single categories: a hint is for reports."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which score on, between 0 and 1, a text is taken for an attack, and for a harmful request.

    The hint at harmful requests is for reports: to block by it, lower ``harmful``.
    """

    threshold: float = 0.5
    harmful: float = 0.9

    def __post_init__(self) -> None:
        if not (0 < self.threshold <= 1 and 0 < self.harmful <= 1):
            raise ValueError("thresholds are greater than 0 and at most 1")


class InjectionCheck:
    """Asks the heads that fit who speaks."""

    __slots__ = ("_direct", "_harmful", "_settings", "_untrusted")

    def __init__(self, heads: dict[str, Head], settings: Settings) -> None:
        self._direct, self._untrusted, self._harmful = (heads[name] for name in ("direct", "untrusted", "harmful"))
        self._settings = settings

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """The two scores, none of an empty text. What trusted speakers say is no hit: it is meant to be followed."""
        if not subject.original:
            return ()
        found = [shown(text) for text in judged(subject)]
        whole = [each.distinct for each in found]
        attack = self._direct.calibration.scale(max(map(self._direct.whole, whole)))
        if subject.speaker is Speaker.TOOL:
            buried = max(self._untrusted.anywhere(each.traits, each.size) for each in found)
            attack = max(attack, self._untrusted.calibration.scale(buried))
        harmful = self._harmful.calibration.scale(max(map(self._harmful.whole, whole)))
        threshold = 0.0 if subject.speaker.is_trusted else self._settings.threshold
        is_attack = 0 < threshold <= attack
        return (
            Finding(Threat.PROMPT_ATTACK, attack, is_hit=is_attack, threshold=threshold),
            Finding(Hint.HARMFUL, harmful, is_hit=harmful >= self._settings.harmful, threshold=self._settings.harmful),
        )


def build(settings: Settings) -> Guardrail:
    """The check with the weights that the package brings."""
    data = pkgutil.get_data("stellwerk.guardrails", WEIGHTS)
    return InjectionCheck(load(data or b""), settings)
