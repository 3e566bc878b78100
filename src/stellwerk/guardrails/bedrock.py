"""Amazon Bedrock's guardrails: its stateless checks, or a guardrail that the account has, by its id.

Without ``guardrail`` the checks named here are asked for (``InvokeGuardrailChecks``), and scores come back; with it,
the guardrail judges by its own settings (``ApplyGuardrail``). What is done about findings is this gateway's policy
alone. When Bedrock is away or its answer is not whole, the check has not run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

import msgspec

from stellwerk.cloud.aws_access import SECRETS as KEYS
from stellwerk.cloud.aws_access import Access, AwsSettings, Place, access, find
from stellwerk.cloud.aws_pii import CATEGORIES
from stellwerk.cloud.aws_service import AwsService
from stellwerk.cloud.guardrail_answer import ApplyAnswer, read_assessments
from stellwerk.core.capacity import Capacity
from stellwerk.core.subject import Side, Speaker, Subject
from stellwerk.core.taxonomy import Category, Hazard, Hint, Threat
from stellwerk.core.thresholds import Thresholds
from stellwerk.core.verdict import Finding, Span
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.verdicts import Score, need_one_each, no_verdict, read_verdict, wide_place
from stellwerk.ports.guardrail import RemoteGuardrail

SECRETS = ("api_key", *KEYS)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

BEARER_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 (a variable's name)

Content = Literal["VIOLENCE", "HATE", "SEXUAL", "MISCONDUCT", "INSULTS"]
Attack = Literal["JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE"]

_CONTENT: dict[str, Category] = {
    "VIOLENCE": Hazard.VIOLENT_CRIMES,
    "HATE": Hazard.HATE,
    "SEXUAL": Hazard.SEXUAL_CONTENT,
    "MISCONDUCT": Hazard.NON_VIOLENT_CRIMES,
    "INSULTS": Hint.TOXICITY,
}
_SIGNED_AS = "bedrock"
_ROLES = {Speaker.SYSTEM: "system", Speaker.DEVELOPER: "system", Speaker.ASSISTANT: "assistant"}


class Settings(AwsSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the check takes. ``content``, ``attacks`` and ``pii`` say what is asked for where no ``guardrail`` says it.

    With ``grounding`` an answer is given to the guardrail together with its sources. A text longer than ``max_chars``
    is asked about in parts.
    """

    api_key: str = ""
    guardrail: str = ""
    version: str = "DRAFT"
    grounding: bool = False
    content: tuple[Content, ...] = ("VIOLENCE", "HATE", "SEXUAL", "MISCONDUCT", "INSULTS")
    attacks: tuple[Attack, ...] = ("JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE")
    pii: tuple[str, ...] = ()
    threshold: float = 0.5
    thresholds: dict[str, float] = msgspec.field(default_factory=dict)
    max_chars: int = 25_000

    def __post_init__(self) -> None:
        """Refuses a check that asks for nothing, and words that Bedrock does not know."""
        super().__post_init__()
        if self.api_key and not self.is_chained:
            raise ValueError("one of `api_key`, `access_key_id` and `profile` is enough")
        if not self.guardrail and not (self.content or self.attacks or self.pii):
            raise ValueError("`content`, `attacks` or `pii` is needed where there is no `guardrail`")
        for word in self.pii:
            if word not in CATEGORIES:
                raise ValueError(f"`pii`: Bedrock knows no {word!r}")
        if self.max_chars < 100:
            raise ValueError("`max_chars` is at least 100")
        Thresholds(self.threshold, self.thresholds)


class _Content(msgspec.Struct, rename="camel"):
    category: Content
    severity_score: Score


class _Attack(msgspec.Struct, rename="camel"):
    category: Attack
    severity_score: Score


class _Entity(msgspec.Struct, rename="camel"):
    type: str
    confidence_score: Score
    begin_offset: int
    end_offset: int
    message_index: int
    content_index: int


class _Contents(msgspec.Struct):
    results: list[_Content]


class _Attacks(msgspec.Struct):
    results: list[_Attack]


class _Entities(msgspec.Struct):
    results: list[_Entity]
    truncated: bool = False


class _Results(msgspec.Struct, rename="camel"):
    content_filter: _Contents | None = None
    prompt_attack: _Attacks | None = None
    sensitive_information: _Entities | None = None


class _Answer(msgspec.Struct):
    results: _Results


_ANSWER = msgspec.json.Decoder(_Answer)
_APPLIED = msgspec.json.Decoder(ApplyAnswer)


