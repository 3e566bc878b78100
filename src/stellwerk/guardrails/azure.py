"""Azure: harmful content (``text:analyze``), attacks on prompts (``text:shieldPrompt``), or personal data.

Credentials are ``api_key``, else an application or a managed identity as for Azure's models. When the resource is away,
the check has not run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from stellwerk.cloud.azure_pii import CATEGORIES, NO_PERSONAL_DATA
from stellwerk.cloud.refreshing import Bearing, Refreshing, Token
from stellwerk.core.capacity import Capacity, Unit
from stellwerk.core.subject import Speaker, Subject
from stellwerk.core.taxonomy import Breach, Category, Hazard, Threat
from stellwerk.core.thresholds import Thresholds
from stellwerk.core.verdict import Finding, Span, merged
from stellwerk.core.wire import Origin, WireRequest
from stellwerk.dialects.verdicts import Score, VerdictHost, need_one_each, no_verdict, place, read_verdict
from stellwerk.ports.guardrail import RemoteGuardrail

SECRETS = ("api_key", "client_secret")
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

CONTENT_VERSION = "2024-09-01"
LANGUAGE_VERSION = "2023-04-01"

Kind = Literal["Hate", "SelfHarm", "Sexual", "Violence"]

_WORD = re.compile(r"[A-Za-z0-9._~-]+")
_MOST_SEVERE = 7
_KINDS: dict[str, Category] = {
    "Hate": Hazard.HATE,
    "SelfHarm": Hazard.SELF_HARM,
    "Sexual": Hazard.SEXUAL_CONTENT,
    "Violence": Hazard.VIOLENT_CRIMES,
}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the check takes. ``detect`` is what it looks for; all three take three checks.

    A score is the severity of content, from 0 to 7, as a part of 1.
    """

    base_url: str
    detect: Literal["content", "attacks", "pii"] = "content"
    api_key: str = ""
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = ""
    api_version: str = ""
    blocklists: tuple[str, ...] = ()
    language: str = "en"
    threshold: float = 0.5
    thresholds: dict[str, float] = {}

    def __post_init__(self) -> None:
        """Refuses a version that no query could hold, and two sorts of credentials."""
        for word in (self.api_version, self.language):
            if word and not _WORD.fullmatch(word):
                raise ValueError(f"expected a word, found {word!r}")
        if self.api_key and (self.client_secret or self.tenant_id or self.client_id):
            raise ValueError("one of `api_key` and an application is enough")
        Thresholds(self.threshold, self.thresholds)


class _Severity(msgspec.Struct):
    category: Kind
    severity: int


class _Match(msgspec.Struct, rename="camel"):
    blocklist_name: str


class _Analysis(msgspec.Struct, rename="camel"):
    categories_analysis: list[_Severity]
    blocklists_match: list[_Match] = []


class _Attack(msgspec.Struct, rename="camel"):
    attack_detected: bool


class _Shielded(msgspec.Struct, rename="camel"):
    user_prompt_analysis: _Attack | None = None
    documents_analysis: list[_Attack] | None = None


class _Entity(msgspec.Struct, rename="camel"):
    text: str
    category: str
    offset: int
    length: int
    confidence_score: Score


class _Warning(msgspec.Struct):
    code: str


class _Document(msgspec.Struct):
    id: str
    entities: list[_Entity]
    warnings: list[_Warning] = []


class _Documents(msgspec.Struct):
    documents: list[_Document]
    errors: list[msgspec.Raw]


class _Recognised(msgspec.Struct):
    kind: Literal["PiiEntityRecognitionResults"]
    results: _Documents


_ANALYSIS = msgspec.json.Decoder(_Analysis)
_SHIELDED = msgspec.json.Decoder(_Shielded)
_RECOGNISED = msgspec.json.Decoder(_Recognised)


class AzureCheck(Bearing):
    """A resource, asked under its key or an access token."""

    def __init__(self, settings: Settings, tokens: Refreshing[Token] | None, origins: tuple[Origin, ...]) -> None:
        key = (("ocp-apim-subscription-key", settings.api_key),) if settings.api_key else ()
        self._host = VerdictHost(settings.base_url, key)
        self.origin = self._host.origin
        self.holder = tokens
        self.origins = origins
        self._settings = settings
        self._thresholds = Thresholds(settings.threshold, settings.thresholds)

    def ask(self, path: str, version: str, asked: dict[str, object]) -> WireRequest:
        """A request to one of the resource's operations."""
        return self._host.ask(f"{path}?api-version={self._settings.api_version or version}", asked)


