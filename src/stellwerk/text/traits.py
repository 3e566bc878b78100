"""What a text shows of itself to a linear model: how it is spelt, in which words, and what they are about.

Three kinds of traits, each hashed into the buckets of ``stellwerk.text.ngrams``:

- spelling: runs of 3 to 6 bytes;
- wording: the beginnings of words, alone and with each of the three words behind;
- meaning: ideas of ``stellwerk.text.concepts``, alone, in pairs and in threes as they follow one another nearby.

A trait has the place in the text where it begins, so that a part of a text can be judged by what is in it. Everything
takes time in proportion to the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import msgspec

from stellwerk.text.concepts import LONGEST_STEM, stems
from stellwerk.text.ngrams import BASE, BITS, KINDS, SPREAD, folded, runs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stellwerk.text.ngrams import Buckets

    Hashes = NDArray[np.uint32]
    Places = NDArray[np.signedinteger]

BEGINNING = 6
"""Bytes of a word that count: endings differ by case and number."""
APART = (1, 2, 3)
"""How many words on the other word of a pair stands."""
NEAR = 80
"""Bytes between the first and the last idea of a pair. Three may be half as far again."""
SHORTEST_STEM = 4
LONGEST_KEPT = 40_000
"""Characters of a text whose traits are kept at hand: they take up some sixty times as much."""
_TABLE = 16
_PLACE = KINDS[6]
"""By this and so many bits no two stems of one length share a place, which a test proves."""
_SEEDS = {"word": 0x27D4EB2F, "words": 0x165667B1, "idea": 0x85EBCA6B}


class Trait(msgspec.Struct, frozen=True):
    """All traits of one kind: their buckets, and at which byte of the text each begins.

    ``rows`` says of how many they are made that begin at the first byte, the second, and so on, where that is all.
    """

    places: Places
    buckets: Buckets
    rows: tuple[int, ...] = ()


class Shown(msgspec.Struct, frozen=True):
    """The traits of a text, for each kind every bucket once, and how many bytes long the folded text is."""

    traits: tuple[Trait, ...]
    distinct: tuple[Buckets, ...]
    size: int


def spelling(data: bytes) -> Trait:
    """The runs of a folded text."""
    import numpy as np

    found = runs(data)
    rows = tuple(map(len, found))
    return Trait(np.concatenate([np.arange(row, dtype=np.int32) for row in rows]), np.concatenate(found), rows)


def shown(text: str) -> Shown:
    """The traits of a text. Several checks look at the same texts one after the other: the last are at hand."""
    return _lately(text) if len(text) <= LONGEST_KEPT else _shown(text)


def _shown(text: str) -> Shown:
    data = folded(text)
    found = traits(data)
    return Shown(found, distinct(found), len(data))


def traits(data: bytes) -> tuple[Trait, ...]:
    """The traits of a folded text, one kind after the other."""
    letters, is_word = plain(data)
    return spelling(data), _wording(letters, is_word), _meaning(letters)


def plain(data: bytes) -> tuple[Hashes, NDArray[np.bool_]]:
    """The bytes of words with spaces between and behind them, and which of them are of a word."""
    import numpy as np

    letters = np.frombuffer(data + bytes(LONGEST_STEM), np.uint8)
    is_word = (letters >= 97) & (letters <= 122) | (letters >= 128) | (letters >= 48) & (letters <= 57)
    return np.where(is_word, letters, np.uint8(32)).astype(np.uint32), is_word


def distinct(found: Iterable[Trait]) -> tuple[Buckets, ...]:
    """For each kind every bucket once, in ascending order."""
    import numpy as np

    kinds = []
    for each in found:
        every = np.sort(each.buckets)
        is_first = np.ones(len(every), np.bool_)
        np.not_equal(every[1:], every[:-1], out=is_first[1:])
        kinds.append(every.compress(is_first))
    return tuple(kinds)


_lately = lru_cache(maxsize=4)(_shown)


def _wording(letters: Hashes, is_word: NDArray[np.bool_]) -> Trait:
    import numpy as np

    begins = is_word.copy()
    begins[1:] &= ~is_word[:-1]
    starts = np.flatnonzero(begins)
    reached = starts[:, None] + np.arange(BEGINNING)
    inside = np.logical_and.accumulate(is_word[reached], axis=1)
    powers, inverses = _powers()
    hashed = ((letters[reached] + np.uint32(1)) * inside) @ powers * inverses[inside.sum(axis=1)]
    single = _mixed(hashed, "word")
    raised = hashed * np.uint32(BASE)
    pairs = np.concatenate([raised[:-apart] ^ single[apart:] for apart in APART])
    places = np.concatenate([starts, *(starts[:-apart] for apart in APART)])
    return _trait(places, np.concatenate([single, _mixed(pairs, "words")]))


def _meaning(letters: Hashes) -> Trait:
    """Ideas are few, and so are their pairs and threes: what stands apart is not joined."""
    import numpy as np

    places, ideas = ideas_of(letters)
    begins, found = [places], [ideas]
    for apart in APART:
        near = places[apart:] - places[:-apart] < NEAR
        begins.append(places[:-apart][near])
        found.append((ideas[:-apart] * np.uint32(64) + ideas[apart:])[near] + np.uint32(1 << 8))
    for second, third in ((1, 2), (1, 3), (2, 3)):
        near = places[third:] - places[:-third] < NEAR + NEAR // 2
        middle = ideas[second : len(ideas) - third + second]
        three = (ideas[:-third] * np.uint32(64) + middle) * np.uint32(64) + ideas[third:]
        begins.append(places[:-third][near])
        found.append(three[near] + np.uint32(1 << 16))
    return _trait(np.concatenate(begins), _mixed(np.concatenate(found), "idea"))


def ideas_of(letters: Hashes) -> tuple[Places, Hashes]:
    """Where stems begin, in order, and the numbers of their ideas. Of stems that begin together the longest counts."""
    import numpy as np

    may_begin, codes, numbers = _stems()
    hashed = letters[:-1] * np.uint32(BASE) + letters[1:]
    for length in range(3, SHORTEST_STEM + 1):
        hashed = hashed[:-1] * np.uint32(BASE) + letters[length - 1 :]
    places = np.flatnonzero(may_begin[hashed * np.uint32(_PLACE) >> np.uint32(32 - _TABLE)])
    places = places[places <= len(letters) - LONGEST_STEM]
    every = np.empty((LONGEST_STEM - SHORTEST_STEM + 1, len(places)), np.uint32)
    every[0] = hashed[places]
    for row in range(1, len(every)):
        every[row] = every[row - 1] * np.uint32(BASE) + letters[places + (SHORTEST_STEM + row - 1)]
    at = every * np.uint32(_PLACE) >> np.uint32(32 - _TABLE)
    lengths = np.arange(len(every))[:, None]
    known = numbers[lengths, at] * (codes[lengths, at] == every)
    ideas = known[0]
    for longer in known[1:]:
        ideas = np.where(longer, longer, ideas)
    is_one = ideas > 0
    return places[is_one], ideas[is_one]


@cache
def _powers() -> tuple[Hashes, Hashes]:
    """What the letters of a word's beginning are multiplied with, and what undoes it for the ones that a word lacks."""
    import numpy as np

    inverse = pow(BASE, -1, 1 << 32)
    powers = [pow(BASE, exponent, 1 << 32) for exponent in range(BEGINNING - 1, -1, -1)]
    inverses = [pow(inverse, BEGINNING - length, 1 << 32) for length in range(BEGINNING + 1)]
    return np.array(powers, np.uint32), np.array(inverses, np.uint32)


