"""Where the sentences of a text stand, as well as marks and line breaks tell. Linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A full stop behind one or two letters, or behind a number, is an abbreviation's or an ordinal's: z. B., Dr., 3. Mai.
_END = re.compile(r"(?:(?<=[^\W\d]{3})\.|(?<=[)\"”“'%])\.|[!?…]){1,8}[\"”“')\]]{0,3}(?=\s)|\n")
_BLANK = re.compile(r"\s*")


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, without the blanks around it."""
    start = 0
    for end in [*(mark.end() for mark in _END.finditer(text)), len(text)]:
        first = _BLANK.match(text, start, end)
        begin = first.end() if first else start
        last = begin + len(text[begin:end].rstrip())
        if begin < last:
            yield begin, last
        start = end
