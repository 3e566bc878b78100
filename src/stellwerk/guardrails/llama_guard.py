"""Llama Guard behind any host of OpenAI's dialect: it says ``safe``, or ``unsafe`` and the hazards of MLCommons.

The host's chat template writes the instructions. How sure the model is stands in the probability of its first word,
where the host tells that. Anything but those two words is no verdict; when the host is away, the check has not run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from stellwerk.core.capacity import Capacity
from stellwerk.core.subject import Side, Speaker, Subject
from stellwerk.core.taxonomy import Category, Hazard, Hint
from stellwerk.core.thresholds import Thresholds
from stellwerk.core.verdict import Finding
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.verdicts import VerdictHost, bearer, need_one_each, no_verdict, read_verdict
from stellwerk.ports.guardrail import RemoteGuardrail

SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

_CODES = re.compile(r"S\d{1,2}(?:\s*,\s*S\d{1,2})*")
_HAZARDS: dict[str, Category] = {hazard.value: hazard for hazard in Hazard}
_SAFE, _UNSAFE = "safe", "unsafe"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the check takes. A threshold below .5 finds also what the model calls safe without being sure."""

    base_url: str
    model: str = "meta-llama/Llama-Guard-4-12B"
    api_key: str = ""
    threshold: float = 0.5
    logprobs: bool = True
    max_chars: int = 16_000

    def __post_init__(self) -> None:
        """Refuses limits that cannot be."""
        Thresholds(self.threshold)
        if self.max_chars < 1:
            raise ValueError("`max_chars` is at least 1")


class _Likely(msgspec.Struct):
    token: str
    logprob: float


class _Token(_Likely):
    top_logprobs: list[_Likely] = []


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Message(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: Literal["stop"]
    logprobs: _Logprobs | None = None


class _Answer(msgspec.Struct):
    choices: tuple[_Choice]


_ANSWER = msgspec.json.Decoder(_Answer)


class LlamaGuard(VerdictHost):
    """Asks about one text at a time: the last message of a conversation of one or two."""

    max_texts = 1

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.base_url, bearer(settings.api_key))
        self.capacity = Capacity(settings.max_chars)
        self._thresholds = Thresholds(settings.threshold)
        asked: dict[str, object] = {"model": settings.model, "temperature": 0, "max_tokens": 20}
        self._asked = asked | ({"logprobs": True, "top_logprobs": 5} if settings.logprobs else {})

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """An answer is judged as one to its question; all else as the words of the user."""
        (subject,) = subjects
        messages = [{"role": "user", "content": subject.passage.text}]
        if subject.side is Side.OUTPUT or subject.speaker is Speaker.ASSISTANT:
            answer = {"role": "assistant", "content": subject.passage.text}
            messages = [{"role": "user", "content": subject.question or "-"}, answer]
        return self.ask("/chat/completions", self._asked | {"messages": messages})

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """One finding for each hazard that is named; the doubt about what is safe as a hint."""
        del headers
        need_one_each(1, len(subjects))
        (choice,) = read_verdict(_ANSWER, status, body).choices
        word, _, rest = choice.message.content.strip().partition("\n")
        word, rest = word.strip(), rest.strip()
        if word == _SAFE and not rest:
            score = _unsafe_score(choice.logprobs, word)
            return (self._thresholds.judge([(Hint.HARMFUL, score)]),)
        if word != _UNSAFE or (rest and not _CODES.fullmatch(rest)):
            no_verdict("it says neither safe nor unsafe")
        # The likelier of two words is as good as even, also where a third one has taken a share.
        score = max(0.5, _unsafe_score(choice.logprobs, word))
        named = {_HAZARDS.get(code.strip(), Hint.HARMFUL) for code in rest.split(",")} if rest else {Hint.HARMFUL}
        return (self._thresholds.judge((category, score) for category in named),)


def _unsafe_score(logprobs: _Logprobs | None, word: str) -> float:
    """How likely ``unsafe`` was where the first word stands; certain where the host does not tell."""
    tokens = (logprobs.content or []) if logprobs is not None else []
    first = next((token for token in tokens if token.token.strip()), None)
    certain = 1.0 if word == _UNSAFE else 0.0
    if first is None or first.token.strip() != word:
        return certain
    for likely in (first, *first.top_logprobs):
        if likely.token.strip() == _UNSAFE:
            return math.exp(min(likely.logprob, 0.0))
    return certain


def build(settings: Settings) -> RemoteGuardrail:
    """The check. Raises ``ValueError`` on a base URL that cannot be one."""
    return LlamaGuard(settings)
