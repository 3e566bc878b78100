"""A rule: a pattern, the check that its hits must pass, and the words that must stand near."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Span

BEFORE = 48
UNLESS = 20
AFTER = 24


def bare(found: str) -> str:
    """Letters and digits only, in capitals."""
    return "".join(filter(str.isalnum, found)).upper()


def cue(words: str) -> re.Pattern[str]:
    """A pattern of alternatives that begin a word, in any case."""
    return re.compile(rf"(?<![^\W_])(?:{words})", re.IGNORECASE)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One form of one type.

    ``fit`` says how much of a hit is one, 0 for nothing; ``before`` and ``after`` are words of which one is needed,
    ``unless`` words that must not stand right before.

    ``needs`` is a text without which there is no hit; ``group`` is the part of the pattern that is reported.
    """

    type: Pii
    pattern: re.Pattern[str]
    fit: Callable[[str], int] = len
    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    needs: str = ""
    needs_digit: bool = True
    group: int = 0
    score: float = 0.9

    def spans(self, text: str) -> Iterator[Span]:
        """The hits in a text."""
        for hit in self.pattern.finditer(text):
            start, end = hit.span(self.group)
            if (size := self.fit(text[start:end])) and self._is_cued(text, start, start + size):
                yield Span(start, start + size, self.type, self.score)

    def _is_cued(self, text: str, start: int, end: int) -> bool:
        if self.unless is not None and self.unless.search(text, max(0, start - UNLESS), start):
            return False
        if self.before is None and self.after is None:
            return True
        if self.before is not None and self.before.search(text, max(0, start - BEFORE), start):
            return True
        return self.after is not None and self.after.search(text, end, end + AFTER) is not None
