"""What the name of a Gemini model says about it."""

from __future__ import annotations

import re

_SIGNED = re.compile(r"gemini-(?:[3-9]|\d\d)")
_THOUGHTLESS = re.compile(r"gemini-(?:1|2\.0)")


def demands_signatures(model: str) -> bool:
    """Whether it refuses calls in the current turn that lack their signature."""
    return _SIGNED.search(model) is not None


def cannot_think(model: str) -> bool:
    """Whether it refuses to be told how to think."""
    return _THOUGHTLESS.search(model) is not None
