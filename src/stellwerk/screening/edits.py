"""What becomes of the places that checks have found: the text without them, and a map of what was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from stellwerk.core.verdict import Span

SHOWN = 4
"""So many characters of a value stay readable under ``LAST_FOUR``, if they are at most half of it."""
_HASH_BYTES = 6


class How(StrEnum):
    """What stands in the place of a value."""

    LABEL = "label"
    """Its type: ``[IBAN_CODE]``."""
    LAST_FOUR = "last_four"
    """Asterisks for its letters and digits, except the last four."""
    HASH = "hash"
    """Its type and a keyed digest: equal values can be told, not read."""
    DROP = "drop"
    """Nothing."""
    TOKEN = "token"  # noqa: S105 - a word of the configuration
    """A pseudonym, which can be put back."""


class Edit(msgspec.Struct, frozen=True, order=True):
    """``text`` goes in the place of ``[start, end)`` of the original, in code points."""

    start: int
    end: int
    text: str
    type: str


class Edited(msgspec.Struct, frozen=True):
    """A text after its edits. ``places`` has, for each of ``edits``, where its text now stands."""

    text: str
    edits: tuple[Edit, ...] = ()
    places: tuple[tuple[int, int], ...] = ()


class Manner(msgspec.Struct, frozen=True, eq=False):
    """How values of which type are replaced. ``key`` keys digests; ``token`` names a value of a type.

    ``token`` gives ``None`` for a value it has no room for, which then gets its label: never the value itself.
    """

    hows: Mapping[str, How] = {}
    otherwise: How = How.LABEL
    key: bytes = b""
    token: Callable[[str, str], str | None] | None = None

    def of(self, kind: str, value: str) -> str:
        """What stands in the place of a value."""
        match self.hows.get(kind, self.otherwise):
            case How.LAST_FOUR:
                return last_four(value)
            case How.HASH:
                told = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=self.key, digest_size=_HASH_BYTES)
                return f"[{kind}:{told.hexdigest()}]"
            case How.DROP:
                return ""
            case How.TOKEN if self.token is not None:
                return self.token(kind, value) or f"[{kind}]"
            case _:
                return f"[{kind}]"


def edits(text: str, spans: Iterable[Span], manner: Manner) -> tuple[Edit, ...]:
    """The edits that leave nothing of any span: those that overlap become one, of the surest one's type."""
    places = joined((span.start, span.end, span.score, str(span.label)) for span in spans)
    return tuple(Edit(start, end, manner.of(kind, text[start:end]), kind) for start, end, kind in places)


def apply(text: str, wanted: Iterable[Edit]) -> Edited:
    """The text after edits, which stand in its order and do not overlap."""
    made = tuple(wanted)
    if not made:
        return Edited(text)
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    after = at = 0
    for edit in made:
        at += edit.start - after
        pieces += (text[after : edit.start], edit.text)
        places.append((at, at + len(edit.text)))
        at += len(edit.text)
        after = edit.end
    return Edited("".join((*pieces, text[after:])), made, tuple(places))


def last_four(value: str) -> str:
    """A value with asterisks for letters and digits; short ones show nothing of themselves."""
    count = sum(map(str.isalnum, value))
    hidden = count - SHOWN if count >= 2 * SHOWN else count
    shown: list[str] = []
    for letter in value:
        is_hidden = letter.isalnum() and hidden > 0
        hidden -= is_hidden
        shown.append("*" if is_hidden else letter)
    return "".join(shown)


def joined(places: Iterable[tuple[int, int, float, str]]) -> list[tuple[int, int, str]]:
    """Places with a score and a type: those that overlap become one, of the surest, then longest one's type."""
    groups: list[tuple[int, int, tuple[float, int, str]]] = []
    for start, end, score, kind in sorted(places):
        weight = score, end - start, kind
        if groups and start < groups[-1][1]:
            since, until, best = groups[-1]
            groups[-1] = since, max(until, end), max(best, weight)
        else:
            groups.append((start, end, weight))
    return [(start, end, kind) for start, end, (_, _, kind) in groups]
