r"""How many tokens a text has at most, as far as that can be told without a model's own tokenizer.

An estimate from above, in the units of OpenAI's ``o200k_base``; other vocabularies of today come to about as many.
Words of Latin letters take a token for every three letters begun, text in which vowels are rare (codes, keys, base64)
one for every two; digits one for every three, as that tokenizer has it; Cyrillic, Greek, Hebrew and Arabic one for
every two letters; Han, kana and Hangul three for every two characters; Indic scripts and Thai one for each; anything
else one for each byte. An eighth is added to the sum. Prose comes out at one and a half to two times what it has, and
random text a little above it; only lists of the rarest Chinese characters, which nobody writes, were seen to have more.

Text is cut as these patterns cut it, the first that fits at each place. Prose, then codes::

    ` ?[A-Z]?[a-z]{1,3}| ?[A-Z]{1,2}|[0-9]{1,3}|[symbols]{1,2}|[ \t]{1,8}|[\r\n]{1,2}|[\x00-\x7f]`
    ` ?[A-Z]?[a-z]{1,2}| ?[A-Z]{1,2}|[0-9]{1,2}|[symbols]|[ \t]{1,8}|[\r\n]{1,2}|[\x00-\x7f]`

but without a call for each piece: a window of text is one large integer with a byte for each of its own, in which a bit
stands for each class. Shifted against itself, it shows where runs of a class begin, of all classes at once.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

WINDOW = 8_192
"""So many characters are counted at once: a fraction of a millisecond in any script, and integers that fit a cache."""

_LOWER, _UPPER, _DIGIT, _SYMBOL, _BLANK, _BREAK, _SINGLE, _MARK = (1 << bit for bit in range(8))
_MARKS = {
    **dict.fromkeys(string.ascii_lowercase.encode(), _LOWER),
    **dict.fromkeys(string.ascii_uppercase.encode(), _UPPER),
    **dict.fromkeys(string.digits.encode(), _DIGIT),
    **dict.fromkeys(string.punctuation.encode(), _SYMBOL),
    **dict.fromkeys(b"\r\n", _BREAK),
    **dict.fromkeys(b"\xce\xcf\xd0\xd1", _MARK),
    ord("\t"): _BLANK,
    ord(" "): _BLANK | _MARK,
}
"""Classes of bytes. What may belong to the word behind it is marked, a space, as are Greek and Cyrillic first bytes."""
_CLASSES = bytes(_MARKS.get(byte, _SINGLE if byte < 0x80 else 0) for byte in range(256))
_ONES = int.from_bytes(b"\x01" * (4 * WINDOW))
"""A bit for each byte that a window can have."""

_VOWELS = b"aeiouAEIOU"
_RARE_VOWELS = 0.3
"""Languages in Latin letters have more of them among their letters."""

_BEYOND = b" " * 0x80 + bytes(range(0x80, 0x100))
_SCRIPTS = (
    (re.compile(r"[\u0370-\u045f\u0590-\u06ff]+"), 1),
    (re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]+"), 3),
    (re.compile(r"[\u0080-\u02ff\u0480-\u052f\u0900-\u0d7f\u0e00-\u0e7f]+"), 2),
)
"""Runs of letters in scripts whose letters take so many halves of a token."""
_REST = re.compile(
    r"[^ \u0080-\u02ff\u0370-\u045f\u0480-\u052f\u0590-\u06ff\u0900-\u0d7f\u0e00-\u0e7f"
    r"\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]+"
)


def estimate_text(text: str) -> int:
    """Tokens of a text, never fewer than it has. Linear in its length: 7 to 30 milliseconds for a megabyte."""
    return sum(map(estimate_window, windows(text)))


def windows(text: str) -> Iterable[str]:
    """The text in pieces that are counted one at a time."""
    if len(text) <= WINDOW:
        return (text,)
    return (text[at : at + WINDOW] for at in range(0, len(text), WINDOW))


def estimate_window(text: str) -> int:
    """Tokens of at most ``WINDOW`` characters."""
    data = text.encode(errors="surrogatepass")
    total = _count_ascii(data)
    if len(data) > len(text):
        total += _count_beyond(data)
    return total + (total + 7) // 8


def _count_ascii(data: bytes) -> int:
    size = len(data)
    ones = _ONES >> 8 * (4 * WINDOW - size)
    text = int.from_bytes(data.translate(_CLASSES))
    is_dense = _is_dense(data, text, ones)
    follows = text & text >> 8
    """Set where the character before is of the same class."""
    first = text ^ follows
    if is_dense:
        singles, twos, threes = _SINGLE | _SYMBOL, _LOWER | _UPPER | _DIGIT | _BREAK, 0
    else:
        singles, twos, threes = _SINGLE, _UPPER | _SYMBOL | _BREAK, _LOWER | _DIGIT
    begun = text & ones * singles
    begun |= _cut(first & ones * twos, follows, 2)
    begun |= _cut(first & ones * threes, follows & follows >> 8, 3)
    blank = follows & ones * _BLANK
    eights = blank & blank >> 8
    eights &= eights >> 16
    begun |= _cut(first & ones * _BLANK, eights & eights >> 24, 8)
    return begun.bit_count() - _absorbed(text, begun, ones).bit_count()


def _cut(begun: int, reach: int, size: int) -> int:
    """Where pieces of ``size`` begin in runs that begin at ``begun``.

    ``reach`` is set where a run goes back for as many bytes as a piece has. Doubled, it takes few rounds for any run.
    """
    while more := begun >> 8 * size & reach:
        begun |= more
        reach &= reach >> 8 * size
        size *= 2
    return begun


def _absorbed(text: int, begun: int, ones: int) -> int:
    """Pieces that belong to the one behind them: a capital before small letters, and a space before any letter."""
    lower, upper = text & ones * _LOWER, text & ones * _UPPER
    blank, mark = text & ones * _BLANK, text & ones * _MARK
    space = blank & mark >> 3
    pair = mark >> 3 ^ space
    return begun & (lower << 9 | space & (lower << 12 | upper << 11 | pair << 8))


def _is_dense(data: bytes, text: int, ones: int) -> bool:
    """Whether it is rather a code than words: few vowels among its letters, or more signs than letters."""
    letters = (text & ones * (_LOWER | _UPPER)).bit_count()
    vowels = len(data) - len(data.translate(None, _VOWELS))
    symbols = (text & ones * _SYMBOL).bit_count()
    return vowels < _RARE_VOWELS * letters or symbols > max(letters, len(data) // 2)


def _count_beyond(data: bytes) -> int:
    """What is not ASCII. Runs of it come together, which most text has few of."""
    beyond = b" ".join(data.translate(_BEYOND).split()).decode(errors="surrogatepass")
    total, left = 0, len(beyond) - beyond.count(" ")
    for script, halves in _SCRIPTS:
        sizes = list(map(len, script.findall(beyond)))
        total += sum([(size * halves + 1) // 2 for size in sizes])
        left -= sum(sizes)
        if not left:
            return total
    return total + len("".join(_REST.findall(beyond)).encode(errors="surrogatepass"))
