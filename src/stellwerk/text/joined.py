"""Words that were written without the spaces between them, told apart by a list of common words."""

from __future__ import annotations

from itertools import pairwise

from stellwerk.text.vocabulary import WORDS

KNOWN = 0.75
"""The share of letters that has to be of known words of two letters and more: what has less is a name, a code, or of
a language that is not known."""
FEWEST = 4
_BEGINNINGS = frozenset(word[:size] for word in WORDS for size in range(1, len(word) + 1))
_UNKNOWN = 0.9
"""What a letter of no word costs. A word costs one, so that few long words are preferred."""


def apart(letters: str) -> str | None:
    """The letters with spaces, or nothing where they are hardly words. In time in proportion to their number."""
    words = _words(letters)
    known = sum(len(word) for word in words if len(word) > 1 and word.lower() in WORDS)
    return " ".join(words) if len(words) >= FEWEST and known >= KNOWN * len(letters) else None


def _words(letters: str) -> list[str]:
    """The cheapest way to part letters into words. Letters that are of none stay together."""
    low = letters.lower()
    if len(low) != len(letters):
        return [letters]
    size = len(letters)
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
        if is_known or was_known:
            found.append(letters[start:end])
        else:
            found[-1] += letters[start:end]
        was_known = is_known
    return found
