"""Patterns of the policy's own: numbers of customers, names of projects, whatever has a form.

They run on RE2, which takes time in proportion to the text whatever the pattern and the text: no pattern can be made to
hang. What it cannot do in that time (look-around, back references) is refused with the configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.core.passage import Passage
from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Breach, Category, category_of
from stellwerk.core.verdict import Finding, Span, apart
from stellwerk.errors import ConfigurationError
from stellwerk.ports.guardrail import Guardrail

ACTION = "mask"
"""What becomes of what is found where nothing else is said."""

LONGEST = 4_096
"""Bytes that a match may have. Searches see no further, so that neither can many matches make the time quadratic."""
MOST_STEPS = 2_000
"""Instructions of a compiled pattern, each of which RE2 may have to try at every byte."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_VALUE = "value"
"""The group whose place is the finding's, where a pattern has it."""


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One form, in RE2's notation. ``name`` is what placeholders and actions by type call it."""

    name: str
    pattern: str
    category: str = Breach.PATTERN
    ignore_case: bool = False


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is looked for."""

    patterns: tuple[Pattern, ...]


class PatternCheck:
    """Looks for each pattern in the text, without its disguises and as it was sent, and in its decoded readings."""

    __slots__ = ("_patterns",)

    def __init__(self, patterns: tuple[tuple[Pattern, Category, Any], ...]) -> None:
        self._patterns = patterns

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding for each pattern that fits somewhere."""
        passages = [subject.passage, *subject.readings]
        if subject.passage.text != subject.original:
            passages.append(Passage(subject.original, subject.original))
        encoded = [(passage, passage.text.encode(errors="surrogatepass")) for passage in passages]
        findings = []
        for pattern, kind, engine in self._patterns:
            spans = [
                Span(*passage.span(start, end), kind, 1.0, pattern.name)
                for passage, data in encoded
                for start, end in _places(engine, data)
            ]
            if spans:
                findings.append(Finding(kind, 1.0, apart(spans), name=pattern.name))
        return tuple(findings)


def _places(engine: Any, data: bytes) -> Iterator[tuple[int, int]]:
    """Where the pattern fits, in characters. Most texts cost one look."""
    if engine.search(data) is None:
        return
    group = engine.groupindex.get(_VALUE.encode(), 0)
    at = told = characters = 0
    while at < len(data):
        hit = engine.search(data, at, min(at + 2 * LONGEST, len(data)))
        if hit is None or hit.start() >= at + LONGEST:
            at += LONGEST
            continue
        start, end = hit.span(group)
        if start < 0:  # the group took no part in the match
            start, end = hit.span()
        if start < end:
            characters += _characters(data[told:start])
            size = _characters(data[start:end])
            yield characters, characters + size
            characters, told = characters + size, end
        at = max(hit.end(), at + 1)


def _characters(data: bytes) -> int:
    """How many characters begin in bytes of UTF-8."""
    return len(data.translate(None, _CONTINUATIONS))


_CONTINUATIONS = bytes(range(0x80, 0xC0))


def build(settings: Settings) -> Guardrail:
    """The check. Raises ``ConfigurationError`` for patterns that cannot be used, all at once."""
    try:
        import re2  # a package that only this check needs
    except ImportError as error:
        raise ConfigurationError(
            ("guardrails/pattern: needs google-re2: pip install 'stellwerk[patterns]'",)
        ) from error

    options = re2.Options()
    options.log_errors = False
    problems, patterns = [], []
    if not settings.patterns:
        problems.append("patterns: expected at least one, found none")
    if len({pattern.name for pattern in settings.patterns}) < len(settings.patterns):
        problems.append("patterns: two have the same name")
    for place, pattern in enumerate(settings.patterns):
        try:
            patterns.append((pattern, _category(pattern), _compiled(pattern, re2, options)))
        except ValueError as error:
            problems.append(f"patterns[{place}].{error}")
    if problems:
        raise ConfigurationError(tuple(f"guardrails/pattern: {problem}" for problem in problems))
    return PatternCheck(tuple(patterns))


def _category(pattern: Pattern) -> Category:
    """Its category. Raises ``ValueError`` for one that there is not, beginning with the option's name."""
    try:
        return category_of(pattern.category)
    except ValueError as error:
        raise ValueError(f"category: {error}") from error


def _compiled(pattern: Pattern, re2: Any, options: Any) -> Any:
    """The pattern in the engine. Raises ``ValueError`` with option and reason where it cannot be."""
    if not _NAME.fullmatch(pattern.name):
        raise ValueError(f"name: expected letters, digits, - and _, found {pattern.name!r}")
    written = f"(?i){pattern.pattern}" if pattern.ignore_case else pattern.pattern
    try:
        engine = re2.compile(written.encode(errors="surrogatepass"), options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace")
        raise ValueError(f"pattern: RE2 does not take that of {pattern.name}: {reason}") from error
    if engine.search(b"") is not None:
        raise ValueError(f"pattern: that of {pattern.name} fits the empty text, and so everywhere")
    if max(engine.programsize, engine.reverseprogramsize) > MOST_STEPS:
        raise ValueError(f"pattern: that of {pattern.name} is too large: {engine.programsize} steps of {MOST_STEPS}")
    return engine
