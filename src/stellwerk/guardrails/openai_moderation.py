"""OpenAI's moderation, or a host that speaks its dialect: thirteen categories, each with a score and a flag.

Without a threshold the service's own flags decide. When it is away, the check has not run.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stellwerk.core.capacity import Capacity
from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Category, Hazard, Hint
from stellwerk.core.thresholds import Thresholds
from stellwerk.core.verdict import Finding, merged
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.verdicts import Score, VerdictHost, bearer, need_one_each, no_verdict, read_verdict
from stellwerk.ports.guardrail import RemoteGuardrail

SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

_CATEGORIES: dict[str, Category] = {
    "harassment": Hint.TOXICITY,
    "harassment/threatening": Hazard.VIOLENT_CRIMES,
    "hate": Hazard.HATE,
    "hate/threatening": Hazard.HATE,
    "illicit": Hazard.NON_VIOLENT_CRIMES,
    "illicit/violent": Hazard.VIOLENT_CRIMES,
    "self-harm": Hazard.SELF_HARM,
    "self-harm/intent": Hazard.SELF_HARM,
    "self-harm/instructions": Hazard.SELF_HARM,
    "sexual": Hazard.SEXUAL_CONTENT,
    "sexual/minors": Hazard.CHILD_SEXUAL_EXPLOITATION,
    "violence": Hazard.VIOLENT_CRIMES,
    "violence/graphic": Hazard.VIOLENT_CRIMES,
}
_NEWER = {"illicit", "illicit/violent"}
"""Older models do not tell of them."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the check takes. A threshold of 0 leaves the decision to the service."""

    api_key: str = ""
    base_url: str = "https://api.openai.com/v1"
    model: str = "omni-moderation-latest"
    threshold: float = 0.0
    thresholds: dict[str, float] = {}
    max_chars: int = 20_000

    def __post_init__(self) -> None:
        """Refuses thresholds that cannot be."""
        Thresholds(self.threshold or 1.0, self.thresholds)
        if self.max_chars < 1:
            raise ValueError("`max_chars` is at least 1")


class _Result(msgspec.Struct):
    flagged: bool
    categories: dict[str, bool | None]
    category_scores: dict[str, Score | None]


class _Answer(msgspec.Struct):
    results: list[_Result]


_ANSWER = msgspec.json.Decoder(_Answer)


class OpenAIModeration(VerdictHost):
    """Asks about many texts at once."""

    max_texts = 32

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.base_url, bearer(settings.api_key))
        self.capacity = Capacity(settings.max_chars, 8 * settings.max_chars)
        self._model = settings.model
        self._threshold = settings.threshold
        self._thresholds = settings.thresholds

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """All texts as one input."""
        texts = [subject.passage.text for subject in subjects]
        return self.ask("/moderations", {"model": self._model, "input": texts})

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """Every category has to be there for each of the texts."""
        del headers
        results = read_verdict(_ANSWER, status, body).results
        need_one_each(len(results), len(subjects))
        return tuple(map(self._judge, results))

    def _judge(self, result: _Result) -> tuple[Finding, ...]:
        flags = {name for name, flag in result.categories.items() if flag}
        if result.flagged and not flags & _CATEGORIES.keys():
            no_verdict("it flags a text without saying why")
        findings = []
        for name, category in _CATEGORIES.items():
            score, is_flagged = result.category_scores.get(name), result.categories.get(name)
            if score is None or is_flagged is None:
                if name not in _NEWER:
                    no_verdict("a category is missing")
                continue
            threshold = self._thresholds.get(category, self._threshold)
            is_hit = score >= threshold if threshold else is_flagged
            findings.append(Finding(category, min(score, 1.0), (), is_hit, threshold))
        return merged(findings)


def build(settings: Settings) -> RemoteGuardrail:
    """The check. Raises ``ValueError`` on a base URL that cannot be one."""
    return OpenAIModeration(settings)
