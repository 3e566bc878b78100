"""Numbers, units and dates: a question about 3 kg in May is none about 4 kg, 3 lb, or June."""

from __future__ import annotations

from collections.abc import Iterator

from stellwerk.semantic.alignment import Alignment
from stellwerk.semantic.mismatch.mismatch import LIKE, Mismatch
from stellwerk.semantic.quantities import Quantity


def number(pair: Alignment) -> Iterator[Mismatch]:
    """Quantities without one that agrees on the other side."""
    left_one, left_two = _unmatched(pair.one.quantities, pair.two.quantities)
    certain_one = [quantity for quantity in left_one if quantity.is_certain]
    certain_two = [quantity for quantity in left_two if quantity.is_certain]
    if not certain_one and not certain_two and not (left_one and left_two):
        if left_one or left_two:
            yield Mismatch("number", _told(left_one, left_two), is_hard=False)
        return
    if left_one and left_two:
        yield Mismatch("number", _told(left_one, left_two))
    elif certain_one or certain_two:
        yield Mismatch("number", _told(left_one, left_two), is_hard=pair.share >= LIKE)


def date(pair: Alignment) -> Iterator[Mismatch]:
    """Months, weekdays and times of day that only one side names."""
    only_one, only_two = pair.one.days - pair.two.days, pair.two.days - pair.one.days
    if only_one or only_two:
        is_hard = bool(only_one and only_two) or pair.share >= LIKE
        yield Mismatch("date", f"{_names(only_one)} / {_names(only_two)}", is_hard=is_hard)


def _unmatched(one: tuple[Quantity, ...], two: tuple[Quantity, ...]) -> tuple[list[Quantity], list[Quantity]]:
    rest = list(two)
    left = []
    for quantity in one:
        partner = next((other for other in rest if quantity.agrees(other)), None)
        if partner is None:
            left.append(quantity)
        else:
            rest.remove(partner)
    return left, rest


def _told(one: list[Quantity], two: list[Quantity]) -> str:
    return f"{', '.join(map(str, one)) or '-'} / {', '.join(map(str, two)) or '-'}"


def _names(days: frozenset[str]) -> str:
    return ", ".join(sorted(days)) or "-"
