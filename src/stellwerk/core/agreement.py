"""Whether two answers to the same question say the same, as far as that can be told without understanding them."""

from __future__ import annotations

import re

import msgspec

from stellwerk.core.conformance import is_equal

_LIKE = 0.6
"""Share of their words that two longer answers have in common."""
_SHORT = 3
"""Answers of so many words have no room for another wording."""
_LONGEST = 8_000
"""Characters of each that are compared word by word."""

_ASIAN = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_WORD = re.compile(rf"[{_ASIAN}]|[^\W{_ASIAN}]+")
_LAST_NUMBER = re.compile(r"(-?)(\d[\d.,]*)[^\d\n]{0,20}$", re.ASCII)
_DECORATION = " \t\r\n*_`\"'„“”«».,;:!"


def agree(first: str, second: str) -> bool:
    """Whether they agree: the same text, the same JSON, the same number at the end, or most words in common.

    Answers that both are JSON, both end in a number, or both are short, are judged by that alone.
    """
    one, other = first.strip(_DECORATION).casefold(), second.strip(_DECORATION).casefold()
    if one.split() == other.split():
        return bool(one) or first.split() == second.split()
    documents = _document(first), _document(second)
    if documents[0] is not None and documents[1] is not None:
        return is_equal(*documents)
    numbers = _last_number(one), _last_number(other)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] == numbers[1]
    return _have_most_in_common(_WORD.findall(one[:_LONGEST]), _WORD.findall(other[:_LONGEST]))


def _document(text: str) -> object | None:
    """The JSON object or array that a text is."""
    text = text.strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        document: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return document


def _last_number(text: str) -> tuple[str, str, str] | None:
    """The number with which a text ends, but for a unit or a closing word.

    As its sign, and the digits before and after the point, without zeros that say nothing.
    """
    found = _LAST_NUMBER.search(text[-200:])
    if found is None:
        return None
    whole, _, fraction = found[2].rstrip(".,").replace(",", "").partition(".")
    return found[1], whole.lstrip("0"), fraction.rstrip("0")


def _have_most_in_common(one: list[str], other: list[str]) -> bool:
    """By Dice's coefficient of the two sets of words."""
    if max(len(one), len(other)) <= _SHORT:
        return False
    words, others = set(one), set(other)
    return 2 * len(words & others) >= _LIKE * (len(words) + len(others))