class BedrockChecks(AwsService):
    """Asks ``InvokeGuardrailChecks`` about one text at a time: its scores are those of all that is asked together."""

    max_texts = 1

    def __init__(self, place: Place, found: Access | None, api_key: str, settings: Settings) -> None:
        super().__init__(place, found, signed_as=_SIGNED_AS, api_key=api_key)
        self.capacity = Capacity(settings.max_chars)
        self._settings = settings
        self._thresholds = Thresholds(settings.threshold, settings.thresholds)
        self._checks = _checks(settings)

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """The text as a message of who says it."""
        (subject,) = subjects
        role = "assistant" if subject.side is Side.OUTPUT else _ROLES.get(subject.speaker, "user")
        messages = [{"role": role, "content": [{"text": subject.passage.text}]}]
        return self.ask("/guardrail-checks/invoke", {"messages": messages, "checks": self._checks})

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """Every category that was asked for has to be there."""
        del headers
        need_one_each(1, len(subjects))
        results = read_verdict(_ANSWER, status, body).results
        contents = results.content_filter.results if results.content_filter else []
        attacks = results.prompt_attack.results if results.prompt_attack else []
        told: set[str] = {one.category for one in contents} | {one.category for one in attacks}
        if not told >= {*self._settings.content, *self._settings.attacks}:
            no_verdict("a category that was asked for is missing")
        scores = [(_CONTENT[one.category], one.severity_score) for one in contents]
        scores += [(Threat.PROMPT_ATTACK, one.severity_score) for one in attacks]
        spans = self._spans(subjects[0], results.sensitive_information) if self._settings.pii else []
        return (self._thresholds.judge(scores) + self._thresholds.judge_spans(spans),)

    def _spans(self, subject: Subject, found: _Entities | None) -> list[Span]:
        if found is None or found.truncated:
            no_verdict("not all personal data is told")
        spans = []
        for one in found.results:
            category = CATEGORIES.get(one.type)
            if category is None or one.message_index or one.content_index:
                no_verdict("it tells of what was not asked for")
            place = wide_place(subject.passage, one.begin_offset, one.end_offset)
            spans.append(Span(*place, category, min(one.confidence_score, 1.0)))
        return spans


class BedrockGuardrail(AwsService):
    """Asks ``ApplyGuardrail`` about one text at a time."""

    max_texts = 1

    def __init__(self, place: Place, found: Access | None, api_key: str, settings: Settings) -> None:
        super().__init__(place, found, signed_as=_SIGNED_AS, api_key=api_key)
        self.capacity = Capacity(settings.max_chars)
        self._has_grounding = settings.grounding
        self._path = f"/guardrail/{quote(settings.guardrail, safe='')}/version/{quote(settings.version, safe='')}/apply"

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """The text, with what it has to rest on where that is to be looked at."""
        (subject,) = subjects
        text: dict[str, object] = {"text": subject.passage.text}
        content = [{"text": text}]
        if self._is_grounded(subject):
            content = [{"text": {"text": source, "qualifiers": ["grounding_source"]}} for source in subject.sources]
            content.append({"text": {"text": subject.question or "-", "qualifiers": ["query"]}})
            content.append({"text": text | {"qualifiers": ["guard_content"]}})
        source = "OUTPUT" if subject.side is Side.OUTPUT else "INPUT"
        return self.ask(self._path, {"source": source, "content": content, "outputScope": "FULL"})

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """What each policy of the guardrail has found; that it intervened says nothing by itself."""
        del headers
        need_one_each(1, len(subjects))
        answer = read_verdict(_APPLIED, status, body)
        return (read_assessments(answer, subjects[0].passage, is_whole=not self._is_grounded(subjects[0])),)

    def _is_grounded(self, subject: Subject) -> bool:
        return self._has_grounding and subject.side is Side.OUTPUT and bool(subject.sources)


def build(settings: Settings, *, environment: Mapping[str, str] = os.environ) -> RemoteGuardrail:
    """The check. Raises ``ValueError`` on an address that cannot be one, or ``ConfigurationError``."""
    from stellwerk.cloud.aws_endpoints import BEDROCK

    place = find(settings, BEDROCK, "bedrock-runtime", environment)
    key = settings.api_key or (environment.get(BEARER_TOKEN, "") if settings.is_chained else "")
    found = None if key else access(settings, place.region, environment)
    kind = BedrockGuardrail if settings.guardrail else BedrockChecks
    return kind(place, found, key, settings)


def _checks(settings: Settings) -> dict[str, object]:
    checks: dict[str, object] = {}
    if settings.content:
        checks["contentFilter"] = {"categories": [{"category": word} for word in settings.content]}
    if settings.attacks:
        checks["promptAttack"] = {"categories": [{"category": word} for word in settings.attacks]}
    if settings.pii:
        checks["sensitiveInformation"] = {"entities": [{"type": word} for word in settings.pii]}
    return checks
