"""Text in pieces of the size of a model's tokens: an estimate, but the same one for prompts, answers and chunks."""

from __future__ import annotations

import re

SAMPLE_CHARACTERS = 16_384
"""Longer texts are counted by the density of their beginning, so that a prompt of megabytes blocks nobody."""

_TOKEN = re.compile(
    r" ?[A-Za-z\u00c0-\u024f]{1,7}"
    r"| ?[0-9]{1,3}"
    r"| ?[^\W_0-9A-Za-z\u00c0-\u024f]{1,2}"
    r"| ?[^\w\s]{1,3}"
    r"|_{1,3}"
    r"|\s+"
    r"|."
)


def split(text: str) -> list[str]:
    """The tokens of ``text``; joined, they are ``text`` again."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """How many tokens ``text`` has; extrapolated beyond ``SAMPLE_CHARACTERS``."""
    if len(text) <= SAMPLE_CHARACTERS:
        return len(_TOKEN.findall(text))
    return len(_TOKEN.findall(text[:SAMPLE_CHARACTERS])) * len(text) // SAMPLE_CHARACTERS
