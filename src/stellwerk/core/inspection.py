"""The jobs of judging texts by local checks, as they are asked of the compute process and answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, TypeAlias

import msgspec

from stellwerk.core.subject import Side, Speaker
from stellwerk.core.taxonomy import category_of
from stellwerk.core.verdict import Action, Finding, Span, Verdict

JOB = "screen"
ANSWER_JOB = "screen_answer"


class Inspect(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which checks (of the shelf, with their options) shall judge which texts, and whose words these are."""

    checks: tuple[tuple[str, dict[str, Any]], ...]
    texts: tuple[tuple[str, Speaker], ...]
    side: Side


class How(StrEnum):
    """How the guard of answers looks at a text."""

    TEXT = "text"
    """As at what is said, window by window, by all checks."""
    BESIDE = "beside"
    """The same by those that do not need an answer as a whole: reasoning, refusals, transcripts."""
    ONCE = "once"
    """All of it at once: what comes whole."""
    JSON = "json"
    """The same of JSON, by the texts in it."""


class CheckSpec(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A check of the shelf under its policy."""

    name: str
    use: str
    options: dict[str, Any]
    action: Action
    actions: dict[str, Action]
    failure: Literal["closed", "open", "degrade"]


class InspectAnswer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which checks shall judge the texts of an answer, in their order; ``is_held`` says that it goes out as a whole."""

    checks: tuple[CheckSpec, ...]
    texts: tuple[tuple[How, str], ...]
    is_held: bool
    sources: tuple[str, ...] = ()


_Place: TypeAlias = tuple[int, int, str, float, str]
_Found: TypeAlias = tuple[str, float, tuple[_Place, ...], bool, float, str]
_Told: TypeAlias = tuple[tuple[tuple[_Found, ...] | str, ...], ...]
Findings: TypeAlias = tuple[Finding, ...] | str
"""What a check has found, or why it could not run."""

Look: TypeAlias = tuple[bytes, bool]
"""What was looked at: a digest of the text, and whether checks that need the whole answer were left out."""
Looks: TypeAlias = dict[Look, tuple[Verdict, ...]]
_Judged: TypeAlias = tuple[str, str | None, float, Action, tuple[_Place, ...], str, float, str | None, str]

_write = msgspec.msgpack.Encoder().encode
_read_question = msgspec.msgpack.Decoder(Inspect).decode
_read_answer = msgspec.msgpack.Decoder(_Told).decode
_read_answer_question = msgspec.msgpack.Decoder(InspectAnswer).decode
_read_looks = msgspec.msgpack.Decoder(tuple[tuple[bytes, bool, tuple[_Judged, ...]], ...]).decode


def question(asked: Inspect | InspectAnswer) -> bytes:
    """A job's payload."""
    return _write(asked)


def read_question(payload: bytes) -> Inspect:
    """What is asked. Raises ``ValueError``."""
    return _read_question(payload)


def answer(found: list[list[Findings]]) -> bytes:
    """The findings by text, and of each by check."""
    return _write([[each if isinstance(each, str) else list(map(_plain, each)) for each in text] for text in found])


def read_answer(payload: bytes) -> list[list[Findings]]:
    """The same, read. Raises ``ValueError`` for what is no answer."""
    return [
        [each if isinstance(each, str) else tuple(map(_finding, each)) for each in text]
        for text in _read_answer(payload)
    ]


def read_answer_question(payload: bytes) -> InspectAnswer:
    """What is asked of an answer. Raises ``ValueError``."""
    return _read_answer_question(payload)


def looks_answer(looks: Looks) -> bytes:
    """What was looked at, and the verdicts on it."""
    return _write([(*look, list(map(_plain_verdict, verdicts))) for look, verdicts in looks.items()])


def read_looks(payload: bytes) -> Looks:
    """The same, read. Raises ``ValueError`` for what is no answer."""
    return {(text, is_beside): tuple(map(_verdict, told)) for text, is_beside, told in _read_looks(payload)}


def _plain_verdict(one: Verdict) -> _Judged:
    kind = None if one.category is None else str(one.category)
    return (
        one.check,
        kind,
        one.score,
        one.action,
        _plain_spans(one.spans),
        one.provider,
        one.latency,
        one.error,
        one.name,
    )


def _verdict(told: _Judged) -> Verdict:
    check, kind, score, action, spans, provider, latency, error, name = told
    return Verdict(
        check=check,
        category=None if kind is None else category_of(kind),
        score=score,
        action=action,
        spans=_spans(spans),
        provider=provider,
        latency=latency,
        error=error,
        name=name,
    )


def _plain(finding: Finding) -> _Found:
    return (
        str(finding.category),
        finding.score,
        _plain_spans(finding.spans),
        finding.is_hit,
        finding.threshold,
        finding.name,
    )


def _finding(found: _Found) -> Finding:
    category, score, spans, is_hit, threshold, name = found
    return Finding(category_of(category), score, _spans(spans), is_hit, threshold, name)


def _plain_spans(spans: tuple[Span, ...]) -> tuple[_Place, ...]:
    return tuple((span.start, span.end, str(span.type), span.score, span.name) for span in spans)


def _spans(places: tuple[_Place, ...]) -> tuple[Span, ...]:
    return tuple(Span(start, end, category_of(kind), sure, own) for start, end, kind, sure, own in places)
