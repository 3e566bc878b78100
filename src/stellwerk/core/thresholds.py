"""From which score on a classifier's word counts, for each category."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from stellwerk.core.taxonomy import Category, category_of
from stellwerk.core.verdict import Finding, Span, apart


class Thresholds(msgspec.Struct, frozen=True):
    """``usual``, but for the categories that have their ``own``, by name. All are between 0 and 1."""

    usual: float
    own: Mapping[str, float] = {}

    def __post_init__(self) -> None:
        """Refuses names that are no category's, and thresholds that everything or nothing reaches."""
        for name in self.own:
            category_of(name)
        for threshold in (self.usual, *self.own.values()):
            if not 0 < threshold <= 1:
                raise ValueError(f"expected a threshold above 0 and up to 1, found {threshold}")

    def of(self, category: Category) -> float:
        """The threshold of a category."""
        return self.own.get(category, self.usual)

    def judge(self, scores: Iterable[tuple[Category, float]]) -> tuple[Finding, ...]:
        """A finding for each category, by the highest of its scores, which may exceed 1 by rounding alone."""
        best: dict[Category, float] = {}
        for category, score in scores:
            best[category] = max(best.get(category, 0.0), min(score, 1.0))
        return tuple(
            Finding(category, score, (), score >= self.of(category), self.of(category))
            for category, score in sorted(best.items())
        )

    def judge_spans(self, spans: Iterable[Span]) -> tuple[Finding, ...]:
        """A finding for each category that has spans: with those over its threshold, or with all where none is."""
        found: dict[Category, list[Span]] = {}
        for span in spans:
            found.setdefault(span.type, []).append(span)
        findings = []
        for category, own in sorted(found.items()):
            threshold = self.of(category)
            hits = [span for span in own if span.score >= threshold]
            kept = apart(hits or own)
            findings.append(Finding(category, max(span.score for span in kept), kept, bool(hits), threshold))
        return tuple(findings)
