"""Other readings of a text: what it says once an encoding is undone. How many, how deep and how long is bounded.

Each view is a passage over the same original, so that a finding in a decoded reading has its place in the text as it
was sent: a letter that was decoded from a block of base64 stands for the block.
"""

from __future__ import annotations

import binascii
import codecs
import html
import re
from array import array
from collections.abc import Callable, Iterator
from html.entities import html5

import msgspec

from stellwerk.core.passage import Passage
from stellwerk.text.joined import apart

DEPTH = 2
MOST_VIEWS = 12
FACTOR = 2
"""All views together are at most so many times as long as the text."""

_ESCAPE = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,7});|(?:%[0-9a-fA-F]{2})++"
    r"|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}"
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}[ :]?+){8,}+(?![0-9A-Za-z])")
_GAP = "[ .*_|-]{1,5}"
_LONE = r"(?<![^\s.*_|-])[^\s.*_|-](?![^\s.*_|-])"
_SPACED = re.compile(rf"{_LONE}(?:{_GAP}+{_LONE}){{4,}}+(?:[ .*_|-]?\.(?!\S))?+")
_BETWEEN = re.compile(_GAP)
_MARKED = re.compile(r"(?:([*_~`]{1,3}+)[^\W_]{1,40}+\1[^\w*_~`]{1,3}+){3,}+(?:([*_~`]{1,3}+)[^\W_]{1,40}+\2)?+")
_MARK = re.compile(r"[*_~`]{1,3}+")
_PIECES = re.compile(r"(?<!\w)(?:\w{1,12}+ ?= ?([\"'])[^\"'\n]{1,400}+\1[;,\s]{1,3}+){3,}+")
_PIECE = re.compile(r"[\"']([^\"'\n]++)[\"']")
_LEET_WORD = re.compile(
    r"(?<![^\s(\"'`])(?=[\w@$]{3,24}+(?![\w@$+/=-]|\.\w))[\w@$]{0,22}?[A-Za-z](?:[013457]{1,3}|[@$])[A-Za-z]"
)
_WORD = re.compile(r"[^\W\d_]+")
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_L = str.maketrans("013457@$", "oleastas")
_JOINED = re.compile(r"[^\W\d_]{28,}+")
"""So many letters in a row are hardly one word: in 4,527 ordinary prompts none was taken for several."""
JOINED_ROOM = 4_000
"""Characters of joined words that are told apart, since that takes longer than other readings do."""
_WORDS = "the and you that this all are for with your not der die das und nicht ist ein mit alle auf"
_COMMON = frozenset(_WORDS.split())
_ROT13 = frozenset(codecs.encode(word, "rot13") for word in _COMMON)
_REVERSED = frozenset(word[::-1] for word in _COMMON)


class View(msgspec.Struct, frozen=True):
    """A reading, and by which steps it was won."""

    steps: tuple[str, ...]
    passage: Passage


def views(passage: Passage) -> tuple[View, ...]:
    """Every reading besides the text itself, the shallow ones first."""
    room = FACTOR * len(passage.text)
    found: list[View] = []
    seen = {passage.text}
    frontier = [View((), passage)]
    for _ in range(DEPTH):
        reached: list[View] = []
        for view in frontier:
            for name, other in _others(view.passage):
                if other.text in seen or len(other.text) > room or len(found) == MOST_VIEWS:
                    continue
                room -= len(other.text)
                seen.add(other.text)
                reached.append(View((*view.steps, name), other))
                found.append(reached[-1])
        frontier = reached
    return tuple(found)


def _substituted(passage: Passage, pattern: re.Pattern[str], decode: Callable[[str], str | None]) -> Passage | None:
    """The passage with every block that can be decoded in place of its code; nothing where there is none."""
    parts: list[str] = []
    starts, ends = array("q"), array("q")
    after = 0
    for block in pattern.finditer(passage.text):
        plain = decode(block.group())
        if plain is None:
            continue
        start, end = block.span()
        _copy(passage, after, start, parts, starts, ends)
        parts.append(plain)
        first, last = passage.span(start, end)
        starts.extend([first] * len(plain))
        ends.extend([last] * len(plain))
        after = end
    if not parts:
        return None
    _copy(passage, after, len(passage.text), parts, starts, ends)
    return Passage(passage.original, "".join(parts), starts, ends)


