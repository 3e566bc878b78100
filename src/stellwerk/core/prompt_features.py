"""What a prompt looks like to a learned route: words, pairs of words and rough counts, each as a hash of 32 bits.

A text has a feature or does not. No text stands in what is kept of them, though a guessed word can be recognised.
"""

from __future__ import annotations

import re
from itertools import islice
from zlib import crc32

HEAD_CHARACTERS = 3_072
TAIL_CHARACTERS = 1_024
"""Of a long text the beginning and the end are looked at, so that the time it takes is bounded."""

_WORD = re.compile(rb"[a-z\xc2-\xdf\x80-\xbf]+|[0-9]+|[\xe0-\xf4][\x80-\xbf]+?(?![\x80-\xbf])|[!-/:-@\[-`{-~]")
"""A word of letters, a number, a sign, or one character of a script that is written without spaces between words."""
_COUNTED = ((b"\n", b"lines"), (b"?", b"questions"), (b"=", b"equations"), (b"_", b"blanks"), (b'"', b"quotes"))
_DIGITS = b"0123456789"
_CAPITALS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def features(text: str) -> list[int]:
    """The features of a text, each once, in no order. Linear in the text, up to a bound."""
    if len(text) > HEAD_CHARACTERS + TAIL_CHARACTERS:
        text = f"{text[:HEAD_CHARACTERS]} {text[-TAIL_CHARACTERS:]}"
    data = text.encode(errors="replace")
    words = _WORD.findall(text.lower().encode(errors="replace"))
    singles = list(map(crc32, words))
    return [*{*singles, *map(crc32, islice(words, 1, None), singles), *_counts(data, len(words))}]


def _counts(data: bytes, words: int) -> list[int]:
    """How large some counts are, as powers of two: a feature for each count and power."""
    counts = [
        (b"bytes", len(data)),
        (b"words", words),
        (b"digits", len(data) - len(data.translate(None, _DIGITS))),
        (b"capitals", len(data) - len(data.translate(None, _CAPITALS))),
        *((name, data.count(sign)) for sign, name in _COUNTED),
    ]
    return [crc32(b"\0%b %d" % (name, count.bit_length())) for name, count in counts]
