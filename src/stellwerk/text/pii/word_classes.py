"""Knows which words are used alike, from a table in which no word stands.

A class is a number: the words of one stand in the same places of texts, family names say, or towns, or verbs of saying.
Three places of the table together tell a word's class, and a sign by which all but one in 256 of the words are noticed
that the table was not made for. Of those with a capital, the letters say how much they look like a name.
"""

from __future__ import annotations

from array import array
from zlib import crc32

UNKNOWN = 0
KNOWN = 240
"""Classes of words that are in the table are 1 to this."""
LOOKS = 12
"""Classes by letters: this many, from least like a name to most, after the known ones."""
LETTER_BITS = 15
_WIDER = 256
_LETTERS = 1 << LETTER_BITS
_WORD = (1 << 32) - 1
_FIRST, _SECOND, _LAST, _SIGN = 0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F
_LONGEST = 24
_STEP, _LEAST_LOOK = 40, 120
"""Three classes by letters to so much weight, and where the first begins."""


def places(word: str, third: int) -> tuple[int, int, int, int]:
    """Where in the table a word's class is laid down, one place in each third, and its sign of one byte."""
    code = crc32(word.encode())
    return (
        (code * _FIRST & _WORD) * third >> 32,
        third + ((code * _SECOND & _WORD) * third >> 32),
        2 * third + ((code * _LAST & _WORD) * third >> 32),
        (code * _SIGN & _WORD) >> 24,
    )


def letter_buckets(word: str) -> list[int]:
    """Where the weights stand of a word's length, and of each three and four letters in a row."""
    text = f"^{word[:_LONGEST].lower()}$".encode()
    size = len(text)
    threes = [crc32(text[start : start + 3]) >> 7 & _LETTERS - 1 for start in range(size - 2)]
    return [size, *threes, *[crc32(text[start : start + 4]) >> 7 & _LETTERS - 1 for start in range(size - 3)]]


def look(weight: int) -> int:
    """The class of a word whose letters weigh so much."""
    return KNOWN + 1 + max(0, min(LOOKS - 1, (weight + _LEAST_LOOK) * 3 // _STEP))


class WordClasses:
    """The table: the wider class of each class, weights of letters, and the classes and the signs of words.

    ``table`` holds 256, 2^15 and twice the same number of bytes, a multiple of three.
    """

    __slots__ = ("_classes", "_codes", "_letters", "_signs", "_third")

    def __init__(self, table: bytes) -> None:
        self._codes = [(crc32(b"%d" % number), crc32(b"w%d" % table[number])) for number in range(_WIDER)]
        self._letters = array("b")
        self._letters.frombytes(table[_WIDER : _WIDER + _LETTERS])
        half = (len(table) - _WIDER - _LETTERS) // 2
        self._classes = table[_WIDER + _LETTERS : _WIDER + _LETTERS + half]
        self._signs = table[_WIDER + _LETTERS + half :]
        self._third = half // 3

    def of(self, word: str) -> int:
        """A word's class. One that is known only in small letters, or in capitals, is taken for that."""
        known = self._known(word)
        if known != UNKNOWN or not word[0].isupper() or len(word) == 1:
            return known
        known = self._known(word.capitalize() if word.isupper() else word.lower())
        return known if known != UNKNOWN else self._by_letters(word)

    def codes(self, word: str) -> tuple[int, int]:
        """Codes of a word's class and of the wider one that it is part of."""
        return self._codes[self.of(word)]

    def _known(self, word: str) -> int:
        first, second, last, sign = places(word, self._third)
        signs = self._signs
        if signs[first] ^ signs[second] ^ signs[last] != sign:
            return UNKNOWN
        classes = self._classes
        return classes[first] ^ classes[second] ^ classes[last]

    def _by_letters(self, word: str) -> int:
        letters = self._letters
        return look(sum([letters[bucket] for bucket in letter_buckets(word)]))
