"""Quantities of a text: numbers in digits and in words, by value, in the base unit of what they measure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stellwerk.semantic.language import Language
from stellwerk.semantic.vocabulary import english, german
from stellwerk.text.numerals import values
from stellwerk.text.words import fold

MOST = 32
"""Quantities of one text that are read."""

_SIGNS = "€$£¥₹"
_ENGLISH = {fold(word): value for word, value in (english.ONES | english.TENS | english.SCALES).items()}
_GERMAN = {fold(word): value for word, value in (german.ONES | german.TENS | german.SCALES).items()}
_GERMAN_PREFIXES = {fold(word): value for word, value in german.PREFIXES.items()}
_GERMAN_TENS = {fold(word): value for word, value in german.TENS.items()}
_ONE = frozenset({"one", "single"})


class Quantity(msgspec.Struct, frozen=True, gc=False):
    """One quantity."""

    values: frozenset[str]
    """All that it can be: 1.234 is more than a thousand, or one and a bit."""
    unit: str
    """The base unit, or nothing."""
    is_certain: bool
    """False for "one", which often counts nothing."""

    def agrees(self, other: Quantity) -> bool:
        """Whether both can be the same; a unit that only one of them names is no difference."""
        same_unit = not self.unit or not other.unit or self.unit == other.unit
        return same_unit and not self.values.isdisjoint(other.values)

    def __str__(self) -> str:
        return f"{min(self.values, key=len)} {self.unit}".strip()


def quantities(words: Sequence[str], grammar: Language) -> tuple[tuple[Quantity, ...], frozenset[int]]:
    """The quantities of folded words, and the places of the words that make them."""
    found: list[Quantity] = []
    used: set[int] = set()
    place = 0
    while place < len(words) and len(found) < MOST:
        written, end, is_certain = _number(words, place, grammar)
        if not written:
            place += 1
            continue
        unit, factor, after = _unit(words, place, end, grammar)
        used.update(range(place, after))
        found.append(Quantity(_scaled(written, factor), unit, is_certain))
        place = after
    return tuple(found), frozenset(used)


def _number(words: Sequence[str], place: int, grammar: Language) -> tuple[frozenset[str], int, bool]:
    """The values of the number that begins at a word, where it ends, and whether it counts for certain."""
    word = words[place]
    digits = word.lstrip("+-\u2212")
    if digits[:1].isdigit():
        sign = "-" if word[0] in "-\u2212" else ""
        if ":" in digits or "/" in digits:
            return frozenset({sign + digits}), place + 1, True
        written = values(digits)
        end = place + 1
        if end < len(words) and words[end] in _scales(grammar):
            written = _scaled(written, _scales(grammar)[words[end]])
            end += 1
        return frozenset(sign + value for value in written), end, True
    if word in grammar.ordinals:
        return frozenset({str(grammar.ordinals[word])}), place + 1, False
    if grammar.name == "de":
        value = german_number(word)
        return (frozenset(), place, True) if value is None else (frozenset({str(value)}), place + 1, True)
    return _english_number(words, place)


def _scales(grammar: Language) -> dict[str, int]:
    return german.SCALES if grammar.name == "de" else english.SCALES


def _english_number(words: Sequence[str], place: int) -> tuple[frozenset[str], int, bool]:
    total = current = 0
    end = place
    while end < len(words):
        word = words[end]
        value = _ENGLISH.get(word)
        if value is None:
            if word == "and" and end > place and end + 1 < len(words) and words[end + 1] in _ENGLISH and current >= 100:
                end += 1
                continue
            break
        if value >= 100:
            if end == place and word != "hundred":
                break
            current = max(current, 1) * value
            if value >= 1_000:
                total, current = total + current, 0
        else:
            current += value
        end += 1
    if end == place:
        return frozenset(), place, True
    is_certain = not (end == place + 1 and words[place] in _ONE)
    return frozenset({str(total + current)}), end, is_certain


def german_number(word: str) -> int | None:
    """The value of a German number in one folded word, below a million."""
    if word in _GERMAN:
        return _GERMAN[word]
    for scale, value in (("tausend", 1_000), ("hundert", 100)):
        head, mark, tail = word.partition(scale)
        if mark:
            many = 1 if not head else german_number(head) or _GERMAN_PREFIXES.get(head)
            rest = 0 if not tail else german_number(tail)
            return None if many is None or rest is None else many * value + rest
    head, mark, tail = word.partition("und")
    if mark and head in _GERMAN_PREFIXES and tail in _GERMAN_TENS:
        return _GERMAN_PREFIXES[head] + _GERMAN_TENS[tail]
    return None


def _unit(words: Sequence[str], start: int, end: int, grammar: Language) -> tuple[str, float, int]:
    """The base unit that stands behind or before a number, how many of it one is, and where all ends."""
    if end < len(words):
        written = grammar.units.get(words[end]) or (_OF_ALL.get(words[end]))
        if written is not None:
            name, _, factor = written.partition(":")
            return name, float(factor), end + 1
    if start and words[start - 1] in _SIGNS:
        name, _, factor = grammar.units.get(words[start - 1], _OF_ALL.get(words[start - 1], ":1")).partition(":")
        return name, float(factor), end
    return "", 1.0, end


_OF_ALL = english.UNITS


def _scaled(written: frozenset[str], factor: float) -> frozenset[str]:
    if factor == 1.0:
        return written
    return frozenset(f"{float(value) * factor:.10g}" if _is_plain(value) else value for value in written)


def _is_plain(value: str) -> bool:
    return value.replace(".", "", 1).isdigit()
