"""Takes disguises off a text that stay invisible to a reader, and keeps where every character came from.

Removed: invisible and directional characters, variation selectors, combining marks. Folded: compatibility forms (NFKC),
look-alikes from Greek, Cyrillic and phonetic script inside Latin text. Tag characters, which smuggle ASCII invisibly,
become the letters they stand for. German umlauts stay, real Greek and Cyrillic words too.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Container, Iterator
from functools import cache, lru_cache

from stellwerk.core.passage import Passage
from stellwerk.text.words import foreign

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_FOREIGN_LETTER = re.compile(r"[^\x00-\x7f]")
_JOINING = re.compile("[\u0900-\u1fff\U00011000-\U00016fff]")
"""Among these are all letters that join the one before and are not taken off."""
_WORD = re.compile(r"[^\W\d_]+")
LOOK_ALIKES = dict(
    zip(
        "аеорсухіјѕһԁԛԝӏАВЕКМНОРСТХУІЈЅԌαερνιοτυκϲΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹɑɡ",
        "aeopcyxijshdqwlABEKMHOPCTXYIJSGaepviotukcABEZHIKMNOPTYXCag",
        strict=True,
    )
)
"""Foreign letters and the Latin one that each looks like."""

_OTHER_SCRIPT = re.compile("[\u0251\u0261\u0370-\u03ff\u0400-\u052f]")
_LATIN = re.compile("[A-Za-z]")
_DIAERESIS = "\u0308"
_FLAG = "\U0001f3f4"
_LONGEST_EXPANSION = 18  # of NFKC, one Arabic ligature
_KEPT_PLACES = 65_537


def canonicalise(text: str) -> Passage:
    """The text without disguises. Costs a look at the text where it has none."""
    if text.isascii():
        return Passage(text, text)
    letters = foreign(text)
    changing = {letter for letter in letters if _fold(letter) != letter}
    is_latin = _OTHER_SCRIPT.search("".join(letters)) is None
    if not changing and is_latin and not _may_join(text, letters):
        return Passage(text, text)
    folded, starts, ends = _folded(text, changing)
    return Passage(text, folded if is_latin and not changing else _without_look_alikes(folded), starts, ends)


def smuggled(text: str) -> int:
    """How many tag characters carry hidden ASCII. Those of a flag's emoji do not count."""
    if text.isascii():
        return 0
    count, flag = 0, False
    for letter in text:
        if "\U000e0020" <= letter <= "\U000e007f":
            count += not flag
        else:
            flag = letter == _FLAG
    return count


def _may_join(text: str, letters: frozenset[str]) -> bool:
    """Whether letters of which each is in its plain form become others together, as those of Korean syllables do."""
    return _JOINING.search("".join(letters)) is not None and not unicodedata.is_normalized("NFKC", text)


def _folded(text: str, changing: Container[str]) -> tuple[str, array[int], array[int]]:
    """The text with some letters folded; what stands between them is taken over as it is."""
    parts: list[str] = []
    starts, ends = array("q"), array("q")
    every = identity(len(text) + 1)
    after, noted, in_flag = 0, -1, False
    for place in [hit.start() for hit in _FOREIGN_LETTER.finditer(text) if hit.group() in changing]:
        letter = text[place]
        if after < place:
            parts.append(text[after:place])
            starts += every[after:place]
            ends += every[after + 1 : place + 1]
        after = place + 1
        is_tag = "\U000e0020" <= letter <= "\U000e007f"
        if is_tag or letter == _DIAERESIS:  # what a flag began goes on behind them
            in_flag = in_flag if noted == place - 1 else text[place - 1 : place] == _FLAG
            noted = place
        if letter == _DIAERESIS and parts:
            last = parts.pop()
            parts += (last[:-1], _with_diaeresis(last[-1]))
            ends[-1] = after
            continue
        folded = "" if is_tag and in_flag else _fold(letter)
        if folded:
            parts.append(folded)
            starts.extend([place] * len(folded))
            ends.extend([after] * len(folded))
    parts.append(text[after:])
    starts += every[after : len(text)]
    ends += every[after + 1 : len(text) + 1]
    return "".join(parts), starts, ends


def identity(size: int) -> array[int]:
    """Each place below a size, in order: at least so many as asked for.

    Copying a slice of it costs a tenth of counting anew. What is kept at hand is bounded.
    """
    return _first_places() if size <= _KEPT_PLACES else array("q", range(size))


@cache
def _first_places() -> array[int]:
    return array("q", range(_KEPT_PLACES))


def _with_diaeresis(letter: str) -> str:
    joined = unicodedata.normalize("NFC", letter + _DIAERESIS)
    return joined if len(joined) == 1 else letter


@lru_cache(maxsize=4096)
def _fold(letter: str) -> str:
    """One character without its disguise: nothing, or one or several characters."""
    if "\U000e0020" <= letter <= "\U000e007e":
        return chr(ord(letter) - 0xE0000)
    if _INVISIBLE.match(letter):
        return ""
    if letter in "äöüÄÖÜ" or letter.isascii():
        return letter
    folded = unicodedata.normalize("NFKC", letter)[:_LONGEST_EXPANSION]
    if len(folded) == 1 and folded.isalpha():
        return folded
    if folded.isdecimal() and not folded.isascii():
        return "".join(str(unicodedata.decimal(digit)) for digit in folded)
    return "".join(
        part for part in folded if not unicodedata.combining(part) and unicodedata.category(part) not in {"Mn", "Me"}
    )


def _without_look_alikes(text: str) -> str:
    """Folds look-alikes in words of several scripts; whole words of them only in a text that is Latin elsewhere."""
    words = list(_words_of_other_scripts(text))
    mixed = [(start, word) for start, word in words if _LATIN.search(word)]
    if words and (mixed or _is_mostly_latin(text)):
        mixed += [(start, word) for start, word in words if all(letter in LOOK_ALIKES for letter in word)]
    if not mixed:
        return text
    letters = list(text)
    for start, word in mixed:
        letters[start : start + len(word)] = [LOOK_ALIKES.get(letter, letter) for letter in word]
    return "".join(letters)


def _words_of_other_scripts(text: str) -> Iterator[tuple[int, str]]:
    """Where words begin that have a letter of Greek, Cyrillic or phonetic script, and the words."""
    after = 0
    for hit in _OTHER_SCRIPT.finditer(text):
        start = hit.start()
        if start < after or (rest := _WORD.match(text, start)) is None:
            continue
        while start > after and _WORD.match(text[start - 1]):
            start -= 1
        after = rest.end()
        yield start, text[start:after]


def _is_mostly_latin(text: str) -> bool:
    return len(text) < 2 * len(_LATIN.findall(text))
