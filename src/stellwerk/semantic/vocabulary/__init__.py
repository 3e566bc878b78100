"""What the rules have to know of English and of German, as plain sets of words."""

from __future__ import annotations


def words(written: str) -> frozenset[str]:
    """Words set apart by spaces."""
    return frozenset(written.split())


def numbered(written: str, first: int = 1) -> dict[str, int]:
    """Words in their order, and the number of each."""
    return {word: number for number, word in enumerate(written.split(), first)}
