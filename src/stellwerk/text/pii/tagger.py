"""Says which words are names of people: a linear model over words, their classes, endings and neighbours.

Weights are one byte each, in a table that features are hashed into: the model is small and needs no library.
Only words with a capital are judged. What a word says of itself, and of its neighbours, is kept for the words seen
last, so that a text costs few sums for each capital in it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple
from zlib import crc32

from stellwerk.text.pii.given_names import GIVEN_NAMES
from stellwerk.text.pii.word_classes import WordClasses

BITS = 17
MASK = (1 << BITS) - 1
LEAST = -28
"""Above it a word is held for a name: a little below the even chance, as a missed one is worse."""
ALONE = 8
"""So much more a name of one word has to have."""
NEVER = -150
"""A word whose own weights sum up to less is no name, whatever stands around it."""
SELDOM = -120
"""The same, of a word's own weights together with those of each word around it, but right after a name."""
LONGEST = 64
"""Letters of a word that are looked at."""

_TITLE_WORDS = "herr herrn frau hr. fr. mr mr. mrs mrs. ms ms. miss mx mx. dr dr. prof prof. sir lady madam"
TITLES = frozenset(_TITLE_WORDS.split())
_PARTICLE_WORDS = "von vom van zu zur de der den di da del della la le al el bin ben dos du ten ter st. y und"
PARTICLES = frozenset(_PARTICLE_WORDS.split())
_JOINING = PARTICLES - {"und"}
_SHORT = ("Dr", "Prof", "Mr", "Mrs", "Ms", "Mx", "St", "Hr", "Fr", "Jr", "Sr", "Ing", "Mag", "Dipl", "Inc", "Co", "Ltd")
_ABBREVIATED = "|".join(rf"(?<=\b{word}\.)" for word in _SHORT)
TOKEN = re.compile(
    rf"[^\W\d_]{{2,}}+(?:['\u2019-][^\W\d_]++)*+(?:\.(?:{_ABBREVIATED}))?+|[^\W\d_](?:\.(?!\w\w)|['\u2019-][^\W\d_]++)?+"
    r"|[0-9]++|\s{2,}+|[\n\t\r]|[^\w\s]"
)
_PARTED = re.compile(f"({TOKEN.pattern})")
_SHIFT = 9
_ODD = tuple(0x9E3779B1 * (2 * form + 1) & 0xFFFFFFFF for form in range(64))
"""Factors that send the same code to another place for each form of feature."""
_PARTS = _ODD[8:12]
_NEAR = tuple(zip(_ODD[16:20], _ODD[20:24], strict=True))
_AFTER = 0x5BD1E995
_KNOWN = 16384


class Word(NamedTuple):
    """A word to its neighbours: codes of its sort, of itself, of its ending and of its classes."""

    sort: int
    code: int
    ending: int
    narrow: int
    wide: int


def kind(word: str) -> str:
    """What sort of word it is, for features of several words together."""
    first = word[0]
    if not first.isalpha():
        return "0" if first.isdigit() else "\n" if first.isspace() else first if first in ".,:;!?()\"'-|/@&<>*" else "#"
    low = word.lower()
    if low in TITLES:
        return "title"
    if low in PARTICLES:
        return "particle"
    if not first.isupper():
        return "low"
    if word[-1] == ".":
        return "initial"
    if len(word) > 1 and word.isupper():
        return "caps"
    given = GIVEN_NAMES.get(word.partition("-")[0])
    return "Cap" if given is None else "Given" if given else "Maybe"


def described(word: str, classes: WordClasses) -> Word:
    """A word's codes."""
    low = word.lower()
    narrow, wide = classes.codes(word)
    return Word(crc32(kind(word).encode()), crc32(low.encode()), crc32(low[-3:].encode()), narrow, wide)


def own_buckets(word: str, bare: Word) -> list[int]:
    """Where the weights stand of what a word says of itself; ``bare`` are its codes."""
    low = word.lower()
    sort, code, ending, narrow, wide = bare
    codes = (code, ending, sort, narrow, wide, wide * 3 ^ sort, 2 * min(len(low), 12) + ("-" in word) + 1)
    buckets = [code * odd >> _SHIFT & MASK for code, odd in zip(codes, _ODD, strict=False)]
    parts = (low[-2:], low[-4:], low[:3], low[:4])
    return buckets + [crc32(part.encode()) * odd >> _SHIFT & MASK for part, odd in zip(parts, _PARTS, strict=True)]


def near_buckets(bare: Word) -> list[tuple[int, int]]:
    """Of what a word says of those near: two after it, one after, one before, two before."""
    _, code, _, narrow, _ = bare
    return [(code * one >> _SHIFT & MASK, narrow * other >> _SHIFT & MASK) for one, other in _NEAR]


