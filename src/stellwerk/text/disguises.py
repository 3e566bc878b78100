"""The disguises in which attacks are sent past checks, so that it can be measured which of them a check sees through.

What is put before a code only names it, so that harmless texts stay harmless in disguise. The same text and seed always
give the same disguise. Most can be undone without loss, and ``stellwerk.text.reading``
undoes them.
"""

from __future__ import annotations

import base64
import codecs
import re
import zlib
from collections.abc import Callable, Iterator

import msgspec

_CYRILLIC = str.maketrans("aeopcxyijsAEOPCXHKMTB", "аеорсхуіјѕАЕОРСХНКМТВ")  # noqa: RUF001 - look-alikes are the point
_GREEK = str.maketrans("aoivtkuABEZHIKMNOPTYX", "αοιντκυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_FULLWIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_MATH_BOLD = {code: 0x1D400 + code - 65 for code in range(65, 91)} | {
    code: 0x1D41A + code - 97 for code in range(97, 123)
}
_CIRCLED = {code: 0x24B6 + code - 65 for code in range(65, 91)} | {code: 0x24D0 + code - 97 for code in range(97, 123)}
_TAGS = {code: 0xE0000 + code for code in range(0x20, 0x7F)}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
_MARKS = "\u0335\u0336\u0337\u0323\u0331\u0301"
_WORD = re.compile(r"\w+")
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")


class Disguise(msgspec.Struct, frozen=True):
    """A way to write a text so that a filter does not see what a model still reads."""

    name: str
    apply: Callable[[str, int], str]
    is_exact: bool = True
    """Whether a reading of what it makes of plain English words holds them again, letter for letter."""

    def __call__(self, text: str, seed: int = 0) -> str:
        """The text in this disguise."""
        return self.apply(text, seed)


def draws(text: str, seed: int) -> Iterator[float]:
    """Numbers from 0 to below 1 that depend on text and seed alone."""
    state = zlib.crc32(text.encode("utf-8", "surrogatepass"), seed & 0xFFFFFFFF) or 1
    while True:
        state ^= (state << 13) & 0xFFFFFFFF  # Marsaglia's xorshift: 2^32 - 1 steps before it repeats
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        yield state / 2**32


def _between(text: str, seed: int, marks: str) -> str:
    """One of the marks behind every letter, drawn for the whole text."""
    mark = marks[int(next(draws(text, seed)) * len(marks))]
    return mark.join(text)


def _mixed_homoglyphs(text: str, seed: int) -> str:
    return "".join(
        letter.translate(_CYRILLIC) if draw < 0.3 else letter  # three letters in ten
        for letter, draw in zip(text, draws(text, seed), strict=False)
    )


def _combining(text: str, seed: int) -> str:
    return "".join(
        letter + _MARKS[int(draw * len(_MARKS))] if letter.isalpha() else letter
        for letter, draw in zip(text, draws(text, seed), strict=False)
    )


def _typos(text: str, seed: int) -> str:
    """In one long word of three, two letters inside change places."""
    draw = draws(text, seed)

    def typed(word: re.Match[str]) -> str:
        letters = word.group()
        if next(draw) >= 1 / 3:
            return letters
        at = 1 + int(next(draw) * (len(letters) - 3))
        return letters[:at] + letters[at + 1] + letters[at] + letters[at + 2 :]

    return _LONG_WORD.sub(typed, text)


def _dropped(text: str, seed: int) -> str:
    """One long word of three loses a letter inside."""
    draw = draws(text, seed)

    def typed(word: re.Match[str]) -> str:
        letters = word.group()
        at = 1 + int(next(draw) * (len(letters) - 2))
        return letters[:at] + letters[at + 1 :] if next(draw) < 1 / 3 else letters

    return _LONG_WORD.sub(typed, text)


def _random_case(text: str, seed: int) -> str:
    return "".join(
        letter.swapcase() if draw < 0.5 else letter for letter, draw in zip(text, draws(text, seed), strict=False)
    )


def _alternating(text: str, _: int) -> str:
    return "".join(letter.upper() if place % 2 else letter.lower() for place, letter in enumerate(text))


