"""Splits texts into the word pieces of BERT (uncased): words in lower case without accents, cut by a vocabulary."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

LONGEST_WORD = 100
"""Characters: a longer word is unknown as a whole, which also keeps the search for its pieces short."""
MOST_TOKENS = 128
"""Of one text, its two marks included."""
_HEAD = (MOST_TOKENS - 2) // 2
HALF_CHARACTERS = 1_024
"""Of a text that is longer than twice this, only so much of its beginning and of its end is looked at."""
UNKNOWN, FIRST, LAST = "[UNK]", "[CLS]", "[SEP]"

_ASCII_WORDS = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")
_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
_LEFT_OUT = {"Cc", "Cf", "Co", "Cs", "Mn"}
"""Controls, and accents once they stand for themselves."""
_MOST_FOLDED = 8_192


class WordPieces:
    """Turns texts into numbers of the vocabulary. It never changes, so threads share one."""

    def __init__(self, vocabulary: dict[str, int]) -> None:
        """``vocabulary`` gives the number of each piece; those that go on within a word begin with ``##``."""
        self._vocabulary = vocabulary
        self._unknown = vocabulary[UNKNOWN]
        self._first = vocabulary[FIRST]
        self._last = vocabulary[LAST]
        self._longest = max(map(len, vocabulary))

    @classmethod
    def read(cls, path: Path) -> WordPieces:
        """From a file with a piece on each line. Raises ``OSError``."""
        pieces = path.read_text(encoding="utf-8").splitlines()
        return cls({piece: number for number, piece in enumerate(pieces)})

    def numbers(self, text: str) -> list[int]:
        """Those of a text with a mark before and after it: never more than ``MOST_TOKENS``, the middle left out."""
        found: list[int] = []
        for word in words(text):
            self._add(word, found)
        if len(found) > MOST_TOKENS - 2:
            found[_HEAD : len(found) - _HEAD] = []
        return [self._first, *found, self._last]

    def _add(self, word: str, found: list[int]) -> None:
        """The longest piece that a word begins with, then the longest of the rest, and so on."""
        get = self._vocabulary.get
        whole = get(word)
        if whole is not None:
            found.append(whole)
            return
        if len(word) > LONGEST_WORD:
            found.append(self._unknown)
            return
        begin, before, size = 0, len(found), len(word)
        while begin < size:
            for end in range(min(size, begin + self._longest), begin, -1):
                number = get(f"##{word[begin:end]}" if begin else word[:end])
                if number is not None:
                    break
            else:
                found[before:] = [self._unknown]
                return
            found.append(number)
            begin = end


def words(text: str) -> list[str]:
    """Words, signs and ideographs of a text, folded; of long texts those of both ends."""
    if len(text) > 2 * HALF_CHARACTERS:
        text = f"{text[:HALF_CHARACTERS]} {text[-HALF_CHARACTERS:]}"
    if text.isascii() and "\x7f" not in text and (text.isprintable() or not _has_controls(text)):
        return _ASCII_WORDS.findall(text.lower())
    return "".join(map(_folded, unicodedata.normalize("NFD", text))).split()


def _has_controls(text: str) -> bool:
    """Whether there are signs that join what stands on both sides, once they are taken out."""
    return any(sign < " " and sign not in "\t\n\r" for sign in text)


@lru_cache(_MOST_FOLDED)
def _folded(sign: str) -> str:
    """What becomes of a character: a word's letter, a word of its own, a space, or nothing."""
    if sign in "\t\n\r":
        return " "
    category = unicodedata.category(sign)
    if category in _LEFT_OUT or sign == "\ufffd":
        return ""
    if category[0] == "Z":
        return " "
    code = ord(sign)
    if category[0] == "P" or _is_ascii_sign(code) or any(first <= code <= last for first, last in _IDEOGRAPHS):
        return f" {sign} "
    return sign.lower()


def _is_ascii_sign(code: int) -> bool:
    return 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