def joint_buckets(before: Word, last: Word, here: Word, following: Word, is_after_name: bool) -> list[int]:  # noqa: FBT001
    """Of what a word says together with its neighbours, and with the word before being a name or not."""
    sort, wide, after = here.sort, here.wide, _AFTER if is_after_name else 0
    two = last.sort * 3 ^ sort
    wider = last.wide * 3 ^ wide
    buckets = [
        (two ^ after) * _ODD[32] >> _SHIFT & MASK,
        (two * 3 ^ following.sort) * _ODD[33] >> _SHIFT & MASK,
        (before.sort * 5 ^ two) * _ODD[34] >> _SHIFT & MASK,
        (following.sort * 3 ^ sort ^ after) * _ODD[35] >> _SHIFT & MASK,
        (last.code ^ sort) * _ODD[36] >> _SHIFT & MASK,
        (following.code ^ sort) * _ODD[37] >> _SHIFT & MASK,
        (before.code * 3 ^ last.code) * _ODD[38] >> _SHIFT & MASK,
        (last.narrow * 3 ^ here.narrow) * _ODD[39] >> _SHIFT & MASK,
        (here.narrow * 3 ^ following.narrow) * _ODD[40] >> _SHIFT & MASK,
        (wider * 3 ^ following.wide) * _ODD[41] >> _SHIFT & MASK,
        (before.wide * 5 ^ wider) * _ODD[42] >> _SHIFT & MASK,
    ]
    if is_after_name:
        buckets += (
            _ODD[43] & MASK,
            sort * _ODD[44] >> _SHIFT & MASK,
            here.ending * _ODD[45] >> _SHIFT & MASK,
            wide * _ODD[46] >> _SHIFT & MASK,
        )
    return buckets


def is_candidate(word: str) -> bool:
    """Whether a word is judged: it begins with a capital and is no title."""
    return word[0].isupper() and len(word) > 1 and word.lower() not in TITLES


Seen = tuple[Word, int, int, int, int]
"""A word's codes, and its weights for what stands two after it, one after, one before and two before."""


class Tagger:
    """The model, and what it has said of single words before.

    ``table`` is 2^17 weights, and the table of ``WordClasses``.
    """

    def __init__(self, table: bytes) -> None:
        weights = array("b")
        weights.frombytes(table[: 1 << BITS])
        classes = WordClasses(table[1 << BITS :])

        def seen(word: str) -> Seen:
            bare = described(word, classes)
            first, second, third, fourth = [weights[one] + weights[other] for one, other in near_buckets(bare)]
            return bare, first, second, third, fourth

        def own(word: str) -> int:
            if not is_candidate(word):
                return NEVER - 1
            return sum([weights[bucket] for bucket in own_buckets(word, known(word)[0])])

        known = lru_cache(maxsize=_KNOWN)(seen)
        self._weights = weights
        self._own = lru_cache(maxsize=_KNOWN)(own)
        self._seen = known

    def names(self, text: str, least: int = LEAST) -> list[tuple[int, int, int]]:
        """Start, end and score of each name. Scores are sums of weights; those of names are above ``least``."""
        parts = _PARTED.split(text)  # a word, and what stands before the next
        words = parts[1::2]
        if max(map(len, words), default=0) > LONGEST:  # words are remembered, which long ones must not be
            words = [word[:LONGEST] for word in words]
        found = [
            (first, last, score)
            for first, last, score in self._runs(words, least)
            if first != last or score > least + ALONE
        ]
        if not found:
            return []
        ends = list(accumulate(map(len, parts)))
        return [(ends[2 * first], ends[2 * last + 1], score) for first, last, score in found]

    def _runs(self, words: list[str], least: int) -> Iterator[tuple[int, int, int]]:
        """First word, last word and score of each name."""
        padded = ["\n", "\n", *words, "\n", "\n"]
        own = self._own
        first, last, best = -1, -1, 0
        for place, word in enumerate(words):
            if first >= 0 and (word in _JOINING or (len(word) == 1 and word.isupper())):
                continue
            score = own(word) if word[0].isupper() else NEVER - 1
            if score >= NEVER and (score := self._with_those_around(padded, place, score, first >= 0)) > least:
                best = max(best, score) if first >= 0 else score
                first, last = first if first >= 0 else place, place
            elif first >= 0:
                yield first, last, best
                first = -1
        if first >= 0:
            yield first, last, best

    def _with_those_around(self, padded: list[str], place: int, own: int, is_after_name: bool) -> int:  # noqa: FBT001
        """The score of a word: what it says of itself, and what the words around say of it."""
        before, last, here, following, after = map(self._seen, padded[place : place + 5])
        score = own + before[1] + last[2] + following[3] + after[4]
        if score < SELDOM and not is_after_name:
            return score
        weights = self._weights
        joint = joint_buckets(before[0], last[0], here[0], following[0], is_after_name)
        return score + sum([weights[bucket] for bucket in joint])
