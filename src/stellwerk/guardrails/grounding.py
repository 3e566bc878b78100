"""Whether an answer rests on what it was given: a hint, by words and numbers that its sources do not have.

It compares words, not meanings: an answer in other words than its sources, or in another language, looks unsupported,
and one that says the opposite in their words does not.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Breach
from stellwerk.core.verdict import Finding, Span, apart
from stellwerk.errors import ConfigurationError
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.canonical import canonicalise
from stellwerk.text.likeness import LITTLE
from stellwerk.text.numerals import numbers
from stellwerk.text.sentences import sentences
from stellwerk.text.words import WORD, fold, stem

ACTION = "flag"
"""What becomes of what is found where nothing else is said."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an answer counts as unsupported.

    ``support`` is the share of a sentence's words that the sources must have, ``threshold`` the share of sentences that
    must not be without support. A number that no source has makes its sentence unsupported.
    """

    support: float = 0.5
    threshold: float = 0.5
    numbers: bool = True
    least_words: int = 4


class GroundingCheck:
    """Compares each sentence with the sources together. Without sources there is nothing to rest on, and no finding."""

    __slots__ = ("_settings",)

    needs_whole = True
    needs_sources = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding, of every answer that has sources: its score is the share of sentences without support."""
        if not any(subject.sources):
            return ()
        text = subject.passage.text
        known, values = _held((*subject.sources, subject.question))
        invented = [place for *place, read in numbers(text) if self._settings.numbers and not read & values]
        judged, unsupported, places = 0, 0, []
        for start, end in sentences(text):
            words = _words(fold(text[start:end]))
            inside = [place for place in invented if start <= place[0] < end]
            if len(words) < self._settings.least_words and not inside:
                continue
            judged += 1
            if len(words & known) < self._settings.support * len(words):
                unsupported += 1
                places.append([start, end])
            elif inside:
                unsupported += 1
                places += inside
        if not judged:
            return ()
        score, threshold = unsupported / judged, self._settings.threshold
        spans = apart([Span(*subject.passage.span(start, end), Breach.UNGROUNDED) for start, end in places])
        return (Finding(Breach.UNGROUNDED, score, spans, is_hit=score >= threshold, threshold=threshold),)


def _held(sources: Iterable[str]) -> tuple[set[str], set[str]]:
    """The words and the values of numbers that sources have."""
    passages = [canonicalise(source).text for source in sources]
    words = {word for passage in passages for word in _words(fold(passage))}
    return words, {value for passage in passages for *_, read in numbers(passage) for value in read}


def _words(folded: str) -> set[str]:
    return {stem(word) for word in {*WORD.findall(folded)} if not word.isdecimal()} - LITTLE


def build(settings: Settings) -> Guardrail:
    """The check. Raises ``ConfigurationError`` for shares that are none."""
    problems = [
        f"guardrails/grounding: {name}: expected a number above 0, at most 1, found {value:g}"
        for name, value in (("support", settings.support), ("threshold", settings.threshold))
        if not 0 < value <= 1
    ]
    if settings.least_words < 1:
        problems.append(f"guardrails/grounding: least_words: expected at least 1, found {settings.least_words}")
    if problems:
        raise ConfigurationError(tuple(problems))
    return GroundingCheck(settings)
