"""Where a text has blocks that look like code: base64, digits, letters that stand apart, words in marks, and more.

Most texts have none. So every character becomes a byte that tells its class, and a class that stands often enough in a
row is then one search in C; patterns are only tried where that found something. The result is that of the patterns
alone, which a test proves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

ESCAPE = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,7});|%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*+"
    r"|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}"
)
BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")
HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}[ :]?+){8,}+(?![0-9A-Za-z])")
_GAPS = " .*_|-"
_WIDEST_GAP = 5
GAP = f"[{_GAPS}]{{1,{_WIDEST_GAP}}}"
_LONE = r"(?<![^\s.*_|-])[^\s.*_|-](?![^\s.*_|-])"
SPACED = re.compile(rf"{_LONE}(?:{GAP}+{_LONE}){{4,}}+(?:[ .*_|-]?\.(?!\S))?+")
_IN_MARKS = r"([*_~`][*_~`]{{0,2}}+)[^\W_]{{1,40}}+\{}"
_BEHIND_MARKS = r"[^\w*_~`]{1,3}+"
MARKED = re.compile(
    f"{_IN_MARKS.format(1)}{_BEHIND_MARKS}(?:{_IN_MARKS.format(2)}{_BEHIND_MARKS}){{2,}}+(?:{_IN_MARKS.format(3)})?+"
)
PIECES = re.compile(r"(?<!\w)(?:\w{1,12}+ ?= ?([\"'])[^\"'\n]{1,400}+\1[;,\s]{1,3}+){3,}+")
LEET = re.compile(
    r"(?<![^\s(\"'`])(?=[\w@$]{3,24}+(?![\w@$+/=-]|\.\w))[\w@$]{0,22}?[A-Za-z](?:[013457]{1,3}|[@$])[A-Za-z]"
)
JOINED = re.compile(r"[^\W\d_]{28,}+")
"""So many letters in a row are hardly one word: in 4,527 ordinary prompts none was taken for several."""

_ASSIGNED = re.compile(r"= ?[\"']")
_LEET_RUN = re.compile(r"[\w@$]+")
_FOREIGN_SPACE = re.compile(r"[^\S\x00-\x7f]")
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = b"0123456789"
_FOREIGN = b"?"
"""What every character becomes that ASCII has not, unless it is a space: it may be a letter, and so may this."""
_LONE_ONES = re.compile(rb" a  {0,4}+a  {0,4}+a ")
_LEET_CORES = (b"a1a", b"a@a", b"a11a", b"a111a")
_LONGEST_LEET = 24
_LONGEST_NAME = 12


def _table(classes: Mapping[bytes, Iterable[int]], other: bytes = b" ") -> bytes:
    table = bytearray(other * 256)
    for name, members in classes.items():
        for byte in members:
            table[byte] = name[0]
    return bytes(table)


_BASE64_CLASS = _table({b"a": _LETTERS + _DIGITS + b"+/_-"})
_HEX_CLASS = _table({b"a": b"0123456789abcdefABCDEF"})
_WORD_CLASS = _table({b"a": _LETTERS + _FOREIGN, b"1": b"013457", b"@": b"@$"})
_GAP_CLASS = _table({b" ": _GAPS.encode(), b"n": b"\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"}, b"a")


class Blocks:
    """The blocks of a text, each kind in order."""

    __slots__ = ("_classes", "_codes", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        plain = text if text.isascii() else _FOREIGN_SPACE.sub("\n", text)
        self._codes = plain.encode("ascii", "replace")
        self._classes = self._codes.translate(_WORD_CLASS)

    def escapes(self) -> Iterator[re.Match[str]]:
        """Of HTML, of URLs, of programs."""
        return ESCAPE.finditer(self._text)

    def base64(self) -> Iterator[re.Match[str]]:
        """16 signs and more, with what fills them up."""
        for start, end in _runs(self._codes.translate(_BASE64_CLASS), 16):
            yield from BASE64.finditer(self._text, start, end + 2)

    def hex(self) -> Iterable[re.Match[str]]:
        """Eight bytes and more, in one or apart."""
        return HEX.finditer(self._text) if b"a" * 16 in self._codes.translate(_HEX_CLASS, b" :") else ()

    def spaced(self) -> Iterator[re.Match[str]]:
        """Five letters and more that stand apart."""
        text, after = self._text, 0
        for ones in _LONE_ONES.finditer(self._codes.translate(_GAP_CLASS)):
            second = ones.start() + 1
            since = max(after, second - _WIDEST_GAP - 1)
            before = text[since:second].rstrip(_GAPS)
            for start in (since + len(before) - 1, second) if before else (second,):
                if start >= after and (block := SPACED.match(text, start)):
                    after = block.end()
                    yield block

    def marked(self) -> Iterable[re.Match[str]]:
        """Three words and more, each in marks of its own."""
        return MARKED.finditer(self._text) if sum(map(self._text.count, "*_~`")) >= 6 else ()

    def pieces(self) -> Iterator[re.Match[str]]:
        """Three assignments and more of something in quotes."""
        text, after = self._text, 0
        if text.count("=") < 3 or len(_ASSIGNED.findall(text)) < 3:
            return
        for sign in _ASSIGNED.finditer(text):
            start = sign.start() - text.endswith(" ", 0, sign.start())
            end = start
            while start and end - start <= _LONGEST_NAME and (text[start - 1].isalnum() or text[start - 1] == "_"):
                start -= 1
            if start >= after and (block := PIECES.match(text, start)):
                after = block.end()
                yield block

    def joined(self) -> Iterator[re.Match[str]]:
        """28 letters and more in a row."""
        for start, end in _runs(self._classes, 28):
            yield from JOINED.finditer(self._text, start, end)

    def has_leet(self) -> bool:
        """Whether any word is written with digits or signs in the place of letters."""
        return any(map(self._has_leet, _LEET_CORES))

    def _has_leet(self, core: bytes) -> bool:
        """Whether any word around such a core is written so: each word is looked at once."""
        place = self._classes.find(core)
        while place != -1:
            run = _LEET_RUN.match(self._text, place)
            if run is not None and LEET.match(self._text, self._begin(place)):
                return True
            place = self._classes.find(core, max(place + len(core) - 1, run.end() if run else 0))
        return False

    def _begin(self, place: int) -> int:
        """Where the word at a place begins, unless it is too long."""
        start, least = place, max(0, place - _LONGEST_LEET)
        while start > least and _LEET_RUN.match(self._text[start - 1]):
            start -= 1
        return start


def _runs(classes: bytes, fewest: int) -> Iterator[tuple[int, int]]:
    """Where the first class stands in a row that often, each row as long as it is."""
    row, end = b"a" * fewest, 0
    while (start := classes.find(row, end)) != -1:
        end = start + fewest
        while classes.startswith(b"a", end):
            end += 1
        yield start, end
