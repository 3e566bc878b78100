"""JSON as text: its strings and numbers found, read and replaced in place, so that all the rest stays as it is.

It may be cut off anywhere, as arguments of tools are that ran into a limit: the last string then simply ends early.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import msgspec

_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*+)("?)|-?\d[\d.eE+-]*+', re.DOTALL)
_COLON = re.compile(r"\s*+:")
_BETWEEN = re.compile(r"(?:[\s{}\[\],:]|true|false|null)*+")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Literal(msgspec.Struct, frozen=True):
    """A string or a number: ``[start, end)`` of the JSON text, and what it says."""

    start: int
    end: int
    value: str
    is_key: bool = False
    is_string: bool = True
    is_whole: bool = True
    """Whether a string has its closing quote."""


def literals(text: str) -> list[Literal]:
    """Every string and number, in order."""
    found: list[Literal] = []
    for hit in _LITERAL.finditer(text):
        start, end = hit.span()
        if hit[1] is None:
            found.append(Literal(start, end, hit[0], is_string=False))
        else:
            is_key = _COLON.match(text, end) is not None
            found.append(Literal(start, end, _unescaped(hit[1]), is_key, is_whole=bool(hit[2])))
    return found


def is_json(text: str, found: list[Literal]) -> bool:
    """Whether nothing else than JSON stands between the literals, so that they are all that the text says."""
    after = 0
    for literal in found:
        if _BETWEEN.fullmatch(text, after, literal.start) is None:
            return False
        after = literal.end
    return _BETWEEN.fullmatch(text, after) is not None


def rewritten(text: str, found: list[Literal], values: Mapping[int, str]) -> str:
    """The JSON with other values for some literals, by their place in the list. A changed number becomes a string."""
    pieces: list[str] = []
    after = 0
    for place in sorted(values):
        literal = found[place]
        quoted = _quoted(values[place])
        pieces += (text[after : literal.start], quoted if literal.is_whole else quoted[:-1])
        after = literal.end
    return "".join((*pieces, text[after:]))


def _unescaped(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:  # an escape that is cut off, or none at all
        return raw


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=_SURROGATE.search(value) is not None)
