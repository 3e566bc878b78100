"""How many tokens a request is at most: trivially, by its bytes, or by an estimate of its texts (``text_tokens``).

Media have no text to be measured: each has a flat count, that of a picture in the highest usual resolution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat
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

BYTES_PER_TOKEN = 4
_FIRST_OF_TWO = bytes(range(0xC2, 0xE0))

_Term: TypeAlias = int | str
"""Tokens, or a window of text to be estimated."""
_TERM_CHARACTERS = 64
"""So much text takes as long as coming to a term."""


def bound_body(body: bytes) -> int:
    """Tokens of a JSON body, never fewer than it has, from its bytes alone: to be asked before ``estimate`` is.

    A token is at least a byte of text, JSON writes no text shorter than it is, and what frames a message or a tool is
    shorter than the members that say it. More than its bytes are only the instructions that come with tools, and media:
    at most one for each object, which is where this is far too high. Not in it is what a request names and a provider
    keeps: earlier turns (``previous_response_id``, ``conversation``), prompts and caches.
    """
    return len(body) + TOOLS_TOKENS + MEDIA_TOKENS * body.count(b"{")


def likely(request: ChatRequest) -> int:
    """Tokens that a request most likely has: what is taken for used where a provider was asked and never said."""
    return sum(term if isinstance(term, int) else likely_in(term) for term in _terms(request))


def likely_in(text: str) -> int:
    """Tokens that a text most likely has: one for four letters of an alphabet, three for four of Han or Hangul."""
    return -(-weight(text) // BYTES_PER_TOKEN)


def weight(text: str) -> int:
    """Bytes of a text in UTF-8, letters of two bytes counted once."""
    return len(text) if text.isascii() else len(text.encode(errors="replace").translate(None, _FIRST_OF_TWO))


def likely_in_events(events: int, size: int, frame: int) -> int:
    """Tokens that events of a stream most likely carry: at least one each.

    ``size`` are their bytes, ``frame`` those of each that are no text; 0 where that is not known.
    """
    return max(events, -(-(size - events * frame) // BYTES_PER_TOKEN) if frame else 0)


def estimate(request: ChatRequest) -> int:
    """Tokens of a whole request, never fewer than a provider would count for text."""
    return sum(estimate_in_steps(request))


def estimate_in_steps(request: ChatRequest) -> Iterator[int]:
    """The same as a sum, of which each term is less than a millisecond's work: for who has others to serve between."""
    from stellwerk.core.text_tokens import WINDOW, estimate_window  # most workers never count

    total = worked = 0
    for term in _terms(request):
        size = len(term) if isinstance(term, str) else 0
        if worked + size > WINDOW:
            yield total
            total = worked = 0
        worked += size + _TERM_CHARACTERS
        total += estimate_window(term) if isinstance(term, str) else term
    yield total


def _terms(request: ChatRequest) -> Iterator[_Term]:
    yield MESSAGE_TOKENS
    for message in request.messages:
        yield MESSAGE_TOKENS
        yield from _texts(message.name)
        yield from _parts(message.parts)
    if request.tools:
        yield TOOLS_TOKENS
        for tool in request.tools:
            yield from _tool(tool)
    if isinstance(request.output_format, JsonSchemaFormat):
        yield from _raw(request.output_format.schema)


def _parts(parts: Iterable[Part]) -> Iterator[_Term]:
    for part in parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[_Term]:
    match part:
        case Text() | Refusal() | Thinking():
            yield from _texts(part.text)
        case Document(source=source):
            yield from _texts(source.text) if isinstance(source, TextSource) else (MEDIA_TOKENS,)
            yield from _texts(part.name, part.context)
        case Audio(source=None):
            yield from _texts(part.transcript)
        case Image() | Audio() | Video():
            yield MEDIA_TOKENS
        case SearchResult():
            yield MESSAGE_TOKENS
            yield from _texts(part.source, part.title)
            yield from _parts(part.texts)
        case ToolCall():
            yield MESSAGE_TOKENS
            yield from _texts(part.name, part.arguments)
        case ToolResult():
            yield MESSAGE_TOKENS
            yield from _texts(part.name)
            yield from _parts(part.parts)
        case RedactedThinking():
            yield from _texts(part.data)
        case _:
            yield from _raw(part.raw)


def _tool(tool: Tool) -> Iterator[_Term]:
    yield TOOL_TOKENS
    match tool:
        case OpaqueTool():
            yield from _raw(tool.raw)
        case CustomTool():
            yield from _texts(tool.name, tool.description)
            yield from _raw(tool.format)
        case _:
            yield from _texts(tool.name, tool.description)
            yield from _raw(tool.parameters)


def _texts(*texts: str | None) -> Iterator[_Term]:
    from stellwerk.core.text_tokens import windows

    for text in texts:
        if text:
            yield from windows(text)


def _raw(raw: msgspec.Raw | None) -> Iterator[_Term]:
    return _texts(None if raw is None else bytes(raw).decode(errors="replace"))
