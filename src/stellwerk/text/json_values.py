"""JSON in which numbers stay as they are written, found within texts and read with bounds.

Values are dicts, lists, strings, booleans, ``None``, and ``Number`` for numbers. What has a member twice, numbers that
JSON does not know, or more depth than ``MOST_DEEP`` is no value here: it cannot be written anew without a loss.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate
from json.encoder import encode_basestring
from typing import Any

MOST_DEEP = 48
MOST_TRIES = 200
"""How often a bracket may turn out to begin no JSON before no more of them are tried."""
LEAST_CHARACTERS = 40
"""What is shorter is not worth anything."""
LEAST_BROKEN = 400
"""JSON that breaks off, as results do that were cut, is only believed to be some when it is longer than this."""

_OPENING = re.compile(r'\{(?=[ \t\r\n]*+["}])|\[(?=[ \t\r\n]*+[\[{"\]\dtfn-])')
_BRACKET = re.compile(r"[\[{\]}]")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_STRING = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+")', re.DOTALL)


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class NoValue(ValueError):
    """What stands there is no JSON that could be written anew."""


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where objects and arrays stand in a text, outermost ones, in their order. Linear in the text.

    One that breaks off, as results do that were cut, ends behind the last of it that is JSON.
    """
    decode = json.JSONDecoder().raw_decode
    at, left = 0, MOST_TRIES
    while left and (opening := _OPENING.search(text, at)) is not None:
        start, least = opening.start(), LEAST_CHARACTERS
        try:
            _, at = decode(text, start)
        except json.JSONDecodeError as error:
            at, least = max(start + 1, error.pos), LEAST_BROKEN
            left -= 1
        except (RecursionError, ValueError):  # far too deep, or a number with thousands of digits
            return
        if at - start >= least:
            yield start, at


def value(text: str) -> Any:
    """The value of a JSON text. Raises ``NoValue``."""
    if depth(text) > MOST_DEEP:
        raise NoValue(f"deeper than {MOST_DEEP}")
    try:
        return _DECODER.decode(text)
    except ValueError as error:
        raise NoValue(str(error)) from None


def raw_value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at a place, and where it ends. Raises ``NoValue``; the caller has looked at the depth."""
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise NoValue(str(error)) from None


def depth(text: str) -> int:
    """How deep its brackets are nested."""
    outside = "".join(_STRING.split(text)[::2])
    return max(accumulate(map(_STEPS.__getitem__, _BRACKET.findall(outside))), default=0)


def minified(text: str) -> str:
    """A JSON text without the white space between its values; all else stays character for character."""
    pieces = _STRING.split(text)
    for place in range(0, len(pieces), 2):
        pieces[place] = "".join(pieces[place].split())
    return "".join(pieces)


def written(value: Any) -> str:
    """A value as compact JSON."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quote(key)}:{written(held)}" for key, held in value.items()]) + "}"
    return "[" + ",".join([written(held) for held in value]) + "]"


def _quote(text: str) -> str:
    quoted: str = encode_basestring(text)
    return quoted if quoted.isascii() else _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", quoted)


_HALF = re.compile(r"[\ud800-\udfff\u2028\u2029\x7f-\x9f]")
"""Halves of characters, which are no text by themselves, and what readers take for the end of a line."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NoValue("a member stands twice")
    return found


def _refuse(constant: str) -> Any:
    raise NoValue(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_refuse)
