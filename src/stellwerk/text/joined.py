"""Words that were written without the spaces between them, told apart by a list of common words."""

from __future__ import annotations

import re
from itertools import pairwise

from stellwerk.text.vocabulary import WORDS

KNOWN = 0.8
"""The share of letters that has to be of known words of two letters and more: what has less is a name, a code, or of
a language that is not known."""
FEWEST = 4
_LETTERS = re.compile(r"[^\W\d_]+|[\W\d_]+")
_BEGINNINGS = frozenset(word[:size] for word in WORDS for size in range(1, len(word) + 1))
_UNKNOWN = 0.9
"""What a letter of no word costs. A word costs one, so that few long words are preferred."""


def apart(joined: str) -> str | None:
    """The text with spaces, or nothing where it is hardly made of words. In time in proportion to its length."""
    parts: list[str] = []
    known = letters = 0
    for run in _LETTERS.findall(joined):
        if not run[0].isalpha():
            parts.append(run)
            continue
        words = _words(run)
        letters += len(run)
        known += sum(len(word) for word in words if len(word) > 1 and word.lower() in WORDS)
        parts.append(" ".join(words))
    count = sum(part.count(" ") + 1 for part in parts if part[0].isalpha())
    return " ".join(parts) if count >= FEWEST and known >= KNOWN * letters else None


def _words(run: str) -> list[str]:
    """The cheapest way to part letters into words. Letters that are of none stay together."""
    low = run.lower()
    if len(low) != len(run):
        return [run]
    size = len(run)
    cost = [0.0] + [float("inf")] * size
    begins = [0] * (size + 1)
    for start in range(size):
        if cost[start] + _UNKNOWN < cost[start + 1]:
            cost[start + 1], begins[start + 1] = cost[start] + _UNKNOWN, start
        end = start + 1
        while end <= size and (word := low[start:end]) in _BEGINNINGS:
            if word in WORDS and cost[start] + 1 < cost[end]:
                cost[end], begins[end] = cost[start] + 1, start
            end += 1
    cuts = [size]
    while cuts[-1]:
        cuts.append(begins[cuts[-1]])
    cuts.reverse()
    found: list[str] = []
    was_known = True
    for start, end in pairwise(cuts):
        is_known = low[start:end] in WORDS
        if is_known or was_known or not found:
            found.append(run[start:end])
        else:
            found[-1] += run[start:end]
        was_known = is_known
    return found