def _pieces(text: str, _: int) -> str:
    """The text in pieces that are to be put together: a payload in several variables."""
    size = max(len(text) // 4, 1)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    names = [f"{chr(97 + number % 26)}{number // 26 or ''}" for number in range(len(pieces))]
    told = "; ".join(f'{name} = "{piece}"' for name, piece in zip(names, pieces, strict=True))
    return f"{told}; {' + '.join(names)}"


def _spaced(text: str, gap: str) -> str:
    """Letters stand apart, words further apart."""
    return (gap * 2 if gap == " " else f"{gap} ").join(gap.join(word) for word in text.split(" "))


def _escaped(text: str, form: str) -> str:
    return "".join(form.format(unit) for unit in _utf16(text))


def _utf16(text: str) -> Iterator[int]:
    code = text.encode("utf-16-be", "surrogatepass")
    return (code[at] << 8 | code[at + 1] for at in range(0, len(code), 2))


def _bytes(text: str, form: str) -> str:
    return "".join(form.format(byte) for byte in text.encode("utf-8", "surrogatepass"))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def _table() -> Iterator[Disguise]:
    yield Disguise("cyrillic", lambda text, _: text.translate(_CYRILLIC))
    yield Disguise("cyrillic_mixed", _mixed_homoglyphs)
    yield Disguise("greek", lambda text, _: text.translate(_GREEK))
    yield Disguise("zero_width", lambda text, seed: _between(text, seed, _ZERO_WIDTH))
    yield Disguise("soft_hyphen", lambda text, _: "\u00ad".join(text))
    yield Disguise("fullwidth", lambda text, _: text.translate(_FULLWIDTH))
    yield Disguise("math_bold", lambda text, _: text.translate(_MATH_BOLD))
    yield Disguise("circled", lambda text, _: text.translate(_CIRCLED))
    yield Disguise("tag_characters", lambda text, _: f"Good day. {text.translate(_TAGS)}")
    yield Disguise("variation_selectors", lambda text, _: "\ufe0f".join(text))
    yield Disguise("combining_marks", _combining)
    yield Disguise("direction", lambda text, _: f"\u202e{text[::-1]}\u202c (reversed)")
    yield Disguise("base64", lambda text, _: f"base64: {_base64(text)}")
    yield Disguise("base64_twice", lambda text, _: f"twice: {_base64(_base64(text))}")
    yield Disguise("hex", lambda text, _: f"hex: {_bytes(text, '{:02x}')}")
    yield Disguise("hex_spaced", lambda text, _: f"hex: {_bytes(text, '{:02x} ').strip()}")
    yield Disguise("rot13", lambda text, _: f"rot13: {codecs.encode(text, 'rot13')}")
    yield Disguise("reversed", lambda text, _: f"reversed: {text[::-1]}")
    yield Disguise("html_entities", lambda text, _: "".join(f"&#{ord(letter)};" for letter in text))
    yield Disguise("html_hex", lambda text, _: "".join(f"&#x{ord(letter):x};" for letter in text))
    yield Disguise("url_encoding", lambda text, _: _bytes(text, "%{:02X}"))
    yield Disguise("unicode_escapes", lambda text, _: _escaped(text, "\\u{:04x}"))
    yield Disguise("hex_escapes", lambda text, _: _escaped(text, "\\x{:02x}"))
    yield Disguise("spaced", lambda text, _: _spaced(text, " "))
    yield Disguise("dotted", lambda text, _: _spaced(text, "."))
    yield Disguise("hyphenated", lambda text, _: _spaced(text, "-"))
    yield Disguise("leet", lambda text, _: text.translate(_LEET), is_exact=False)
    yield Disguise("typos", _typos, is_exact=False)
    yield Disguise("dropped_letters", _dropped, is_exact=False)
    yield Disguise("upper_case", lambda text, _: text.upper(), is_exact=False)
    yield Disguise("alternating_case", _alternating, is_exact=False)
    yield Disguise("random_case", _random_case, is_exact=False)
    yield Disguise("line_breaks", lambda text, _: "\n".join(text.split(" ")), is_exact=False)
    yield Disguise("commas", lambda text, _: ", ".join(text.split(" ")), is_exact=False)
    yield Disguise("no_spaces", lambda text, _: text.replace(" ", ""), is_exact=False)
    yield Disguise("bold_words", lambda text, _: _WORD.sub(r"**\g<0>**", text))
    yield Disguise("without_umlauts", lambda text, _: text.translate(_UMLAUTS), is_exact=False)
    yield Disguise("pieces", _pieces)


DISGUISES = {each.name: each for each in _table()}
"""All of them by name, in the order in which they are told."""