@cache
def _stems() -> tuple[NDArray[np.bool_], Hashes, Hashes]:
    """Which places of a table may begin a stem; and for each length such a table of hashes, and one of ideas."""
    import numpy as np

    may_begin = np.zeros(1 << _TABLE, np.bool_)
    codes, numbers = np.zeros((2, LONGEST_STEM - SHORTEST_STEM + 1, 1 << _TABLE), np.uint32)
    for stem, number in stems().items():
        hashed = [0]
        for byte in stem:
            hashed.append((hashed[-1] * BASE + byte) & 0xFFFFFFFF)
        first, last = (each * _PLACE % (1 << 32) >> (32 - _TABLE) for each in (hashed[SHORTEST_STEM], hashed[-1]))
        may_begin[first] = True
        row = len(stem) - SHORTEST_STEM
        codes[row, last], numbers[row, last] = hashed[-1], number
    return may_begin, codes, numbers


def _mixed(hashed: Hashes, kind: str) -> Hashes:
    import numpy as np

    mixed = (hashed ^ (hashed >> np.uint32(15))) * np.uint32(_SEEDS[kind])
    mixed ^= mixed >> np.uint32(13)
    return mixed * np.uint32(SPREAD)


def _trait(places: Places, found: Hashes) -> Trait:
    import numpy as np

    return Trait(places, (found >> np.uint32(32 - BITS)).astype(np.int32))
