"""Gemini's own safety filters as a check: what they say of a text sent as a prompt, with one token for an answer.

It is no question to the model: the filters run before it, block the prompt at the level that the threshold stands for,
and rate it. What the model would have answered is thrown away. When Gemini is away, the check has not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from stellwerk.core.capacity import Capacity
from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Breach, Category, Hazard, Hint, Threat
from stellwerk.core.thresholds import Thresholds
from stellwerk.core.verdict import Finding, merged
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.verdicts import VerdictHost, need_one_each, no_verdict, read_verdict
from stellwerk.ports.guardrail import RemoteGuardrail

SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

_PREFIX = "HARM_CATEGORY_"
_CATEGORIES: dict[str, Category] = {
    "HARM_CATEGORY_HARASSMENT": Hint.TOXICITY,
    "HARM_CATEGORY_HATE_SPEECH": Hazard.HATE,
    "HARM_CATEGORY_SEXUALLY_EXPLICIT": Hazard.SEXUAL_CONTENT,
    "HARM_CATEGORY_DANGEROUS_CONTENT": Hazard.NON_VIOLENT_CRIMES,
}
_OTHERS: dict[str, Category] = {
    "HARM_CATEGORY_CIVIC_INTEGRITY": Hazard.ELECTIONS,
    "HARM_CATEGORY_JAILBREAK": Threat.PROMPT_ATTACK,
}
"""Told by some models, and never asked for."""
_REASONS: dict[str, Category] = {"BLOCKLIST": Breach.PATTERN, "JAILBREAK": Threat.PROMPT_ATTACK}
_PROBABILITIES = {"NEGLIGIBLE": 0.0, "LOW": 1 / 3, "MEDIUM": 2 / 3, "HIGH": 1.0}
_BLOCKED = frozenset({"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"})
"""Ends of an answer that mean what it was to be about."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the check takes. Probabilities are scores: low .33, medium .67, high 1."""

    api_key: str
    base_url: str = "https://generativelanguage.googleapis.com"
    api_version: str = "v1beta"
    model: str = "gemini-2.5-flash-lite"
    threshold: float = 0.5
    thresholds: dict[str, float] = {}
    max_chars: int = 30_000

    def __post_init__(self) -> None:
        """Refuses what no path could hold, and thresholds that cannot be."""
        if not self.api_version.isalnum() or not self.model:
            raise ValueError("expected an `api_version` such as v1beta, and a `model`")
        if self.max_chars < 1:
            raise ValueError("`max_chars` is at least 1")
        Thresholds(self.threshold, self.thresholds)


class _Rating(msgspec.Struct):
    category: str
    probability: str
    blocked: bool = False


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str = ""
    safety_ratings: list[_Rating] = []


class _Candidate(msgspec.Struct, rename="camel"):
    finish_reason: str
    safety_ratings: list[_Rating] = []


class _Answer(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] = []
    prompt_feedback: _Feedback | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


class GeminiSafety(VerdictHost):
    """Asks about one text at a time."""

    max_texts = 1

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.base_url, (("x-goog-api-key", settings.api_key),))
        self.capacity = Capacity(settings.max_chars)
        self._thresholds = Thresholds(settings.threshold, settings.thresholds)
        self._path = f"/{settings.api_version}/models/{quote(settings.model, safe='')}:generateContent"
        levels = {name: _level(self._thresholds.of(category)) for name, category in _CATEGORIES.items()}
        self._asked = {
            "generationConfig": {"maxOutputTokens": 1, "temperature": 0},
            "safetySettings": [{"category": name, "threshold": level} for name, level in levels.items()],
        }

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """The text as a prompt."""
        (subject,) = subjects
        contents = [{"role": "user", "parts": [{"text": subject.passage.text}]}]
        return self.ask(self._path, {"contents": contents, **self._asked})

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """Blocked, or let through: an answer that is neither has no candidates and no reason for that."""
        del headers
        need_one_each(1, len(subjects))
        answer = read_verdict(_ANSWER, status, body)
        feedback = answer.prompt_feedback or _Feedback()
        if not answer.candidates and not feedback.block_reason:
            no_verdict("the text was neither blocked nor let through")
        found = [self._rated(rating) for rating in feedback.safety_ratings]
        reasons = [feedback.block_reason] if feedback.block_reason else []
        for candidate in answer.candidates:
            if candidate.finish_reason in _BLOCKED:
                reasons.append(candidate.finish_reason)
                found += [self._rated(rating) for rating in candidate.safety_ratings]
        if reasons and not any(finding.is_hit for finding in found):
            found += [Finding(_REASONS.get(reason, Hint.HARMFUL), 1.0) for reason in reasons]
        return (merged(found),)

    def _rated(self, rating: _Rating) -> Finding:
        score = _PROBABILITIES.get(rating.probability)
        if score is None or not rating.category.startswith(_PREFIX):
            no_verdict("a rating is none")
        category = _CATEGORIES.get(rating.category) or _OTHERS.get(rating.category, Hint.HARMFUL)
        threshold = self._thresholds.of(category)
        return Finding(category, score, (), rating.blocked or score >= threshold, threshold)


def _level(threshold: float) -> str:
    """From which probability on a prompt is blocked, so that it reaches the threshold."""
    if threshold <= _PROBABILITIES["LOW"]:
        return "BLOCK_LOW_AND_ABOVE"
    return "BLOCK_MEDIUM_AND_ABOVE" if threshold <= _PROBABILITIES["MEDIUM"] else "BLOCK_ONLY_HIGH"


def build(settings: Settings) -> RemoteGuardrail:
    """The check. Raises ``ValueError`` on a base URL that cannot be one."""
    return GeminiSafety(settings)
