"""Personal data: numbers by their check digits, contacts by form and words nearby, names by what announces them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Finding, Span, apart
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.pii import contact, names, numbers
from stellwerk.text.pii.scan import Scan
from stellwerk.text.pii.tagger import Tagger

ACTION = "mask"
"""What becomes of what is found where nothing else is said."""

RULES = (*numbers.RULES, *contact.RULES)
"""Every rule but those for names."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which types are looked for: all, where none is named."""

    types: tuple[str, ...] = ()


class PiiCheck:
    """Looks for the types wanted."""

    __slots__ = ("_wanted",)

    def __init__(self, wanted: frozenset[Pii]) -> None:
        self._wanted = wanted

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding per type."""
        passage = subject.passage
        found: dict[Pii, list[Span]] = {}
        for span in personal_data(passage.text):
            if isinstance(span.type, Pii) and span.type in self._wanted:
                start, end = passage.span(span.start, span.end)
                found.setdefault(span.type, []).append(Span(start, end, span.type, span.score))
        return tuple(
            Finding(category, max(span.score for span in spans), tuple(spans))
            for category, spans in sorted(found.items())
        )


def personal_data(text: str) -> tuple[Span, ...]:
    """Everything found, whatever the policy: types compete for the same characters."""
    scan = Scan(text)
    spans = [span for rule in RULES for span in rule.spans(scan)]
    return apart([*spans, *names.spans(text, _tagger())])


@cache
def _tagger() -> Tagger:
    return Tagger(files("stellwerk.text.pii").joinpath("names.bin").read_bytes())


def build(settings: Settings) -> Guardrail:
    """The check."""
    _tagger()  # read before the first request comes
    wanted = frozenset(map(Pii, settings.types)) if settings.types else frozenset(Pii)
    return PiiCheck(wanted)
