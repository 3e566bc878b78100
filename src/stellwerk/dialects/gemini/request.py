"""A whole request between this dialect and the neutral form; its thin reading is in ``envelope``."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.tool import ToolChoice
from stellwerk.dialects.gemini.contents import decode_contents, encode_contents, encode_parts
from stellwerk.dialects.gemini.envelope import GeminiEnvelope, read_envelope, rewrite
from stellwerk.dialects.gemini.generation import decode_generation, encode_generation
from stellwerk.dialects.gemini.parts import read_part
from stellwerk.dialects.gemini.tools import decode_choice, decode_tools, encode_choice, encode_tools
from stellwerk.dialects.gemini.types import Members, merge, take_raws
from stellwerk.dialects.members import RAW, RAWS, STRING, UnreadableError, refuse_request, without_nulls
from stellwerk.dialects.whole_reading import read_request

__all__ = ["GeminiEnvelope", "decode", "encode", "read_envelope", "rewrite"]

_LABELS = msgspec.json.Decoder(dict[str, str])
_STANDING = (Role.SYSTEM, Role.DEVELOPER)


def decode(body: bytes, *, model: str, is_stream: bool) -> ChatRequest:
    """Reads a request whole; model and streaming stand in the path. Raises ``InvalidRequest`` with what is wrong.

    Scalars of a wrong type are refused; parts, tools and formats of a shape that is not known stay opaque.
    """
    return read_request(body, lambda: decode_members(Members(body, refuse=refuse_request), model, is_stream=is_stream))


def decode_members(body: Members, model: str, *, is_stream: bool) -> ChatRequest:
    """The request that stands in an object; ``decode`` for one that is already taken apart."""
    body.take("model", STRING)
    contents = body.need("contents", RAWS)
    messages = (*_system(body), *decode_contents(contents, refuse_request))
    tools = decode_tools(take_raws(body, "tools"), refuse_request)
    choice, tool_rest = _tool_choice(body)
    fields: dict[str, Any] = {}
    rest = None
    if body.peek("generationConfig") != _NULL:
        fields, rest = decode_generation(body.within("generationConfig"))
    body.take("generationConfig", RAW)
    labels = body.take("labels", _LABELS)
    opaque = body.opaque(generationConfig=rest, toolConfig=tool_rest)
    return ChatRequest(
        model=model,
        messages=messages,
        tools=tools,
        tool_choice=choice,
        metadata=labels,
        is_stream=is_stream,
        wants_usage=is_stream,
        opaque=opaque,
        **fields,
    )


def encode(request: ChatRequest) -> bytes:
    """The body that asks a host of this dialect; model and streaming belong into the path.

    Leading system messages become the instruction, later ones speak as the user. What only other dialects can say is
    left out. Raises ``InvalidRequest`` where tool results or schemas cannot be written.
    """
    standing = 0
    while standing < len(request.messages) and request.messages[standing].role in _STANDING:
        standing += 1
    choice = request.tool_choice
    wire: dict[str, Any] = {
        "systemInstruction": _encode_system(request.messages[:standing]),
        "contents": encode_contents(request.messages[standing:], request.model),
        "tools": encode_tools(request.tools, request.model) or None,
        "toolConfig": None if choice is None else {"functionCallingConfig": encode_choice(choice)},
        "generationConfig": encode_generation(request) or None,
        "labels": request.metadata,
    }
    return msgspec.json.encode(merge(without_nulls(wire), request.opaque))


_NULL = msgspec.Raw(b"null")


def _system(body: Members) -> tuple[Message, ...]:
    if body.peek("systemInstruction") == _NULL:
        body.take("systemInstruction", RAW)
        return ()
    content = body.within("systemInstruction")
    path, raws = content.path("parts"), take_raws(content, "parts")
    parts = tuple(read_part(Members(raw, f"{path}[{index}]", refuse_request), raw) for index, raw in enumerate(raws))
    return (Message(Role.SYSTEM, parts, opaque=content.opaque()),)


def _encode_system(messages: tuple[Message, ...]) -> dict[str, Any] | None:
    wire: dict[str, Any] = {"parts": [part for message in messages for part in encode_parts(message.parts)]}
    for message in messages:
        merge(wire, message.opaque)
    return wire if wire["parts"] else None


def _tool_choice(body: Members) -> tuple[ToolChoice | None, Opaque | None]:
    """How freely tools may be chosen, and what else ``toolConfig`` says; a mode that is not known stays there."""
    if body.peek("toolConfig") == _NULL:
        body.take("toolConfig", RAW)
        return None, None
    config = body.within("toolConfig")
    raw = config.peek("functionCallingConfig")
    choice = None
    if raw != _NULL:
        try:
            choice = decode_choice(raw)
        except UnreadableError:
            return None, config.opaque()
    config.take("functionCallingConfig", RAW)
    return choice, config.opaque()
