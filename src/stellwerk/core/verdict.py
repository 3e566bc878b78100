"""What a check says of a text: one type for local and remote checks, so that policies and logs need not know which."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from stellwerk.core.taxonomy import Category


class Action(StrEnum):
    """What becomes of a text, from the mildest to the strictest."""

    OBSERVE = "observe"
    FLAG = "flag"
    PSEUDONYMIZE = "pseudonymize"
    MASK = "mask"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """Greater for stricter actions."""
        return _ORDER[self]

    @property
    def is_edit(self) -> bool:
        """Whether it changes the text."""
        return self in {Action.MASK, Action.PSEUDONYMIZE}


_ORDER = {action: place for place, action in enumerate(Action)}


class Span(msgspec.Struct, frozen=True, order=True):
    """A part of the original text, in code points, half-open. ``name`` is that of the policy's own pattern or topic."""

    start: int
    end: int
    type: Category
    score: float = 1.0
    name: str = ""

    @property
    def label(self) -> str:
        """What placeholders, and actions by type, call it."""
        return self.name or self.type


class Finding(msgspec.Struct, frozen=True):
    """What a check says of a text in one category. ``score`` is 0 to 1.

    Classifiers tell their score of every text, and their threshold: ``is_hit`` says whether it is reached. Spans are
    of the original text, without overlap and in its order; none where the text as a whole is meant. ``name`` is that of
    the policy's own pattern or topic, and each of them has a finding of its own.
    """

    category: Category
    score: float
    spans: tuple[Span, ...] = ()
    is_hit: bool = True
    threshold: float = 0.0
    name: str = ""

    @property
    def label(self) -> str:
        """What records, and actions by type, call it."""
        return self.name or self.category


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy makes of one check's finding in one text, or of its failure. ``latency`` is in seconds.

    With an ``error`` the check did not run to its end: such a verdict is neither a pass nor a finding.
    """

    check: str
    category: Category | None
    score: float
    action: Action = Action.OBSERVE
    spans: tuple[Span, ...] = ()
    provider: str = "local"
    latency: float = 0.0
    error: str | None = None
    name: str = ""

    @property
    def label(self) -> str:
        """What records call what was found."""
        return self.name or str(self.category or "")

    @property
    def has_run(self) -> bool:
        """Whether the check came to a result at all."""
        return self.error is None


def strictest(verdicts: tuple[Verdict, ...]) -> Action:
    """The action that all of them together ask for."""
    return max((verdict.action for verdict in verdicts), key=lambda action: action.severity, default=Action.OBSERVE)


def apart(spans: list[Span]) -> tuple[Span, ...]:
    """Spans without overlap, in the order of the text: of two that overlap the surer one stays, then the longer one."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (-span.score, span.start - span.end, span.start, span.type)):
        # those kept do not overlap, so that only the neighbours of the place can be in the way
        place = bisect(kept, span.start, key=lambda other: other.start)
        is_free = place == 0 or kept[place - 1].end <= span.start
        if is_free and (place == len(kept) or span.end <= kept[place].start):
            kept.insert(place, span)
    return tuple(kept)


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each category and name: the surest hit, with the spans of all hits.

    A hit that has no place leaves the others none: the text as a whole is meant.
    """
    same: dict[tuple[Category, str], list[Finding]] = {}
    for finding in findings:
        same.setdefault((finding.category, finding.name), []).append(finding)
    return tuple(own[0] if len(own) == 1 else _merged(own) for own in same.values())


def _merged(own: list[Finding]) -> Finding:
    hits = [finding for finding in own if finding.is_hit] or own
    is_placed = all(finding.spans for finding in hits)
    spans = apart([span for finding in hits for span in finding.spans]) if is_placed else ()
    return msgspec.structs.replace(max(hits, key=lambda finding: finding.score), spans=spans)
