"""How many tokens a request has at most, as far as that can be told without a model's own tokenizer.

An estimate from above, in the units of OpenAI's ``o200k_base``; other vocabularies of today come to about as many.
Words of Latin letters take a token for every three letters begun, text in which vowels are rare (codes, keys, base64)
one for every two; digits one for every three, as that tokenizer has it; Cyrillic, Greek, Hebrew and Arabic one for
every two letters; Han, kana and Hangul three for every two characters; Indic scripts and Thai one for each; anything
else one for each byte. An eighth is added to the sum. Prose comes out at one and a half to two times what it has, and
random text a little above it; only lists of the rarest Chinese characters, which nobody writes, were seen to have more.

Media have no text to be measured: each has a flat count, that of a picture in the highest usual resolution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Message
from stellwerk.core.part import (
    Audio,
    Document,
    Image,
    Part,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)
from stellwerk.core.tool import CustomTool, OpaqueTool, Tool

MEDIA_TOKENS = 1_600
"""A picture, a sound, a video or a file, whatever its size."""
MESSAGE_TOKENS = 8
"""What frames a message, a call or a result."""
TOOL_TOKENS = 16
"""What frames the description of a tool."""
TOOLS_TOKENS = 350
"""The instructions that providers put before the first tool."""

_BLANKS = r"|[ \t]{1,8}|[\r\n]{1,2}"
_BEYOND = (
    r"|[\x00-\x7f]"
    r"| ?[\u0370-\u045f]{1,2}"
    r"| ?[\u0590-\u06ff]{1,2}"
    r"|[\u0080-\u02ff\u0460-\u052f\u0900-\u0d7f\u0e00-\u0e7f]"
)
_PROSE = re.compile(r" ?[A-Z]?[a-z]{1,3}| ?[A-Z]{1,2}|[0-9]{1,3}|[!-/:-@\[-`{-~]{1,2}" + _BLANKS + _BEYOND)
_DENSE = re.compile(r" ?[A-Z]?[a-z]{1,2}| ?[A-Z]{1,2}|[0-9]{1,2}" + _BLANKS + _BEYOND)
_REST = re.compile(r"[^\x00-\u02ff\u0370-\u052f\u0590-\u06ff\u0900-\u0d7f\u0e00-\u0e7f]+")
_EAST_ASIAN = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]")

_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VOWELS = b"aeiouAEIOU"
_SYMBOLS = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_RARE_VOWELS = 0.3
"""Languages in Latin letters have more of them among their letters."""
_WINDOW = 65_536


def roughly(size: int) -> int:
    """Tokens of a body of so many bytes, for comparing prices: neither a bound nor a count."""
    return size // 4 + 1


def estimate(request: ChatRequest) -> int:
    """Tokens of a whole request, never fewer than a provider would count for text."""
    total = MESSAGE_TOKENS + sum(_message(message) for message in request.messages)
    if request.tools:
        total += TOOLS_TOKENS + sum(map(_tool, request.tools))
    if isinstance(request.output_format, JsonSchemaFormat) and request.output_format.schema is not None:
        total += _raw(request.output_format.schema)
    return total


def estimate_text(text: str) -> int:
    """Tokens of a text, never fewer than it has. Linear in its length."""
    if len(text) <= _WINDOW:
        return _window(text)
    return sum(_window(text[at : at + _WINDOW]) for at in range(0, len(text), _WINDOW))


def _window(text: str) -> int:
    pieces = _DENSE if _is_dense(text.encode(errors="replace")) else _PROSE
    total = len(pieces.findall(text))
    if not text.isascii():
        for run in _REST.findall(text):
            is_east_asian = len(_EAST_ASIAN.findall(run))
            rest = _EAST_ASIAN.sub("", run) if is_east_asian else run
            total += (is_east_asian * 3 + 1) // 2 + len(rest.encode(errors="surrogatepass"))
    return total + (total + 7) // 8


def _is_dense(data: bytes) -> bool:
    """Whether it is rather a code than words: few vowels among its letters, or more signs than letters."""
    size = len(data)
    letters = size - len(data.translate(None, _LETTERS))
    vowels = size - len(data.translate(None, _VOWELS))
    symbols = size - len(data.translate(None, _SYMBOLS))
    return vowels < _RARE_VOWELS * letters or symbols > max(letters, size // 2)


def _message(message: Message) -> int:
    return MESSAGE_TOKENS + estimate_text(message.name or "") + _parts(message.parts)


def _parts(parts: Iterable[Part]) -> int:
    return sum(map(_part, parts))


def _part(part: Part) -> int:
    match part:
        case Text() | Refusal() | Thinking():
            return estimate_text(part.text)
        case Document(source=TextSource(text=text)):
            return estimate_text(text) + _texts(part.name, part.context)
        case Document():
            return MEDIA_TOKENS + _texts(part.name, part.context)
        case Audio(source=None):
            return _texts(part.transcript)
        case Image() | Audio() | Video():
            return MEDIA_TOKENS
        case SearchResult():
            return MESSAGE_TOKENS + _texts(part.source, part.title) + _parts(part.texts)
        case ToolCall():
            return MESSAGE_TOKENS + _texts(part.name, part.arguments)
        case ToolResult():
            return MESSAGE_TOKENS + _texts(part.name) + _parts(part.parts)
        case RedactedThinking():
            return _texts(part.data)
        case _:
            return _raw(part.raw)


def _tool(tool: Tool) -> int:
    match tool:
        case OpaqueTool():
            return TOOL_TOKENS + _raw(tool.raw)
        case CustomTool():
            return TOOL_TOKENS + _texts(tool.name, tool.description) + _raw(tool.format)
        case _:
            return TOOL_TOKENS + _texts(tool.name, tool.description) + _raw(tool.parameters)


def _texts(*texts: str | None) -> int:
    return sum(estimate_text(text) for text in texts if text)


def _raw(raw: msgspec.Raw | None) -> int:
    return 0 if raw is None else estimate_text(bytes(raw).decode(errors="replace"))
