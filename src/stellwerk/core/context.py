"""How much of a model's context a request takes: bounds of its tokens, and whether a model has that much room.

The lower bound holds for every vocabulary of today, not for one tokenizer: no token reaches over the blank between two
words, none is longer than 128 bytes, and none holds more than eleven Han or Hangul characters (counted in o200k_base,
cl100k_base and Llama 3's, where sixteen leave room). So prose has at least a token a word. Only text counts that
reaches the model as it stands: not media, tools, calls, or thinking, which providers drop from earlier turns.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.chat import ChatRequest
from stellwerk.core.part import Document, Part, SearchResult, Text, TextSource, ToolResult
from stellwerk.core.tokens import MEDIA_TOKENS, TOOLS_TOKENS, estimate

LONGEST_TOKEN_BYTES = 128
LONGEST_TOKEN_CHARACTERS = 16
"""Of scripts that are written without blanks between words."""

_TOKENS_PER_BYTE = 2
_LEAST_MEDIA_BYTES = 25
"""A picture's part of a request in the most laconic dialect."""
_SHORTENING = ("context_management", "transforms", "truncation")
"""Members of requests by which a caller allows its provider to shorten the prompt."""
_NOT_SHORTENING = frozenset({b"null", b"[]", b"{}", b'"disabled"'})

_BLANKS = b" \t\n\r\v\f"
_NEUTRAL = bytes(byte for byte in range(0x80) if not chr(byte).isalnum() and byte not in _BLANKS)
_CONTINUATIONS = bytes(range(0x80, 0xC0))
_WITH_BLANKS = b"\xc2\xe1\xe2\xe3"
"""First bytes of characters some of which are blanks."""
_WIDE = bytes(range(0xE4, 0xEE))
"""First bytes of Han and Hangul characters."""
_NO_WORD = _NEUTRAL + _CONTINUATIONS + _WITH_BLANKS
_WORDS = bytes(0x20 if byte in _BLANKS else 0x61 for byte in range(256))
_NOT_WIDE = bytes(byte for byte in range(256) if byte not in _WIDE)


class Bounds(msgspec.Struct, frozen=True, gc=False):
    """Tokens of a prompt: certainly at least so many, most likely at most so many; and the caller's output cap."""

    lower: int
    upper: int
    output_cap: int | None = None


class Fit(enum.Enum):
    """Whether a request has room in a model's context."""

    FITS = "fits"
    MAY_NOT_FIT = "may not fit"
    DOES_NOT_FIT = "does not fit"


def bounds_of(request: ChatRequest) -> Bounds:
    """The bounds of a whole request."""
    return Bounds(least_of(request), estimate(request), request.output_cap)


def least_of(request: ChatRequest) -> int:
    """The lower bound alone; nothing where the caller allows its provider to shorten the prompt."""
    return 0 if _is_shortened(request) else sum(_least(message.parts) for message in request.messages)


def fits(card: ModelCard | None, lower_tokens: int, upper_tokens: int, output_cap: int | None) -> Fit:
    """Whether a prompt of so many tokens has room in a model, beside an answer of up to ``output_cap``.

    Only a prompt that is certainly longer than the window is out. A cap is a wish, which some providers cut down and
    others refuse: one beyond what the model can say, or what the window leaves, makes it doubtful and no more.
    """
    if card is None:
        return Fit.FITS
    cap = output_cap or 0
    if 0 < card.context_window < lower_tokens:
        return Fit.DOES_NOT_FIT
    if 0 < card.context_window < upper_tokens + cap or 0 < card.max_output < cap:
        return Fit.MAY_NOT_FIT
    return Fit.FITS


def least_tokens(text: str) -> int:
    """How many tokens a text has at least. One millisecond for a megabyte."""
    data = text.encode(errors="replace")
    words = (b" " + data.translate(_WORDS, _NO_WORD)).count(b" a")
    wide = 0 if text.isascii() else len(data.translate(None, _NOT_WIDE))
    return max(words, -(-len(data) // LONGEST_TOKEN_BYTES), -(-wide // LONGEST_TOKEN_CHARACTERS))


def most_tokens(size: int, *, has_media: bool) -> int:
    """What ``estimate`` does not exceed for a body of so many bytes, unless that is nothing but empty tools.

    Far too many, and told without reading the body: enough to see that most requests have room everywhere.
    """
    rate = MEDIA_TOKENS / _LEAST_MEDIA_BYTES if has_media else _TOKENS_PER_BYTE
    return int(size * rate) + 2 * TOOLS_TOKENS


def _is_shortened(request: ChatRequest) -> bool:
    members = request.opaque.members if request.opaque is not None else {}
    said = (members.get(name) for name in _SHORTENING)
    return any(value is not None and not _says_nothing(value) for value in said)


def _says_nothing(value: object) -> bool:
    return isinstance(value, msgspec.Raw) and bytes(value) in _NOT_SHORTENING


def _least(parts: Iterable[Part]) -> int:
    """Of neighbouring texts the words at the seam may become one: each text but the first may have one token less."""
    return sum(map(_least_of_part, parts))


def _least_of_part(part: Part) -> int:
    match part:
        case Text(text=text) | Document(source=TextSource(text=text)):
            return max(least_tokens(text) - 1, 0)
        case SearchResult(texts=inner) | ToolResult(parts=inner):
            return _least(inner)
        case _:
            return 0
