"""Amazon Comprehend: personal data with its places, or toxicity of segments.

It speaks one language at a time, which is the operator's to name. When it is away, the check has not run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

import msgspec

from stellwerk.cloud.aws_access import SECRETS as KEYS
from stellwerk.cloud.aws_access import Access, AwsSettings, Place, access, find
from stellwerk.cloud.aws_pii import CATEGORIES
from stellwerk.cloud.aws_service import AwsService
from stellwerk.core.capacity import Capacity, Unit
from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Category, Hazard, Hint
from stellwerk.core.thresholds import Thresholds
from stellwerk.core.verdict import Finding, Span
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.verdicts import Score, need_one_each, no_verdict, place, read_verdict
from stellwerk.ports.guardrail import RemoteGuardrail

SECRETS = KEYS
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

Label = Literal["GRAPHIC", "HARASSMENT_OR_ABUSE", "HATE_SPEECH", "INSULT", "PROFANITY", "SEXUAL", "VIOLENCE_OR_THREAT"]

_NAME = "comprehend"
_TARGET = "Comprehend_20171127."
_JSON = "application/x-amz-json-1.1"
_LABELS: dict[str, Category] = {
    "GRAPHIC": Hazard.VIOLENT_CRIMES,
    "HARASSMENT_OR_ABUSE": Hint.TOXICITY,
    "HATE_SPEECH": Hazard.HATE,
    "INSULT": Hint.TOXICITY,
    "PROFANITY": Hint.TOXICITY,
    "SEXUAL": Hazard.SEXUAL_CONTENT,
    "VIOLENCE_OR_THREAT": Hazard.VIOLENT_CRIMES,
}


class Settings(AwsSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the check takes. ``detect`` is what it looks for; both take two checks."""

    detect: Literal["pii", "toxicity"] = "pii"
    language: Literal["en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"] = "en"
    threshold: float = 0.5
    thresholds: dict[str, float] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses thresholds that cannot be."""
        super().__post_init__()
        Thresholds(self.threshold, self.thresholds)


class _Entity(msgspec.Struct, rename="pascal"):
    score: Score
    type: str
    begin_offset: int
    end_offset: int


class _Entities(msgspec.Struct, rename="pascal"):
    entities: list[_Entity]


class _Label(msgspec.Struct, rename="pascal"):
    name: Label
    score: Score


class _Result(msgspec.Struct, rename="pascal"):
    labels: list[_Label]


class _Toxicity(msgspec.Struct, rename="pascal"):
    result_list: list[_Result]


_ENTITIES = msgspec.json.Decoder(_Entities)
_TOXICITY = msgspec.json.Decoder(_Toxicity)


class ComprehendPii(AwsService):
    """``DetectPiiEntities``: one text of 100 KB, places in code points."""

    max_texts = 1
    capacity = Capacity(100_000, unit=Unit.UTF8)

    def __init__(self, place: Place, found: Access, settings: Settings) -> None:
        super().__init__(place, found, signed_as=_NAME, content_type=_JSON)
        self._language = settings.language
        self._thresholds = Thresholds(settings.threshold, settings.thresholds)

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """The text and its language."""
        (subject,) = subjects
        asked = {"Text": subject.passage.text, "LanguageCode": self._language}
        return self.ask("/", asked, f"{_TARGET}DetectPiiEntities")

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """A type that is not known is a matter of privacy all the same."""
        del headers
        need_one_each(1, len(subjects))
        passage = subjects[0].passage
        spans = [
            Span(
                *place(passage, one.begin_offset, one.end_offset),
                CATEGORIES.get(one.type, Hazard.PRIVACY),
                min(one.score, 1.0),
            )
            for one in read_verdict(_ENTITIES, status, body).entities
        ]
        return (self._thresholds.judge_spans(spans),)


class ComprehendToxicity(AwsService):
    """``DetectToxicContent``: ten segments of 1 KB."""

    max_texts = 10
    capacity = Capacity(1_000, 10_000, Unit.UTF8)

    def __init__(self, place: Place, found: Access, settings: Settings) -> None:
        super().__init__(place, found, signed_as=_NAME, content_type=_JSON)
        self._language = settings.language
        self._thresholds = Thresholds(settings.threshold, settings.thresholds)

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """Each text as a segment."""
        segments = [{"Text": subject.passage.text} for subject in subjects]
        return self.ask("/", {"TextSegments": segments, "LanguageCode": self._language}, f"{_TARGET}DetectToxicContent")

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """Every label has to be there for each of the texts."""
        del headers
        results = read_verdict(_TOXICITY, status, body).result_list
        need_one_each(len(results), len(subjects))
        if any({label.name for label in result.labels} != _LABELS.keys() for result in results):
            no_verdict("a label is missing")
        return tuple(
            self._thresholds.judge((_LABELS[label.name], label.score) for label in result.labels) for result in results
        )


def build(settings: Settings, *, environment: Mapping[str, str] = os.environ) -> RemoteGuardrail:
    """The check. Raises ``ValueError`` on an address that cannot be one, or ``ConfigurationError``."""
    found = find(settings, _NAME, _NAME, environment)
    held = access(settings, found.region, environment)
    kind = ComprehendPii if settings.detect == "pii" else ComprehendToxicity
    return kind(found, held, settings)
