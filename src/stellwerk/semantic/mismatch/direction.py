"""Direction, order and form: from and to, before and after, who does what to whom, and what is asked about it."""

from __future__ import annotations

from collections.abc import Iterator

from stellwerk.semantic.alignment import Alignment
from stellwerk.semantic.mismatch.mismatch import LIKE, Mismatch
from stellwerk.semantic.reading import Reading


def direction(pair: Alignment) -> Iterator[Mismatch]:
    """One side says on, in, up, from, before, where the other says the contrary."""
    grammar = pair.one.grammar
    only_one, only_two = pair.one.markers - pair.two.markers, pair.two.markers - pair.one.markers
    for contrast in grammar.contrasts:
        one, two = contrast & only_one, contrast & only_two
        if one and two:
            yield Mismatch("direction", f"{min(one)} / {min(two)}", is_hard=pair.share >= 0.5)
            return
    telling = (only_one | only_two) & grammar.telling
    if telling:
        yield Mismatch("direction", ", ".join(sorted(telling)), is_hard=pair.share >= 0.8)


def order(pair: Alignment) -> Iterator[Mismatch]:
    """The same words in other places: from A to B, from B to A."""
    swapped = _swapped(pair.one, pair.two) or _swapped(pair.two, pair.one)
    if swapped:
        yield Mismatch("order", swapped)
    elif not pair.only_one and not pair.only_two and _is_shuffled(pair.one, pair.two):
        yield Mismatch("order", " ".join(word.base for word in pair.two.words))


def question(pair: Alignment) -> Iterator[Mismatch]:
    """One side asks when, where, who or why, and the other something else."""
    one, two = pair.one.questions - pair.two.questions, pair.two.questions - pair.one.questions
    if one and two:
        if "what" in one | two:
            is_hard = _is_all_else_equal(pair) and (one | two) - {"what"} <= _BESIDE_WHAT
        else:
            is_hard = pair.share >= LIKE and not any(one | two <= loose for loose in _LOOSE)
        yield Mismatch("question", f"{min(one)} / {min(two)}", is_hard=is_hard)


def person(pair: Alignment) -> Iterator[Mismatch]:
    """It is about me on one side and about somebody else on the other."""
    one, two = pair.one.persons, pair.two.persons
    others = {"he", "she", "they"}
    if (one & others) != (two & others):
        yield Mismatch("person", f"{_told(one)} / {_told(two)}", is_hard=pair.share >= 0.8)


def quote(pair: Alignment) -> Iterator[Mismatch]:
    """What stands in quotation marks differs by as little as a letter."""
    one, two = pair.one.quotes, pair.two.quotes
    if one != two and one and two:
        yield Mismatch("quote", f"{_told(one - two)} / {_told(two - one)}")


def language(pair: Alignment) -> Iterator[Mismatch]:
    """The answer would come in another language than the question."""
    one, two = pair.one.language, pair.two.language
    if one and two and one != two:
        yield Mismatch("language", f"{one} / {two}")


_LOOSE = (frozenset({"how", "where"}), frozenset({"amount", "count"}))
"""Question words that often ask for the same: how can I, where can I."""
_BESIDE_WHAT = frozenset({"who", "where", "why", "count"})
"""Question words in whose place "what" asks for something else, where no other word says which."""
_IN_TURN = frozenset({"then", "afterwards", "dann", "danach", "anschliesend"})
"""With these, what comes first is part of the question."""


def _is_all_else_equal(pair: Alignment) -> bool:
    asking = pair.one.grammar.questions.keys() | pair.one.grammar.amounts.keys()
    return set(pair.one.all_words) - asking == set(pair.two.all_words) - asking


def _swapped(one: Reading, two: Reading) -> str:
    """A marker behind which one side has something that the other side has elsewhere."""
    markers = {marker for marker, _ in one.bindings} & {marker for marker, _ in two.bindings}
    for marker in sorted(markers):
        first = {base for name, base in one.bindings if name == marker}
        second = {base for name, base in two.bindings if name == marker}
        if first.isdisjoint(second) and not first.isdisjoint(two.bases) and not second.isdisjoint(one.bases):
            return f"{marker} {min(first)} / {marker} {min(second)}"
    return ""


def _is_shuffled(one: Reading, two: Reading) -> bool:
    """Whether equal words stand in an order that is more than one part moved to the front."""
    first = [word.base for word in one.words if word.base in two.bases]
    second = [word.base for word in two.words if word.base in one.bases]
    if first != second and sorted(first) == sorted(second) and not _IN_TURN.isdisjoint(one.all_words):
        return not _IN_TURN.isdisjoint(two.all_words)
    if len(first) > 3 and first[0] == second[0]:
        first, second = first[1:], second[1:]  # what is asked for may stand before its circumstances or behind them
    if len(first) != len(second) or len(first) < 3 or first == second:
        return False
    return not any(first[turn:] + first[:turn] == second for turn in range(1, len(first)))


def _told(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "-"
