"""A rule: a pattern, the places where it can begin, the check of its hits, and the words that must stand near."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Span
from stellwerk.text.pii.scan import Scan

BEFORE = 48
UNLESS = 20
AFTER = 24


def bare(found: str) -> str:
    """Letters and digits only, in capitals."""
    return "".join(filter(str.isalnum, found)).upper()


def cue(words: str) -> re.Pattern[str]:
    """A pattern of alternatives that begin a word, for texts in small letters: it is quicker without IGNORECASE."""
    return re.compile(rf"(?<![^\W_])(?:{words})")


def numbers(fewest: int) -> Callable[[Scan], Iterable[int]]:
    """Hits begin with a run of digits, and so many follow."""
    return lambda scan: scan.numbers(fewest)


def signed(fewest: int) -> Callable[[Scan], Iterable[int]]:
    """Hits begin with a run of digits, or with the sign or bracket before it."""
    return lambda scan: scan.signed(fewest)


def codes(scan: Scan) -> Iterable[int]:
    """Hits begin with a capital, and a digit comes soon after it."""
    return scan.codes


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One form of one type.

    ``fit`` says how much of a hit is one, 0 for nothing; ``before`` and ``after`` are words of which one is needed,
    ``unless`` words that must not stand right before.

    ``places`` names where hits can begin: only there is the pattern tried. Without it, the pattern is looked for
    everywhere, which is cheap where it begins with a letter or a set of letters. ``needs`` is a text without which
    there is no hit.
    """

    type: Pii
    pattern: re.Pattern[str]
    places: Callable[[Scan], Iterable[int]] | None = None
    fit: Callable[[str], int] = len
    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    needs: str = ""
    score: float = 0.9

    def spans(self, scan: Scan) -> Iterator[Span]:
        """The hits in a text."""
        text = scan.text
        if self.needs not in text:
            return
        for hit in self.pattern.finditer(text) if self.places is None else self._hits(text, self.places(scan)):
            start, end = hit.span()
            if (size := self.fit(text[start:end])) and self._is_cued(text, start, start + size):
                yield Span(start, start + size, self.type, self.score)

    def _hits(self, text: str, places: Iterable[int]) -> Iterator[re.Match[str]]:
        """What ``finditer`` gives, as hits can begin nowhere else."""
        match = self.pattern.match
        after = 0
        for place in places:
            if place >= after and (hit := match(text, place)):
                after = hit.end()
                yield hit

    def _is_cued(self, text: str, start: int, end: int) -> bool:
        if self.unless is not None and _precedes(self.unless, text, start, UNLESS):
            return False
        if self.before is None and self.after is None:
            return True
        if self.before is not None and _precedes(self.before, text, start, BEFORE):
            return True
        return self.after is not None and self.after.search(text[end - 1 : end + AFTER].lower(), 1) is not None


def _precedes(words: re.Pattern[str], text: str, start: int, width: int) -> bool:
    """Whether one of the words begins among the last characters; the one before tells whether a word begins."""
    first = max(0, start - width)
    seen = text[max(0, first - 1) : start].lower()
    return words.search(seen, min(first, 1)) is not None
