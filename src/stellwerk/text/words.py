"""Words as they are compared: without case, accents and the endings of inflection, in German and English.

What is cut off is less than linguists would cut: a rule that takes two different words for one costs more here than one
that misses a rare form.
"""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")

_ASCII = bytes(range(128))
_LETTERS = re.compile(r"[^\W\d_]+")
_SMALL = bytes(byte if 97 <= byte <= 122 or byte > 127 else 32 for byte in range(256))
_MOST_SIGNS = 12

_SHORTEST = 4
"""What has to be left of a word when an ending of nouns is cut off."""
_PLAIN = {
    letter: plain[0]
    for letter in map(chr, (*range(0xC0, 0x180), *range(0x1E00, 0x1F00)))
    if (plain := unicodedata.normalize("NFD", letter)) != letter
} | {"ß": "s", "ø": "o", "ł": "l"}
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

_ADJECTIVE = re.compile(r"(?:isch|lich|ig|iv|ell|al|bar|sam)e[rm]$")
_VERB_ENDINGS = ("ing", "ed")
_NOUN_ENDINGS = (("es", ""), ("en", ""), ("e", ""), ("s", "s"), ("n", "abcdfghijkmnopqstuvwxyz"))
"""Endings, and the letters behind which they are none."""
_LAST = frozenset("degmnrst")
"""Last letters of all endings."""
_ENDINGS = ("", "e", "en", "n", "es", "s", "er", "em", "ies", "ing", "ed", "t")


def fold(text: str) -> str:
    """The text in lower case and without accents; each character keeps its place."""
    if text.isascii():
        return text.lower()
    folded = text.replace("İ", "i").lower()  # the only letter that becomes two in lower case
    for letter in set(folded) & _PLAIN.keys():
        folded = folded.replace(letter, _PLAIN[letter])
    return folded


def stem(word: str) -> str:
    """A folded word without the ending of its inflection."""
    if word[-1:] not in _LAST:
        return word
    if word.endswith("ies") and len(word) > _SHORTEST:
        return word[:-3] + "y"
    if word.endswith("iert"):
        return word[:-1]
    if word[-1] in "rm" and _ADJECTIVE.search(word):
        return word[:-2]
    for ending in _VERB_ENDINGS:
        left = word.removesuffix(ending)
        if left != word and len(left) >= 3:
            # the doubled letter of "betting" would make it a form of "Bett"
            return word if left[-1] == left[-2] and left[-1] not in "lsz" else left
    for ending, behind in _NOUN_ENDINGS:
        left = word.removesuffix(ending)
        if left != word and len(left) >= _SHORTEST and left[-1] not in behind:
            return left
    return word


def foreign(text: str) -> frozenset[str]:
    """The characters of a text that ASCII has not."""
    rest = text.encode("utf-8", "surrogatepass").translate(None, _ASCII)
    return frozenset(rest.decode("utf-8", "surrogatepass"))


def small_words(text: str) -> bytes:
    """The words of a text in small letters, each between spaces, in UTF-8. Foreign letters may stay capitals.

    Whatever becomes a Latin letter in lower case is one, so that no word of Latin letters is missed or made.
    """
    if not text.isascii():
        text = _without_signs(text).replace("\u212a", "k").replace("Ä", "ä").replace("Ü", "ü")
    return b" " + text.encode("utf-8", "surrogatepass").lower().translate(_SMALL) + b" "


def _without_signs(text: str) -> str:
    """The text with spaces for foreign signs that are no letters: few of them one by one, which is faster."""
    signs = [sign for sign in foreign(text) if not _LETTERS.match(sign)]
    if len(signs) > _MOST_SIGNS:
        return " ".join(_LETTERS.findall(text))
    for sign in signs:
        text = text.replace(sign, " ")
    return text


def inflections(word: str) -> frozenset[str]:
    """The forms of a folded word that have its stem, as far as they are regular."""
    root = stem(word)
    shapes = {word, *(root + ending for ending in _ENDINGS)}
    if root.endswith("y"):
        shapes.add(root[:-1] + "ies")
    return frozenset(shape for shape in shapes if stem(shape) == root)


def spellings(text: str) -> frozenset[str]:
    """A text folded as it is, and as it comes out where umlauts are written with e, or a sharp s for two."""
    return frozenset({fold(text), fold(text.lower().translate(_SPELT)), fold(text).replace("ss", "s")})
