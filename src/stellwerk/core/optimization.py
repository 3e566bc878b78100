"""What prompt optimizers are given and what comes of them: levels, kinds of text, pieces, and a weight in tokens."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How much may happen to a prompt, from nothing on; each level does what those before it do."""

    OFF = "off"
    SAFE = "safe"
    """The same to every reader: JSON stays JSON with equal values in the same order, words stay as they are."""
    BALANCED = "balanced"
    """Own notations from which all values can be restored, and text without what carries no meaning."""
    AGGRESSIVE = "aggressive"
    """Leaves out documents that do not concern the question, and shortens old turns."""

    @property
    def rank(self) -> int:
        """For comparison: 0 is off."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}


class Kind(StrEnum):
    """What a piece of a text is."""

    PROSE = "prose"
    MARKDOWN = "markdown"
    JSON = "json"
    JSON_LINES = "json_lines"
    """Objects, one a line."""
    TOOLS = "tools"
    """Declarations of tools, as JSON."""
    LOG = "log"
    TRANSCRIPT = "transcript"
    HTML = "html"
    DOCUMENTS = "documents"
    """Several numbered texts to answer from."""
    TURN = "turn"
    """The whole text of a message that lies far back in a conversation."""
    CODE = "code"
    """Fenced or not, and patches: never changed."""
    ENCODED = "encoded"
    """Something in a notation of ours: never changed again."""


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A part of a text that is of one kind, from ``start`` to ``end``."""

    kind: Kind
    start: int
    end: int


class Piece(msgspec.Struct, frozen=True, gc=False):
    """What an optimizer is given."""

    text: str
    kind: Kind
    question: str = ""
    """What the caller wants to know, as far as it was known when the text came up."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one text: it is the text itself where there was nothing to gain."""

    text: str
    saved: tuple[tuple[str, int], ...] = ()
    """Tokens that each step has saved, by ``weigh``, in the order of the steps."""

    @property
    def tokens(self) -> int:
        """All that was saved."""
        return sum(tokens for _, tokens in self.saved)


LEAST_TOKENS = 20
LEAST_SHARE = 0.03
"""What a change has to save at least, of both the greater."""

# Tokens of o200k_base for a byte of its class. Unlike the estimates of `text_tokens`, which are never too low, these
# are right on average: they compare two writings of one text, and have to come out the same in every process.
_LETTER, _DIGIT, _SIGN, _BREAK, _INDENT, _BLANK, _HIGH, _SPLIT = 0.222, 0.6, 0.34, 1.3, 0.6, 0.03, 0.5, 0.7
_CLASSES = bytes(
    0 if byte in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    else 1 if byte in b"0123456789"
    else 2 if byte in b" \t"
    else 3 if byte in b"\r\n"
    else 4 if byte >= 0x80
    else 5
    for byte in range(256)
)  # fmt: skip


def weigh(text: str) -> float:
    """About how many tokens a text has: within 15 % for most. Linear, 5 µs for a kilobyte."""
    data = text.encode(errors="replace")
    count = data.translate(_CLASSES).count
    letters, digits, blanks, breaks, high = count(0), count(1), count(2), count(3), count(4)
    signs = len(data) - letters - digits - blanks - breaks - high
    indents = data.count(b"\n ") + data.count(b"\n\t")
    splits = data.count(b'": ') + data.count(b'", "')
    """Where a blank in JSON keeps signs apart that would be one token."""
    return (
        letters * _LETTER
        + digits * _DIGIT
        + signs * _SIGN
        + breaks * _BREAK
        + indents * _INDENT
        + blanks * _BLANK
        + high * _HIGH
        + splits * _SPLIT
    )


def shared(saved: dict[str, int], total: int) -> dict[str, int]:
    """A total, shared among the steps by what each was estimated to save of it."""
    weight = sum(saved.values())
    if not weight:
        return {}
    shares = {name: round(part * total / weight) for name, part in saved.items()}
    largest = max(shares, key=lambda name: shares[name])
    shares[largest] += total - sum(shares.values())
    return shares


def is_worth(before: float, after: float) -> bool:
    """Whether going from so many tokens to so many is worth a change."""
    return before - after >= max(LEAST_TOKENS, before * LEAST_SHARE)
