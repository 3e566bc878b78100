"""How many tokens a prompt most likely has, told from its bytes, and corrected by what providers have counted before.

Bytes count by what they are: letters, digits, signs, the first bytes of letters of two and of three bytes. The weights
were fitted to ``o200k_base`` on bodies of chat requests with prose in English and German, code, JSON, numbers, Chinese,
Japanese and Russian: texts of this repository, and public ones under CC BY. What a model's own vocabulary, a language,
or the way in which callers write their JSON makes of that is learned: a factor for each kind of text. Only a sample of
a body is looked at, so that it takes no longer for a long one. It is an estimate, never a bound.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

WINDOW: Final = 64
"""Bytes of each of the four places that are looked at."""
LATIN, ACCENTED, CODE, DATA, DENSE, WIDE, OTHER, ESCAPED = range(8)
"""Kinds of text: prose in ASCII, and with other letters of two bytes; much punctuation; many digits; keys and base64;
Han, kana and Hangul; other alphabets; letters written as escapes."""
KINDS: Final = 8

_LETTER, _SPACE, _DIGIT, _SIGN, _TWO, _THREE, _FOLLOWS = range(7)
_FRAME_TOKENS: Final = 19
"""What a body's frame takes less than its bytes would."""
_DENSE_RATE: Final = 0.66
_LEAST_BYTES: Final = 16
"""No text has more bytes for a token, on the whole."""


def _type(byte: int) -> int:
    if byte >= 0x80:
        return _FOLLOWS if byte < 0xC0 else _TWO if byte < 0xE0 else _THREE
    letter = chr(byte)
    return _LETTER if letter.isalpha() else _DIGIT if letter.isdigit() else _SPACE if byte <= 0x20 else _SIGN


_TYPES: Final = bytes(map(_type, range(256)))
_CAPITALS: Final = bytes(range(ord("A"), ord("Z") + 1))

FADES: Final = 1 / 64
"""The share of the newest count, once there have been that many."""
LEAST_COUNTS: Final = 16
"""From so many counts on, it is known how far they lie apart."""
_LARGEST_STEP: Final = 4.0
"""A count that is further off than by this counts as if it were not: of what was not in the body, or of media."""
_PACE: Final = 8
"""Once a kind is known, one of so many requests is learned from."""
_UNSEEN_TOKENS: Final = 350
"""More tokens than bytes, and these: most of the prompt was not in the body."""


def glance(body: bytes) -> tuple[int, float]:
    """The kind of a body's text, and its tokens by the weights alone; it takes no longer for a long body."""
    size = len(body)
    if size <= 4 * WINDOW:
        sample = body
    else:
        part = size >> 2
        one = (part - WINDOW) >> 1
        two, three, four = one + part, one + 2 * part, one + 3 * part
        sample = (
            body[one : one + WINDOW]
            + body[two : two + WINDOW]
            + body[three : three + WINDOW]
            + body[four : four + WINDOW]
        )
    count = sample.translate(_TYPES).count
    letters, spaces, digits, signs = count(0), count(1), count(2), count(3)
    weighed = letters * 0.264 + digits * 0.59 + signs * 0.416
    looked_at = len(sample) or 1  # an empty body has no text of any kind
    if not sample.isascii():
        twos, threes = count(4), count(5)
        weighed += twos * 0.30 + threes * 0.79
        kind = WIDE if threes > looked_at * 0.06 else OTHER if twos > looked_at * 0.12 else LATIN
    else:
        twos, kind = 0, LATIN
    escapes = sample.count(b"\\u")
    if escapes:
        weighed -= escapes * 2.0  # six bytes are one letter
    if kind == LATIN:
        if escapes > looked_at * 0.03:
            kind = ESCAPED
        elif spaces < looked_at * 0.02 and looked_at - len(sample.translate(None, _CAPITALS)) > looked_at * 0.15:
            return DENSE, max(size * _DENSE_RATE, 1.0)
        elif digits > looked_at * 0.09:
            kind = DATA
        elif signs > looked_at * 0.14:
            kind = CODE
        elif twos > looked_at * 0.008:
            kind = ACCENTED
    tokens = weighed * size / looked_at - _FRAME_TOKENS
    return kind, max(tokens, size / _LEAST_BYTES, 1.0)


class Factor:
    """What one kind of text comes to at one target, for each token of the estimate: the mean, and how it varies."""

    __slots__ = ("counts", "mean", "variance")

    def __init__(self, counts: int = 0, mean: float = 1.0, variance: float = 0.0) -> None:
        self.counts = counts
        self.mean = mean
        self.variance = variance

    def add(self, ratio: float) -> None:
        """Takes a count into account; the one of the estimate itself stands at the beginning."""
        self.counts += 1
        share = max(1 / (self.counts + 1), FADES)
        off = ratio - self.mean
        self.mean += off * share
        self.variance += (off * off - self.variance) * share


class PromptFactors:
    """What one target has counted, by kind of text."""

    __slots__ = ("_kinds", "_unlearned", "learned")

    def __init__(self) -> None:
        self._kinds: list[Factor | None] = [None] * KINDS
        self._unlearned = 0
        self.learned = 0
        """How many counts were learned from, in this process."""

    def learn(self, body: bytes, tokens: int) -> None:
        """The provider has counted so many tokens for a body. Mostly this does nothing, for there is enough known."""
        if self._unlearned:
            self._unlearned -= 1
            return
        if tokens > len(body) + _UNSEEN_TOKENS:
            return
        kind, guessed = glance(body)
        factor = self._kinds[kind]
        if factor is None:
            factor = self._kinds[kind] = Factor()
        ratio = tokens / guessed
        if factor.mean / _LARGEST_STEP <= ratio <= factor.mean * _LARGEST_STEP:
            factor.add(ratio)
            self.learned += 1
            if factor.counts > LEAST_COUNTS:
                self._unlearned = _PACE - 1

    def likely(self, body: bytes) -> int:
        """Tokens that a prompt most likely has."""
        kind, guessed = glance(body)
        factor = self._kinds[kind]
        return round(guessed if factor is None else guessed * factor.mean) or 1

    def known(self, body: bytes) -> int | None:
        """The same where it rests on many counts; else ``None``."""
        kind, guessed = glance(body)
        factor = self._kinds[kind]
        return None if factor is None or factor.counts < LEAST_COUNTS else round(guessed * factor.mean) or 1

    def most(self, body: bytes) -> int | None:
        """Tokens that hardly a prompt of this kind exceeds: two standard deviations more. ``None`` as above."""
        kind, guessed = glance(body)
        factor = self._kinds[kind]
        if factor is None or factor.counts < LEAST_COUNTS:
            return None
        return int(guessed * (factor.mean + 2 * sqrt(factor.variance))) + 1

    def dump(self) -> dict[int, tuple[int, float, float]]:
        """All of it, for another process: counts, mean and variance by kind."""
        kinds = enumerate(self._kinds)
        return {kind: (each.counts, each.mean, each.variance) for kind, each in kinds if each is not None}

    def meet(self, told: dict[int, tuple[int, float, float]]) -> None:
        """Takes over what another process knew better, for it rests on more counts."""
        for kind, (counts, mean, variance) in told.items():
            here = self._kinds[kind] if 0 <= kind < KINDS else Factor(counts)
            if (here is None or here.counts < counts) and mean > 0 and variance >= 0:
                self._kinds[kind] = Factor(counts, mean, variance)
