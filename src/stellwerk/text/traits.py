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
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from stellwerk.text.concepts import LONGEST_STEM, stems
from stellwerk.text.ngrams import BASE, BITS, SPREAD, runs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stellwerk.text.ngrams import Buckets

    Hashes = NDArray[np.uint32]
    Places = NDArray[np.int64]

BEGINNING = 6
"""Bytes of a word that count: endings differ by case and number."""
APART = (1, 2, 3)
"""How many words on the other word of a pair stands."""
NEAR = 80
"""Bytes between the first and the last idea of a pair. Three may be half as far again."""
SHORTEST_STEM = 4
_PREFILTER = 16
_SEEDS = {"word": 0x27D4EB2F, "words": 0x165667B1, "idea": 0x85EBCA6B, "filter": 0xC2B2AE35}


class Trait(msgspec.Struct, frozen=True):
    """All traits of one kind: their buckets, and at which byte of the text each begins."""

    places: Places
    buckets: Buckets


def spelling(data: bytes) -> Trait:
    """The runs of a folded text."""
    import numpy as np

    found = runs(data)
    return Trait(np.concatenate([np.arange(len(buckets)) for buckets in found]), np.concatenate(found))


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

    every = [np.sort(each.buckets) for each in found]
    return tuple(buckets[np.flatnonzero(np.diff(buckets, prepend=-1))] for buckets in every)


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
    places = np.flatnonzero(may_begin[_mixed(hashed, "filter") >> np.uint32(32 - _PREFILTER)])
    places = places[places <= len(letters) - LONGEST_STEM]
    every = np.empty((LONGEST_STEM - SHORTEST_STEM + 1, len(places)), np.uint64)
    hashed = hashed[places]
    for row, length in enumerate(range(SHORTEST_STEM, LONGEST_STEM + 1)):
        if row:
            hashed = hashed * np.uint32(BASE) + letters[places + (length - 1)]
        every[row] = hashed
        every[row] |= np.uint64(length << 32)
    at = np.searchsorted(codes, every)
    known = numbers[at] * (codes[at] == every)
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
def _stems() -> tuple[NDArray[np.bool_], NDArray[np.uint64], Hashes]:
    """Which hashes of four bytes may begin a stem; and in order the lengths and hashes of stems, with their ideas."""
    import numpy as np

    known = {1 << 63: 0}  # behind all others, so that a search ends inside
    may_begin = np.zeros(1 << _PREFILTER, np.bool_)
    for stem, number in stems().items():
        hashed = [0]
        for byte in stem:
            hashed.append((hashed[-1] * BASE + byte) & 0xFFFFFFFF)
        known[len(stem) << 32 | hashed[-1]] = number
        first = np.array([hashed[SHORTEST_STEM]], np.uint32)
        may_begin[_mixed(first, "filter") >> np.uint32(32 - _PREFILTER)] = True
    codes = sorted(known)
    return may_begin, np.array(codes, np.uint64), np.array([known[code] for code in codes], np.uint32)


def _mixed(hashed: Hashes, kind: str) -> Hashes:
    import numpy as np

    mixed = (hashed ^ (hashed >> np.uint32(15))) * np.uint32(_SEEDS[kind])
    mixed ^= mixed >> np.uint32(13)
    return mixed * np.uint32(SPREAD)


def _trait(places: Places, found: Hashes) -> Trait:
    import numpy as np

    return Trait(places, (found >> np.uint32(32 - BITS)).astype(np.int32))
