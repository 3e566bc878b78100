"""Numbers and strings for a JSON Schema: believable ones where the key's name or the format says what is meant."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from stellwerk.simulator.dice import Dice
from stellwerk.simulator.prose import Prose
from stellwerk.simulator.schema.pattern import pattern_writer

RANGE = 100
LONGEST_FILLED = 100_000

_NAMED = {
    "name": ("Anna Berger", "Paul Novak", "Maria Rossi", "Liam Murphy"),
    "city": ("Berlin", "Vienna", "Zurich", "Lisbon", "Oslo"),
    "location": ("Berlin", "Vienna", "Zurich", "Lisbon", "Oslo"),
    "country": ("Germany", "Austria", "Switzerland", "Portugal"),
    "email": ("anna@example.com", "paul@example.org"),
    "phone": ("+1-555-0100", "+1-555-0142"),
    "currency": ("EUR", "CHF", "USD"),
    "language": ("en", "de"),
    "unit": ("celsius", "metre", "euro"),
    "title": ("A short report", "The main points", "An overview"),
    "street": ("Main Street 1", "Park Road 12"),
    "url": ("https://example.com/page",),
    "query": ("opening hours", "train to Vienna", "weather tomorrow"),
    "date": ("2025-03-14", "2025-11-02"),
    "time": ("08:30", "19:45"),
}


def _date(dice: Dice) -> str:
    return f"{dice.between(2020, 2029)}-{dice.between(1, 12):02}-{dice.between(1, 28):02}"


def _time(dice: Dice) -> str:
    return f"{dice.below(24):02}:{dice.below(60):02}:{dice.below(60):02}"


_FORMATS: dict[str, Callable[[Dice], str]] = {
    "date": _date,
    "time": lambda dice: _time(dice) + "Z",
    "date-time": lambda dice: f"{_date(dice)}T{_time(dice)}Z",
    "duration": lambda dice: f"PT{dice.between(1, 59)}M",
    "email": lambda dice: dice.letters(6, "abcdefghijklmnopqrstuvwxyz") + "@example.com",
    "hostname": lambda dice: dice.letters(6, "abcdefghijklmnopqrstuvwxyz") + ".example.com",
    "uri": lambda dice: f"https://example.com/{dice.below(10_000)}",
    "ipv4": lambda dice: f"192.0.2.{dice.between(1, 254)}",
    "ipv6": lambda dice: f"2001:db8::{dice.between(1, 0xFFFF):x}",
    "uuid": lambda dice: str(UUID(int=dice.below(1 << 52) << 76 | dice.below(1 << 52), version=4)),
}


def string(schema: Mapping[str, Any], name: str, dice: Dice, prose: Prose) -> str:
    """A string of the schema's format, pattern or length, or one that suits a key called ``name``."""
    if "pattern" in schema:
        return pattern_writer(schema["pattern"])(dice)
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]](dice)
    choices = _NAMED.get(name.lower())
    text = dice.pick(choices) if choices else prose.phrase(dice)
    least = min(schema.get("minLength", 0), LONGEST_FILLED)
    while len(text) < least:
        text += " " + prose.phrase(dice)
    most = schema.get("maxLength", max(least, 200))
    return text if len(text) <= most else text[:most]


def number(schema: Mapping[str, Any], dice: Dice, *, is_whole: bool) -> float:
    """A number within the schema's bounds."""
    low, high = _bounds(schema)
    step = schema.get("multipleOf")
    if step is not None and step > 0:
        multiple = dice.between(math.ceil(low / step), max(math.floor(high / step), math.ceil(low / step)))
        value = multiple * step
        return int(value) if is_whole and float(value).is_integer() else value
    if is_whole:
        least = math.floor(low) + 1 if low == schema.get("exclusiveMinimum") else math.ceil(low)
        most = math.ceil(high) - 1 if high == schema.get("exclusiveMaximum") else math.floor(high)
        return dice.between(least, most) if least < most else least
    exact = low + dice.unit() * (high - low)
    rounded = round(exact, 2)
    return rounded if low < rounded < high else exact


def _bounds(schema: Mapping[str, Any]) -> tuple[float, float]:
    lows = [schema[key] for key in ("minimum", "exclusiveMinimum") if key in schema]
    highs = [schema[key] for key in ("maximum", "exclusiveMaximum") if key in schema]
    if lows:
        low = max(lows)
        return low, min(highs) if highs else low + RANGE
    high = min(highs) if highs else RANGE
    return min(0, high - RANGE) if high <= 0 else 0, high
