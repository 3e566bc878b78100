"""Where the sentences of a text stand, as well as marks and line breaks tell. Linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?…]{1,8}+[\"”“')\]]{0,3}+(?=\s)|\n")
_ABBREVIATED = re.compile(r"(?<![^\W\d])[^\W\d]{1,2}\Z|\d\Z")
"""In front of a single full stop: one or two letters, or a number, as in z. B., Dr., 3. Mai."""


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, without the blanks around it."""
    start = 0
    for mark in _END.finditer(text):
        if mark.group() == "." and _ABBREVIATED.search(text, max(start, mark.start() - 3), mark.start()):
            continue
        yield from _bare(text, start, mark.end())
        start = mark.end()
    yield from _bare(text, start, len(text))


def _bare(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    sentence = text[start:end]
    if bare := sentence.strip():
        begin = start + len(sentence) - len(sentence.lstrip())
        yield begin, begin + len(bare)
