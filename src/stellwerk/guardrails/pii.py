"""Personal data: numbers by their check digits, contacts by form and words nearby, names by what announces them."""

from __future__ import annotations

from bisect import bisect
from functools import cache
from importlib.resources import files

import msgspec

from stellwerk.core.passage import Passage
from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Finding, Span, apart
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.pii import contact, names, numbers
from stellwerk.text.pii.scan import Scan
from stellwerk.text.pii.spelled import spelled_out
from stellwerk.text.pii.tagger import Tagger
from stellwerk.text.reading import changed, place

ACTION = "mask"
"""What becomes of what is found where nothing else is said."""

RULES = (*numbers.RULES, *contact.RULES)
"""Every rule but those for names."""


_BY_LOOK = frozenset((Pii.PERSON, Pii.LOCATION))
_BLOCK = 16


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
        found: dict[Pii, list[Span]] = {}
        for span in _everywhere(subject):
            if isinstance(span.type, Pii) and span.type in self._wanted:
                found.setdefault(span.type, []).append(span)
        return tuple(
            Finding(category, max(span.score for span in spans), tuple(spans))
            for category, spans in sorted(found.items())
        )


def _everywhere(subject: Subject) -> tuple[Span, ...]:
    """What stands in the text, and what it says in words, codes and ciphers, all at its place in the original."""
    passage = subject.passage
    spans = [_moved(passage, span, 0) for span in personal_data(passage.text)]
    hidden: list[Span] = []
    spelled = spelled_out(passage)
    for reading in (*(one for one in subject.readings if _may_hide(passage, one)), *((spelled,) if spelled else ())):
        first, last = changed(passage, reading)
        for span in personal_data(reading.text[first:last]):
            moved = _moved(reading, span, first)
            if _is_told(subject.original, moved) and not _overlaps(spans, moved):
                hidden.append(moved)
    return apart([*spans, *hidden]) if hidden else tuple(spans)


def _may_hide(passage: Passage, reading: Passage) -> bool:
    """Whether it is more than letters for other letters: those tell no address or number that was not seen before."""
    starts = reading.starts
    return starts is None or len(reading.text) != len(passage.text) or starts[0] > starts[-1]


def _is_told(original: str, span: Span) -> bool:
    """Whether a reading can be believed: by look, any garbled word may be a name, but a block of code is on purpose."""
    return span.type not in _BY_LOOK or (span.end - span.start >= _BLOCK and " " not in original[span.start : span.end])


def _overlaps(spans: list[Span], span: Span) -> bool:
    """Whether any of the spans, which are in order and apart, shares a character with another."""
    after = bisect(spans, span.start, key=lambda one: one.end)
    return after < len(spans) and spans[after].start < span.end


def _moved(reading: Passage, span: Span, by: int) -> Span:
    return Span(*place(reading, span.start + by, span.end + by), span.type, span.score)


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
