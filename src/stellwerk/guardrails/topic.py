"""Topics that a policy does not want: terms in any inflection, and sentences like its examples."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Breach, Category, category_of
from stellwerk.core.verdict import Finding, Span, apart
from stellwerk.errors import ConfigurationError
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.likeness import Examples
from stellwerk.text.sentences import sentences
from stellwerk.text.terms import Terms

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_ALLOWED = ""


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One topic. ``definition`` is for people, and for services that go by it; ``allowed`` are sentences nearby."""

    name: str
    terms: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    definition: str = ""
    category: str = Breach.TOPIC


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not to be talked about. ``threshold``: how like an example a sentence has to be."""

    topics: tuple[Topic, ...]
    threshold: float = 0.6


class TopicCheck:
    """Looks for terms and for sentences like examples, in the text and in its decoded readings."""

    __slots__ = ("_categories", "_examples", "_terms", "_threshold")

    def __init__(
        self, categories: dict[str, Category], terms: Terms, examples: Examples | None, threshold: float
    ) -> None:
        self._categories = categories
        self._terms = terms
        self._examples = examples
        self._threshold = threshold

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding for each topic that there is a sign of; likeness below the threshold is told, too."""
        spans: dict[str, list[Span]] = {}
        closest: dict[str, float] = {}
        # Most of a reading is what the text says anyway: only lines and sentences that are new are looked at.
        lines: set[str] = set()
        seen: set[str] = set()
        for number, passage in enumerate((subject.passage, *subject.readings)):
            places = [] if number else [(0, len(passage.text))]
            for start, end in _sentences(passage.text, lines):
                sentence = passage.text[start:end]
                if sentence in seen:
                    continue
                seen.add(sentence)
                if number:
                    places.append((start, end))
                self._compare(sentence, passage.span(start, end), spans, closest)
            for start, end in places:
                for first, last, name in self._terms.find(passage.text[start:end]):
                    place = passage.span(start + first, start + last)
                    spans.setdefault(name, []).append(Span(*place, self._categories[name], 1.0, name))
        return tuple(self._finding(name, spans, closest) for name in sorted({*spans, *closest}))

    def _compare(
        self, sentence: str, place: tuple[int, int], spans: dict[str, list[Span]], closest: dict[str, float]
    ) -> None:
        found = self._examples.closest(sentence) if self._examples else None
        if found is None or found[0] == _ALLOWED:
            return
        name, score = found[0], min(found[1], 1.0)
        closest[name] = max(closest.get(name, 0.0), score)
        if score >= self._threshold:
            spans.setdefault(name, []).append(Span(*place, self._categories[name], score, name))

    def _finding(self, name: str, spans: dict[str, list[Span]], closest: dict[str, float]) -> Finding:
        kind = self._categories[name]
        if name not in spans:
            return Finding(kind, closest[name], is_hit=False, threshold=self._threshold, name=name)
        found = apart(spans[name])
        return Finding(kind, max(span.score for span in found), found, threshold=self._threshold, name=name)


def _sentences(text: str, known: set[str]) -> Iterator[tuple[int, int]]:
    """Where the sentences of lines stand that are not known yet; afterwards they are."""
    at = 0
    for line in text.split("\n"):
        if line not in known:
            known.add(line)
            for start, end in sentences(line):
                yield at + start, at + end
        at += len(line) + 1


def build(settings: Settings) -> Guardrail:
    """The check. Raises ``ConfigurationError`` for topics that cannot be looked for, all faults at once."""
    topics = settings.topics
    problems = [] if topics else ["topics: expected at least one, found none"]
    if not 0 < settings.threshold <= 1:
        problems.append(f"threshold: expected a number above 0, at most 1, found {settings.threshold:g}")
    if len({topic.name for topic in topics}) < len(topics):
        problems.append("topics: two have the same name")
    categories: dict[str, Category] = {}
    for place, topic in enumerate(topics):
        if not _NAME.fullmatch(topic.name):
            problems.append(f"topics[{place}]: expected a name of letters, digits, - and _, found {topic.name!r}")
        if not topic.terms and not topic.examples:
            problems.append(f"topics[{place}]: {topic.name} has neither terms nor examples")
        try:
            categories[topic.name] = category_of(topic.category)
            Terms({topic.name: topic.terms})
        except ValueError as error:
            problems.append(f"topics[{place}]: {topic.name}: {error}")
    if problems:
        raise ConfigurationError(tuple(f"guardrails/topic: {problem}" for problem in problems))
    examples = {topic.name: topic.examples for topic in topics if topic.examples}
    allowed = {_ALLOWED: tuple(sentence for topic in topics for sentence in topic.allowed)}
    return TopicCheck(
        categories,
        Terms({topic.name: topic.terms for topic in topics}),
        Examples(examples | allowed) if examples else None,
        settings.threshold,
    )
