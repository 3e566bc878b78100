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
_PLACES = (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35)
_SIGN = 0x27D4EB2F
_LONGEST = 24
_STEP, _LEAST_LOOK = 40, 120
"""Three classes by letters to so much weight, and where the first begins."""


def places(word: str, third: int) -> tuple[int, int, int]:
    """Where in the table a word's class is laid down, one place in each third of it."""
    code = crc32(word.encode("utf-8", "surrogatepass"))
    first, second, last = [(code * factor & _WORD) * third >> 32 for factor in _PLACES]
    return first, third + second, 2 * third + last


def sign(word: str) -> int:
    """By which a word is told from most others that have the same places: 0 to 255."""
    return (crc32(word.encode("utf-8", "surrogatepass")) * _SIGN & _WORD) >> 24


def letter_buckets(word: str) -> list[int]:
    """Where the weights stand of a word's length and of each two to five letters in a row."""
    text = f"^{word[:_LONGEST].lower()}$".encode("utf-8", "surrogatepass")
    size = len(text)
    parts = [text[start : start + length] for length in (2, 3, 4, 5) for start in range(size - length + 1)]
    parts.append(b"%d" % size)
    return [crc32(part) >> 7 & _LETTERS - 1 for part in parts]


def look(weight: int) -> int:
    """The class of a word whose letters weigh so much."""
    return KNOWN + 1 + max(0, min(LOOKS - 1, (weight + _LEAST_LOOK) * 3 // _STEP))


class WordClasses:
    """The table: the wider class of each class, weights of letters, and the classes and the signs of words.

    ``table`` holds 256, 2^15 and twice the same number of bytes, a multiple of three.
    """

    __slots__ = ("_classes", "_letters", "_signs", "_third", "_wider")

    def __init__(self, table: bytes) -> None:
        self._wider = table[:_WIDER]
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

    def wider(self, number: int) -> int:
        """The class that a class is part of."""
        return self._wider[number]

    def _known(self, word: str) -> int:
        first, second, last = places(word, self._third)
        signs = self._signs
        if signs[first] ^ signs[second] ^ signs[last] != sign(word):
            return UNKNOWN
        classes = self._classes
        return classes[first] ^ classes[second] ^ classes[last]

    def _by_letters(self, word: str) -> int:
        letters = self._letters
        return look(sum([letters[bucket] for bucket in letter_buckets(word)]))
