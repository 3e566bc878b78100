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
from collections.abc import Callable, Iterable, Iterator
from html.entities import html5

import msgspec

from stellwerk.core.passage import Passage
from stellwerk.text.blocks import GAP, Blocks
from stellwerk.text.canonical import identity
from stellwerk.text.joined import apart
from stellwerk.text.words import small_words

DEPTH = 2
MOST_VIEWS = 12
FACTOR = 2
"""All views together are at most so many times as long as the text."""

_BETWEEN = re.compile(GAP)
_MARK = re.compile(r"[*_~`]{1,3}+")
_PIECE = re.compile(r"[\"']([^\"'\n]++)[\"']")
_LEET = "013457@$"
_MEANT = (("leet", "oieastas"), ("leet_l", "oleastas"))
_ROTATED = bytes(codecs.encode(bytes(range(128)).decode(), "rot13"), "ascii") + bytes(range(128, 256))
JOINED_ROOM = 4_000
"""Characters of joined words that are told apart, since that takes longer than other readings do."""
_WORDS = "the and you that this all are for with your not der die das und nicht ist ein mit alle auf"
_COMMON = frozenset(_WORDS.encode().split())
_ROT13 = frozenset(codecs.encode(_WORDS, "rot13").encode().split())
_REVERSED = frozenset(_WORDS[::-1].encode().split())
_CIPHERS = frozenset((b"rot", b"caesar"))
_BACKWARDS = tuple(f" {word}".encode() for word in ("revers", "backward", "rückwärts", "umgekehrt"))


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


def _substituted(
    passage: Passage, blocks: Iterable[re.Match[str]], decode: Callable[[str], str | None]
) -> Passage | None:
    """The passage with every block that can be decoded in place of its code; nothing where there is none."""
    parts: list[str] = []
    starts, ends = array("q"), array("q")
    after = 0
    for block in blocks:
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
        every = identity(end + 1)
        starts += every[start:end]
        ends += every[start + 1 : end + 1]
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
    bare = code.rstrip("=").replace("-", "+").replace("_", "/")
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


def _told_apart(passage: Passage, blocks: Blocks) -> Passage | None:
    """The passage with spaces in what are several words."""
    room = JOINED_ROOM

    def told(block: str) -> str | None:
        nonlocal room
        room -= len(block)
        return apart(block) if room >= 0 else None

    return _substituted(passage, blocks.joined(), told)


def _unleeted(passage: Passage) -> Iterator[tuple[str, Passage]]:
    """The passage with letters in place of the digits that stand for them."""
    for name, letters in _MEANT:
        text = passage.text
        for sign, letter in zip(_LEET, letters, strict=True):  # faster than a table where letters are foreign
            text = text.replace(sign, letter)
        yield name, Passage(passage.original, text, passage.starts, passage.ends)


def _deciphered(passage: Passage) -> Iterator[tuple[str, Passage]]:
    """Ciphers of the whole text, tried where its words say that one was used or are common words in it."""
    text = passage.text
    low = small_words(text)
    words = frozenset(low.split())
    common = len(words & _COMMON)
    if not words.isdisjoint(_CIPHERS) or len(words & _ROT13) > common:
        rotated = text.encode("utf-8", "surrogatepass").translate(_ROTATED).decode("utf-8", "surrogatepass")
        yield "rot13", Passage(passage.original, rotated, *_places(passage))
    if len(words & _REVERSED) > common or any(hint in low for hint in _BACKWARDS):
        starts, ends = _places(passage)
        yield "reversed", Passage(passage.original, text[::-1], starts[::-1], ends[::-1])


def _places(passage: Passage) -> tuple[array[int], array[int]]:
    starts, ends = array("q"), array("q")
    _copy(passage, 0, len(passage.text), [], starts, ends)
    return starts, ends


def _others(passage: Passage) -> Iterator[tuple[str, Passage]]:
    """What a text says besides, one step further, and by which step."""
    blocks = Blocks(passage.text)
    for name, find, decode in _CODES:
        found = _substituted(passage, find(blocks), decode)
        if found is not None:
            yield name, found
    if (parted := _told_apart(passage, blocks)) is not None:
        yield "joined", parted
    yield from _deciphered(passage)
    # last, since they are the ones that ordinary texts with numbers have too, and room is limited
    if blocks.has_leet():
        yield from _unleeted(passage)


_CODES: tuple[tuple[str, Callable[[Blocks], Iterable[re.Match[str]]], Callable[[str], str | None]], ...] = (
    ("escapes", Blocks.escapes, _unescape),
    ("base64", Blocks.base64, _unbase64),
    ("hex", Blocks.hex, _unhex),
    ("spaced", Blocks.spaced, _join),
    ("marked", Blocks.marked, lambda code: _MARK.sub("", code)),
    ("pieces", Blocks.pieces, _unpiece),
)
