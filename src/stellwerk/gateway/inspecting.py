"""Has the texts of a request judged by the compute process, so many at a time as one job may take."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.inspection import JOB, Inspect, question, read_answer
from stellwerk.core.subject import Side
from stellwerk.gateway.errand import Work
from stellwerk.gateway.stages import screen
from stellwerk.gateway.stages.screen import Judged

if TYPE_CHECKING:
    from stellwerk.dialects.utterances import Utterance
    from stellwerk.screening.policy import Rule

CHARACTERS_OF_A_TEXT = 80
"""So many characters could be judged in the time that each text takes besides."""
PORTION_CHARACTERS = 400_000
"""Texts that together are longer are judged one job after the other."""


def weight(texts: Sequence[Utterance]) -> int:
    """How long texts take together, in characters."""
    return sum(len(one.text) + CHARACTERS_OF_A_TEXT for one in texts)


def portion(texts: list[Utterance]) -> tuple[list[Utterance], list[Utterance]]:
    """As many of the first texts as one job may take, and the rest."""
    room = PORTION_CHARACTERS
    for place, one in enumerate(texts):
        room -= len(one.text) + CHARACTERS_OF_A_TEXT
        if room < 0 < place:
            return texts[:place], texts[place:]
    return texts, []


def inspection(rules: Sequence[Rule], texts: list[Utterance], judged: list[Judged]) -> Work:
    """The work of judging texts, which adds them to those that are ``judged``."""

    def payload() -> bytes:
        checks = tuple((rule.use, dict(rule.options)) for rule in rules)
        return question(Inspect(checks, tuple((one.text, one.speaker) for one in texts), Side.INPUT))

    def take(told: bytes) -> None:
        by_text = read_answer(told)
        if len(by_text) != len(texts) or any(len(found) != len(rules) for found in by_text):
            raise ValueError("not every text was judged by every check")
        for text, by_check in zip(texts, by_text, strict=True):
            said = (
                (rule.failed(found),) if isinstance(found, str) else rule.verdicts(found)
                for rule, found in zip(rules, by_check, strict=True)
            )
            judged.append(Judged(text, tuple(said)))

    return Work(JOB, payload, take, partial(screen.steps, rules, texts, judged))
