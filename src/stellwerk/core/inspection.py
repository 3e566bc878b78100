"""The job of judging texts by local checks, as it is asked of the compute process and answered."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from stellwerk.core.subject import Side, Speaker
from stellwerk.core.taxonomy import category_of
from stellwerk.core.verdict import Finding, Span

JOB = "screen"


class Inspect(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which checks (of the shelf, with their options) shall judge which texts, and whose words these are."""

    checks: tuple[tuple[str, dict[str, Any]], ...]
    texts: tuple[tuple[str, Speaker], ...]
    side: Side


_Found: TypeAlias = tuple[str, float, tuple[tuple[int, int, str, float, str], ...], bool, float, str]
_Told: TypeAlias = tuple[tuple[tuple[_Found, ...] | str, ...], ...]
Findings: TypeAlias = tuple[Finding, ...] | str
"""What a check has found, or why it could not run."""

_write = msgspec.msgpack.Encoder().encode
_read_question = msgspec.msgpack.Decoder(Inspect).decode
_read_answer = msgspec.msgpack.Decoder(_Told).decode


def question(asked: Inspect) -> bytes:
    """The job's payload."""
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


def _plain(finding: Finding) -> _Found:
    spans = tuple((span.start, span.end, str(span.type), span.score, span.name) for span in finding.spans)
    return str(finding.category), finding.score, spans, finding.is_hit, finding.threshold, finding.name


def _finding(found: _Found) -> Finding:
    category, score, spans, is_hit, threshold, name = found
    placed = tuple(Span(start, end, category_of(kind), sure, own) for start, end, kind, sure, own in spans)
    return Finding(category_of(category), score, placed, is_hit, threshold, name)