def _copy(passage: Passage, start: int, end: int, parts: list[str], starts: array[int], ends: array[int]) -> None:
    parts.append(passage.text[start:end])
    if passage.starts is None or passage.ends is None:
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))
    else:
        starts.extend(passage.starts[start:end])
        ends.extend(passage.ends[start:end])


def _unescape(code: str) -> str | None:
    if code[0] == "&":
        return html.unescape(code) if code[1] == "#" or code[1:] in html5 else None
    if code[0] == "%":
        return _readable(bytes.fromhex(code.replace("%", "")))
    plain = chr(int(code[2:], 16))  # noqa: FURB166 - the prefix begins with a backslash
    return None if "\ud800" <= plain <= "\udfff" else plain


def _unbase64(code: str) -> str | None:
    bare = code.rstrip("=").translate({45: "+", 95: "/"})
    try:
        return _readable(binascii.a2b_base64(bare + "=" * (-len(bare) % 4)))
    except binascii.Error:
        return None


def _unhex(code: str) -> str | None:
    return _readable(bytes.fromhex(code.replace(":", "").replace(" ", "")))


def _readable(code: bytes) -> str | None:
    try:
        plain = code.decode()
    except UnicodeDecodeError:
        return None
    return plain if plain.replace("\n", "").replace("\t", "").replace("\r", "").isprintable() else None


def _join(code: str) -> str:
    """Letters that stood apart, together again. A wider gap was a space, the widest with a full stop an end."""

    def gap(found: re.Match[str]) -> str:
        wide, last = len(found.group()), found.end() == len(code)
        if last:
            return "."
        return "" if wide == 1 else ". " if wide > 3 and "." in found.group() else " "

    return _BETWEEN.sub(gap, code)


def _unpiece(code: str) -> str:
    """What stands in the quotes of assignments, in one."""
    return "".join(_PIECE.findall(code)) + " "


def _told_apart(passage: Passage) -> Passage | None:
    """The passage with spaces in what are several words."""
    room = JOINED_ROOM

    def told(block: str) -> str | None:
        nonlocal room
        room -= len(block)
        return apart(block) if room >= 0 else None

    return _substituted(passage, _JOINED, told)


def _unleeted(passage: Passage) -> Iterator[tuple[str, Passage]]:
    """The passage with letters in place of the digits that stand for them, once a word gives that away."""
    if _LEET_WORD.search(passage.text):
        for name, table in (("leet", _LEET), ("leet_l", _LEET_L)):
            yield name, Passage(passage.original, passage.text.translate(table), passage.starts, passage.ends)


def _deciphered(passage: Passage) -> Iterator[tuple[str, Passage]]:
    """Ciphers of the whole text, tried where its words say that one was used or are common words in it."""
    text = passage.text
    words = {word.group().lower() for word in _WORD.finditer(text)}
    common = len(words & _COMMON)
    if not words.isdisjoint({"rot", "caesar"}) or len(words & _ROT13) > common:
        yield "rot13", Passage(passage.original, codecs.encode(text, "rot13"), *_places(passage))
    hinted = any(word.startswith(("revers", "backward", "rückwärts", "umgekehrt")) for word in words)
    if hinted or len(words & _REVERSED) > common:
        starts, ends = _places(passage)
        yield "reversed", Passage(passage.original, text[::-1], starts[::-1], ends[::-1])


def _places(passage: Passage) -> tuple[array[int], array[int]]:
    starts, ends = array("q"), array("q")
    _copy(passage, 0, len(passage.text), [], starts, ends)
    return starts, ends


def _others(passage: Passage) -> Iterator[tuple[str, Passage]]:
    """What a text says besides, one step further, and by which step."""
    for name, pattern, decode in _CODES:
        found = _substituted(passage, pattern, decode)
        if found is not None:
            yield name, found
    if "=" in passage.text and (found := _substituted(passage, _PIECES, _unpiece)) is not None:
        yield "pieces", found
    if (parted := _told_apart(passage)) is not None:
        yield "joined", parted
    yield from _deciphered(passage)
    # last, since they are the ones that ordinary texts with numbers have too, and room is limited
    yield from _unleeted(passage)


_CODES: tuple[tuple[str, re.Pattern[str], Callable[[str], str | None]], ...] = (
    ("escapes", _ESCAPE, _unescape),
    ("base64", _BASE64, _unbase64),
    ("hex", _HEX, _unhex),
    ("spaced", _SPACED, _join),
    ("marked", _MARKED, lambda code: _MARK.sub("", code)),
)
