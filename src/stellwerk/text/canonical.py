"""Takes disguises off a text that stay invisible to a reader, and keeps where every character came from.

Removed: invisible and directional characters, variation selectors, combining marks. Folded: compatibility forms (NFKC),
look-alikes from Greek, Cyrillic and phonetic script inside Latin text. Tag characters, which smuggle ASCII invisibly,
become the letters they stand for. German umlauts stay, real Greek and Cyrillic words too.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from functools import lru_cache

from stellwerk.core.passage import Passage

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
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


def canonicalise(text: str) -> Passage:
    """The text without disguises. Costs a look at the text where it has none."""
    if text.isascii() or not _is_disguised(text):
        return Passage(text, text)
    letters, starts, ends = _folded(text)
    _replace_look_alikes(letters)
    return Passage(text, "".join(letters), starts, ends)


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


def _is_disguised(text: str) -> bool:
    return (
        not unicodedata.is_normalized("NFKC", text)
        or _INVISIBLE.search(text) is not None
        or _OTHER_SCRIPT.search(text) is not None
        or any(_fold(letter) != letter for letter in set(text))
    )


def _folded(text: str) -> tuple[list[str], array[int], array[int]]:
    letters: list[str] = []
    starts, ends = array("q"), array("q")
    after = 0
    for run in _FOREIGN.finditer(text):
        start, end = run.span()
        letters += text[after:start]
        starts.extend(range(after, start))
        ends.extend(range(after + 1, start + 1))
        flag = False
        for place in range(start, end):
            letter = text[place]
            if letter == _DIAERESIS and letters:
                letters[-1] = _with_diaeresis(letters[-1])
                ends[-1] = place + 1
                continue
            tag = "\U000e0020" <= letter <= "\U000e007f"
            flag = flag if tag else letter == _FLAG
            folded = "" if tag and flag else _fold(letter)
            letters += folded
            starts.extend([place] * len(folded))
            ends.extend([place + 1] * len(folded))
        after = end
    letters += text[after:]
    starts.extend(range(after, len(text)))
    ends.extend(range(after + 1, len(text) + 1))
    return letters, starts, ends


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


def _replace_look_alikes(letters: list[str]) -> None:
    """Folds look-alikes in words of several scripts; whole words of them only in a text that is Latin elsewhere."""
    text = "".join(letters)
    if not _OTHER_SCRIPT.search(text):
        return
    words = [word for word in _WORD.finditer(text) if _OTHER_SCRIPT.search(word.group())]
    mixed = [word for word in words if _LATIN.search(word.group())]
    latin = len(_LATIN.findall(text))
    if mixed or latin > len(text) - latin:
        mixed += [word for word in words if all(letter in LOOK_ALIKES for letter in word.group())]
    for word in mixed:
        for place in range(*word.span()):
            letters[place] = LOOK_ALIKES.get(letters[place], letters[place])
