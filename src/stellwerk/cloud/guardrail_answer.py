"""What ``ApplyGuardrail`` answers, and what its assessments say in the common taxonomy.

A guardrail intervenes also where it merely masks: its action as a whole is therefore no finding, only what its policies
have detected is. It names what it found by its words, so that places are searched for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from stellwerk.cloud.aws_pii import CATEGORIES
from stellwerk.core.passage import Passage
from stellwerk.core.taxonomy import Breach, Category, Hazard, Hint, Threat
from stellwerk.core.verdict import Finding, Span, merged
from stellwerk.dialects.verdicts import Score, no_verdict, occurrences

Level = Literal["NONE", "LOW", "MEDIUM", "HIGH"]
FilterType = Literal["INSULTS", "HATE", "SEXUAL", "VIOLENCE", "MISCONDUCT", "PROMPT_ATTACK"]

_LEVELS = {"NONE": 0.0, "LOW": 1 / 3, "MEDIUM": 2 / 3, "HIGH": 1.0}
_FILTERS: dict[str, Category] = {
    "INSULTS": Hint.TOXICITY,
    "HATE": Hazard.HATE,
    "SEXUAL": Hazard.SEXUAL_CONTENT,
    "VIOLENCE": Hazard.VIOLENT_CRIMES,
    "MISCONDUCT": Hazard.NON_VIOLENT_CRIMES,
    "PROMPT_ATTACK": Threat.PROMPT_ATTACK,
}


class _Found(msgspec.Struct):
    """``detected`` is told in full answers, also where nothing is done about it."""

    action: Literal["NONE", "BLOCKED", "ANONYMIZED"]
    detected: bool | None = None

    @property
    def is_hit(self) -> bool:
        return self.action != "NONE" or self.detected is True


class _Topic(_Found, kw_only=True):
    name: str


class _Filter(_Found, kw_only=True):
    type: FilterType
    confidence: Level


class _Word(_Found, kw_only=True):
    match: str


class _Entity(_Found, kw_only=True):
    type: str
    match: str


class _Regex(_Found, kw_only=True):
    name: str = ""
    match: str = ""


class _Grounding(_Found, kw_only=True):
    type: str
    score: Score
    threshold: float


class _Topics(msgspec.Struct):
    topics: list[_Topic]


class _Filters(msgspec.Struct):
    filters: list[_Filter]


class _Words(msgspec.Struct, rename="camel"):
    custom_words: list[_Word]
    managed_word_lists: list[_Word]


class _Sensitive(msgspec.Struct, rename="camel"):
    pii_entities: list[_Entity]
    regexes: list[_Regex]


class _Groundings(msgspec.Struct):
    filters: list[_Grounding] = []


class _Reasoning(msgspec.Struct):
    findings: list[dict[str, msgspec.Raw]] = []


class _Assessment(msgspec.Struct, rename="camel"):
    topic_policy: _Topics | None = None
    content_policy: _Filters | None = None
    word_policy: _Words | None = None
    sensitive_information_policy: _Sensitive | None = None
    contextual_grounding_policy: _Groundings | None = None
    automated_reasoning_policy: _Reasoning | None = None


class _Characters(msgspec.Struct):
    guarded: int = 0
    total: int = 0


class _Coverage(msgspec.Struct, rename="camel"):
    text_characters: _Characters | None = None


class ApplyAnswer(msgspec.Struct, rename="camel"):
    """The whole answer. The text as the guardrail would have it is of no interest: it has no places."""

    action: Literal["NONE", "GUARDRAIL_INTERVENED"]
    assessments: list[_Assessment]
    guardrail_coverage: _Coverage | None = None


def read_assessments(answer: ApplyAnswer, passage: Passage, *, is_whole: bool) -> tuple[Finding, ...]:
    """What was found in a text. With ``is_whole`` the guardrail has to have looked at all of what it was sent.

    Raises ``GuardrailUnavailable`` where it has not, or does not say why it intervened.
    """
    coverage = answer.guardrail_coverage.text_characters if answer.guardrail_coverage else None
    if is_whole and coverage is not None and coverage.guarded < coverage.total:
        no_verdict("it has looked at a part of the text alone")
    found = [finding for assessment in answer.assessments for finding in _findings(assessment, passage)]
    if answer.action != "NONE" and not any(finding.is_hit for finding in found):
        no_verdict("it does not say why it intervened")
    return merged(found)


def _findings(assessment: _Assessment, passage: Passage) -> Iterator[Finding]:
    for topic in assessment.topic_policy.topics if assessment.topic_policy else ():
        yield Finding(Breach.TOPIC, 1.0 if topic.is_hit else 0.0, (), topic.is_hit, name=topic.name)
    for one in assessment.content_policy.filters if assessment.content_policy else ():
        yield Finding(_FILTERS[one.type], _LEVELS[one.confidence], (), one.is_hit)
    if assessment.word_policy is not None:
        for word in assessment.word_policy.custom_words:
            yield _matched(Breach.PATTERN, word, word.match, passage, "words")
        for word in assessment.word_policy.managed_word_lists:
            yield _matched(Hint.TOXICITY, word, word.match, passage)
    if assessment.sensitive_information_policy is not None:
        for entity in assessment.sensitive_information_policy.pii_entities:
            yield _matched(CATEGORIES.get(entity.type, Hazard.PRIVACY), entity, entity.match, passage)
        for regex in assessment.sensitive_information_policy.regexes:
            yield _matched(Breach.PATTERN, regex, regex.match, passage, regex.name)
    for ground in assessment.contextual_grounding_policy.filters if assessment.contextual_grounding_policy else ():
        yield Finding(Breach.UNGROUNDED, max(0.0, 1 - ground.score), (), ground.is_hit, max(0.0, 1 - ground.threshold))
    for reasoned in assessment.automated_reasoning_policy.findings if assessment.automated_reasoning_policy else ():
        if reasoned.keys() & {"invalid", "impossible"}:
            yield Finding(Breach.UNGROUNDED, 1.0)


def _matched(category: Category, found: _Found, match: str, passage: Passage, name: str = "") -> Finding:
    """Where the match is not in the text as it was sent, the text as a whole is meant."""
    spans = tuple(Span(start, end, category, 1.0, name) for start, end in occurrences(passage, match))
    return Finding(category, 1.0, spans, found.is_hit, name=name)
