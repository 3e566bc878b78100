"""Addresses and numbers in words: "max at example punkt de", "null eins sieben": read as the signs they stand for."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator

from stellwerk.core.passage import Passage

_AT = r"(?: ?[\[({<] ?(?:at|ät) ?[\])}>] ?| (?:at|ät) )"
_DOT = r"(?: ?[\[({<] ?(?:dot|punkt|\.) ?[\])}>] ?| (?:dot|punkt) )"
ADDRESS = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}?(?:{_DOT}[\w+-]{{1,40}}+){{0,2}}?(?P<at>{_AT})(?:[\w-]{{1,63}}(?P<dot>{_DOT}|\.)){{1,3}}"
    r"[a-z]{2,12}(?!\w)",
    re.IGNORECASE,
)
_AT_WORD = re.compile(r"[aäAÄ](?<=[ \[({<].)[tT]")
_LONGEST_DOT = 11
_BEFORE_AT = 64 + 2 * (_LONGEST_DOT + 40) + 3
_AFTER_AT = 5 + 3 * (63 + _LONGEST_DOT) + 12 + 1
"""So many characters of an address stand before the word at most, and from it on, with the one behind."""
_SIGN = re.compile(f"{_AT}|{_DOT}", re.IGNORECASE)
_HINTS = (" dot ", " punkt ", "(at", "[at", "{at", "<at", "(ät", "[ät", "( at", "[ at")
_ENDING_WORDS = "com org net edu gov info biz io dev app eu de at ch li uk us fr it nl es pl lu be dk se cz"
_ENDINGS = frozenset(_ENDING_WORDS.split())
_COMMON_WORDS = "the a an this that these those it my your our der die das den dem ein eine einen einem"
_NO_HOSTS = frozenset(_COMMON_WORDS.split())
_DIGITS = {
    "null": 0, "eins": 1, "zwei": 2, "zwo": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7,
    "acht": 8, "neun": 9, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
_FEWEST = 7
SPACED = tuple(f" {word}" for word in _DIGITS)
_DIGIT = "|".join(sorted(_DIGITS, key=len, reverse=True))
NUMBER = re.compile(rf"(?<!\w)(?:(?:{_DIGIT})[ ,]{{1,3}}){{{_FEWEST - 1},40}}+(?:{_DIGIT})(?!\w)")
_FEWEST_INSIDE = _FEWEST - 2
"""Before the first may stand a bracket, behind the last a stop."""
_WORD = re.compile(r"[^\W\d_]+")
_COUNTING = "01234567890 09876543210"


def spelled_out(passage: Passage) -> Passage | None:
    """The passage with signs for words; nothing where none is spelled."""
    low = passage.text.lower()
    blocks: list[tuple[int, int, str]] = []
    if any(hint in low for hint in _HINTS):
        blocks += _addresses(passage.text)
    if len(low) == len(passage.text) and may_count(low):
        blocks += _numbers(low)
    return _replaced(passage, sorted(blocks)) if blocks else None


def _addresses(text: str) -> list[tuple[int, int, str]]:
    """The signs in what reads as an address. A bare "at" counts only between names, with dots spelled."""
    blocks: list[tuple[int, int, str]] = []
    for hit in addresses(text):
        is_bare = hit["at"].strip().lower() in {"at", "ät"}
        words = _WORD.findall(hit.group().lower())
        if is_bare and (hit["dot"] == "." or words[-1] not in _ENDINGS or not _NO_HOSTS.isdisjoint(words)):
            continue
        at = hit.start("at")
        signs = _SIGN.finditer(text, *hit.span())
        blocks += [(*sign.span(), "@" if sign.start() == at else ".") for sign in signs]
    return blocks


def addresses(text: str) -> Iterator[re.Match[str]]:
    """What reads as an address, looked for as far around each "at" as one can reach."""
    after = 0
    for word in _AT_WORD.finditer(text):
        at = word.start()
        hit = ADDRESS.search(text, max(after, at - _BEFORE_AT), at + _AFTER_AT) if at > after else None
        if hit is not None and hit.start("at") < at:
            after = hit.end()
            yield hit


def may_count(low: str) -> bool:
    """Whether as many words for digits stand in a row as may be a number."""
    are_digits = bytes(map(_DIGITS.__contains__, low.replace(",", " ").split()))
    return b"\1" * _FEWEST_INSIDE in are_digits and sum([low.count(word) for word in SPACED]) >= _FEWEST - 1


def _numbers(text: str) -> list[tuple[int, int, str]]:
    """Runs of words for digits; counting up or down is no number of anybody."""
    blocks: list[tuple[int, int, str]] = []
    for hit in NUMBER.finditer(text):
        words = list(_WORD.finditer(text, *hit.span()))
        digits = "".join(str(_DIGITS[word.group()]) for word in words)
        if digits in _COUNTING:
            continue
        ends = [*(word.start() for word in words[1:]), hit.end()]
        blocks += [(word.start(), end, digit) for word, end, digit in zip(words, ends, digits, strict=True)]
    return blocks


def _replaced(passage: Passage, blocks: list[tuple[int, int, str]]) -> Passage:
    parts: list[str] = []
    starts, ends = array("q"), array("q")
    after = 0
    for start, end, sign in [*blocks, (len(passage.text), len(passage.text), "")]:
        parts += (passage.text[after:start], sign)
        starts.extend(range(after, start) if passage.starts is None else passage.starts[after:start])
        ends.extend(range(after + 1, start + 1) if passage.ends is None else passage.ends[after:start])
        if sign:
            first, last = passage.span(start, end)
            starts.append(first)
            ends.append(last)
        after = end
    return Passage(passage.original, "".join(parts), starts, ends)
