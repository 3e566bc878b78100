"""Numbers of a text by their value, whichever way thousands and decimals are set apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = re.compile(r"(?<![\w.,])\d{1,20}+(?:[.,'\u2019\u00a0\u202f]\d{1,20}+){0,6}+(?!\w)")
_SPLIT = re.compile(r"[.,'\u2019\u00a0\u202f]")


def numbers(text: str) -> Iterator[tuple[int, int, frozenset[str]]]:
    """Where each number stands, and every value that it can have: 1.234 is a thousand and more, or one and a bit.

    Single digits are left out: lists and phrases are full of them.
    """
    for hit in _NUMBER.finditer(text):
        if hit.end() - hit.start() > 1:
            yield *hit.span(), values(hit.group())


def values(written: str) -> frozenset[str]:
    """Every value that a number as it is written can have."""
    parts = _SPLIT.split(written)
    whole = "".join(parts).lstrip("0") or "0"
    if len(parts) == 1:
        return frozenset({whole})
    values = {_plain("".join(parts[:-1]), parts[-1])}
    if all(len(part) == 3 for part in parts[1:]):
        values.add(whole)
    return frozenset(values)


def _plain(before: str, after: str) -> str:
    decimals = after.rstrip("0")
    return (before.lstrip("0") or "0") + (f".{decimals}" if decimals else "")
