"""Where a golden stream is cut in two: anywhere in `make matrix`, and otherwise wherever its framing changes state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import accumulate

import pytest

_TELLING = re.compile(rb"[\r\n\\\x80-\xff]")
"""Ends of lines, escapes, and characters of several bytes: cut before, within, and in the name of the field behind."""
_BEFORE, _BEHIND = 6, 18
"""Bytes around the border of two frames: a checksum lies before it, and behind it the lengths of a frame."""
STEP = 31
"""Of the other positions, one in so many; a prime, so that every place of a frame is met."""


def anywhere(stream: bytes, _frames: Iterable[bytes] = ()) -> list[int]:
    """Every position."""
    return list(range(len(stream) + 1))


def telling(stream: bytes, frames: Iterable[bytes] = ()) -> list[int]:
    """Each position that a reader of lines, of JSON, or of these frames could misread, and some of the rest."""
    borders = [*accumulate(map(len, frames))]
    marked = {at for border in borders for at in range(border - _BEFORE, border + _BEHIND)}
    if not borders:
        marked = {at for mark in _TELLING.finditer(stream) for at in range(mark.start() - 1, mark.start() + 8)}
    return sorted(at for at in {*marked, *range(0, len(stream), STEP), len(stream)} if 0 <= at <= len(stream))


Cuts = Callable[..., list[int]]
CUTS = pytest.mark.parametrize("cuts", [telling, pytest.param(anywhere, marks=pytest.mark.matrix)])