class AzureContent(AzureCheck):
    """``text:analyze``: one text of 10,000 characters, which are counted as UTF-16 to be sure."""

    max_texts = 1
    capacity = Capacity(10_000, unit=Unit.UTF16)

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """All categories at all levels of severity."""
        (subject,) = subjects
        asked = {
            "text": subject.passage.text,
            "categories": list(_KINDS),
            "blocklistNames": self._settings.blocklists,
            "haltOnBlocklistHit": False,
            "outputType": "EightSeverityLevels",
        }
        return self.ask("/contentsafety/text:analyze", CONTENT_VERSION, asked)

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """Every category has to be there."""
        del headers
        need_one_each(1, len(subjects))
        answer = read_verdict(_ANALYSIS, status, body)
        found = answer.categories_analysis
        if {one.category for one in found} != _KINDS.keys():
            no_verdict("a category is missing")
        if not all(0 <= one.severity <= _MOST_SEVERE for one in found):
            no_verdict("a severity is none")
        scores = self._thresholds.judge((_KINDS[one.category], one.severity / _MOST_SEVERE) for one in found)
        listed = [Finding(Breach.PATTERN, 1.0, name=match.blocklist_name) for match in answer.blocklists_match]
        return ((*scores, *merged(listed)),)


class AzureAttacks(AzureCheck):
    """``text:shieldPrompt``: one text of 10,000 characters, as a prompt or as a document in one."""

    max_texts = 1
    capacity = Capacity(10_000, unit=Unit.UTF16)

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """What a tool has brought is a document."""
        (subject,) = subjects
        is_document = subject.speaker is Speaker.TOOL
        asked: dict[str, object] = {
            "userPrompt": "" if is_document else subject.passage.text,
            "documents": [subject.passage.text] if is_document else [],
        }
        return self.ask("/contentsafety/text:shieldPrompt", CONTENT_VERSION, asked)

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """Whether there is an attack in the text that was asked about."""
        del headers
        need_one_each(1, len(subjects))
        answer = read_verdict(_SHIELDED, status, body)
        documents = answer.documents_analysis or []
        if subjects[0].speaker is Speaker.TOOL:
            need_one_each(len(documents), 1)
            analysis: _Attack | None = documents[0]
        else:
            analysis = answer.user_prompt_analysis
        if analysis is None:
            no_verdict("it does not judge the text")
        return (self._thresholds.judge([(Threat.PROMPT_ATTACK, float(analysis.attack_detected))]),)


class AzurePii(AzureCheck):
    """``PiiEntityRecognition``: five documents of 5,120 characters, places in code points as they are asked for."""

    max_texts = 5
    capacity = Capacity(5_120, 25_600, Unit.UTF16)

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """Each text as a document, by its number."""
        documents = [
            {"id": str(number), "language": self._settings.language, "text": subject.passage.text}
            for number, subject in enumerate(subjects)
        ]
        asked: dict[str, object] = {
            "kind": "PiiEntityRecognition",
            "parameters": {"modelVersion": "latest", "stringIndexType": "UnicodeCodePoint"},
            "analysisInput": {"documents": documents},
        }
        return self.ask("/language/:analyze-text", LANGUAGE_VERSION, asked)

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """Every document has to be there, whole, and every entity where it is said to be."""
        del headers
        results = read_verdict(_RECOGNISED, status, body).results
        found = {document.id: document for document in results.documents}
        if results.errors or found.keys() != {str(number) for number in range(len(subjects))}:
            no_verdict("a text is not judged")
        return tuple(self._judge(found[str(number)], subject) for number, subject in enumerate(subjects))

    def _judge(self, document: _Document, subject: Subject) -> tuple[Finding, ...]:
        if any(warning.code == "DocumentTruncated" for warning in document.warnings):
            no_verdict("a text was cut")
        spans = []
        for one in document.entities:
            start, end = one.offset, one.offset + one.length
            where = place(subject.passage, start, end)
            if subject.passage.text[start:end] != one.text:
                no_verdict("an entity is not where it is said to be")
            if one.category not in NO_PERSONAL_DATA:
                category = CATEGORIES.get(one.category, Hazard.PRIVACY)
                spans.append(Span(*where, category, min(one.confidence_score, 1.0)))
        return self._thresholds.judge_spans(spans)


_CHECKS: dict[str, type[AzureContent | AzureAttacks | AzurePii]] = {
    "content": AzureContent,
    "attacks": AzureAttacks,
    "pii": AzurePii,
}


def build(settings: Settings, *, environment: Mapping[str, str] = os.environ) -> RemoteGuardrail:
    """The check. Raises ``ValueError`` on an address that cannot be one, or ``ConfigurationError``."""
    kind = _CHECKS[settings.detect]
    if settings.api_key:
        return kind(settings, None, ())
    from stellwerk.cloud.azure_credentials import choose, hold, origins
    from stellwerk.cloud.files import read

    source = choose(
        environment,
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
    )
    return kind(settings, hold(source, read), origins(source))
