"""What simulated services think of a text: a few words decide, so that tests and trials can foretell it."""

from __future__ import annotations

import re

import msgspec

HARMS = {
    "kill": "violence",
    "hate": "hate",
    "naked": "sexual",
    "steal": "crime",
    "suicide": "self_harm",
    "idiot": "insult",
}
"""What a word stands for."""
SURE, SURELY_NOT = 0.97, 0.01

_WORD = re.compile(r"[a-z]+")
_ATTACK = re.compile(r"\b(?:ignore|forget) (?:all|any|your|previous)\b", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}")
_NAME = re.compile(r"\b(?:Jane|John) Doe\b")


class Opinion(msgspec.Struct, frozen=True):
    """Of one text. Places are code points."""

    text: str
    harms: frozenset[str]
    is_attack: bool
    emails: tuple[tuple[int, int], ...]
    names: tuple[tuple[int, int], ...]

    def score(self, *harms: str) -> float:
        """How likely it is one of these."""
        return SURE if self.harms & {*harms} else SURELY_NOT

    @property
    def attack(self) -> float:
        """How likely it is an attack."""
        return SURE if self.is_attack else SURELY_NOT

    @property
    def is_unsafe(self) -> bool:
        """Whether any harm is in it."""
        return bool(self.harms)

    def match(self, place: tuple[int, int]) -> str:
        """What stands at a place."""
        return self.text[slice(*place)]


def judge(text: str) -> Opinion:
    """The opinion of a text."""
    words = {HARMS[word] for word in _WORD.findall(text.lower()) if word in HARMS}
    return Opinion(
        text,
        frozenset(words),
        _ATTACK.search(text) is not None,
        tuple(found.span() for found in _EMAIL.finditer(text)),
        tuple(found.span() for found in _NAME.finditer(text)),
    )
