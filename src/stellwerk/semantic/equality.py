"""Whether two answers say the same: how audits and misses find out if a stored answer would have been right.

It errs, and sometimes cannot tell, which makes no label. ``stellwerk bench cache --answers`` measures how often, on
pairs that people judged. Where it errs to the strict side, a scope serves less than it could; where to the other side,
an audit overlooks a wrong answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal

import msgspec

from stellwerk.semantic.alignment import align
from stellwerk.semantic.mismatch.mismatch import LIKE
from stellwerk.semantic.normal import normal_form
from stellwerk.semantic.reading import Reading, read

SAME_COSINE, OTHER_COSINE = 0.85, 0.70
"""Answers at least so close say the same, if nothing contradicts; answers no closer say something else."""
FEWEST_WORDS, SHORT_WORDS = 3, 6
"""Of content. Shorter answers have to consist of the same words; up to the second, none may stand for another."""
LONGEST_JSON = 1_000_000

Why = Literal["text", "json", "numbers", "names", "negation", "opposites", "words", "cosine"]


class Equality(msgspec.Struct, frozen=True):
    """Whether two answers say the same, and what told. Nothing where it cannot be told: that is no label."""

    is_same: bool | None
    why: Why


def compare(one: str, two: str, cosine: Callable[[], float]) -> Equality:
    """Compares two answers. ``cosine`` is asked for that of their vectors only where nothing cheaper tells."""
    if normal_form(one) == normal_form(two):
        return Equality(is_same=True, why="text")
    first, second = _json(one), _json(two)
    if first is not None or second is not None:
        return Equality(first is not None and second is not None and first == second, "json")
    pair = align(read(one), read(two))
    a, b = pair.one, pair.two
    if _contradict(_numbers(a), _numbers(b)):
        return Equality(is_same=False, why="numbers")
    shorter = min(len(a.words), len(b.words))
    if shorter < FEWEST_WORDS:
        return Equality(sorted(a.all_words) == sorted(b.all_words), "words")
    if shorter < SHORT_WORDS and pair.only_one and pair.only_two:
        return Equality(is_same=False, why="words")
    if pair.opposites:
        return Equality(is_same=False, why="opposites")
    if (a.negations > 0) != (b.negations > 0) and pair.share >= LIKE:
        return Equality(is_same=False, why="negation")
    found = cosine()
    if _contradict(_names(a), _names(b)):
        return Equality(None if found >= SAME_COSINE else False, "names")
    return Equality(True if found >= SAME_COSINE else False if found < OTHER_COSINE else None, "cosine")


def _json(text: str) -> tuple[str] | None:
    """The value in one way of writing it; nothing for what is no object and no list."""
    text = text.strip()
    if text[:1] not in {"{", "["} or len(text) > LONGEST_JSON:
        return None
    try:
        return (json.dumps(json.loads(text), sort_keys=True),)
    except (ValueError, RecursionError):
        return None


def _numbers(reading: Reading) -> frozenset[str]:
    return frozenset(str(each) for each in reading.quantities if each.is_certain)


def _names(reading: Reading) -> frozenset[str]:
    if reading.language == "de":  # every noun has a capital
        return frozenset()
    return frozenset(word.base for word in reading.words if word.is_name)


def _contradict(one: frozenset[str], two: frozenset[str]) -> bool:
    """Whether each has something that the other lacks: an answer may say more than another, but nothing else."""
    return bool(one - two) and bool(two - one)
