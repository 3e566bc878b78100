"""Tools, tool choice and tool calls between this dialect and the neutral form."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import Any

import msgspec

from stellwerk.core.chat import Message
from stellwerk.core.part import ToolCall, ToolKind
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, Tool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects import json_splice
from stellwerk.dialects.anthropic_messages.cache import decode_cache, encode_cache
from stellwerk.dialects.anthropic_messages.types import DIALECT, Members, merge
from stellwerk.dialects.closed_schema import adapt
from stellwerk.dialects.fragment import best_object
from stellwerk.dialects.members import BOOLEAN, RAW, STRING, Refuse, UnreadableError, without_nulls

_OWN_KINDS = {"", "custom"}
_MODES = {"auto": ToolMode.AUTO, "any": ToolMode.REQUIRED, "none": ToolMode.NONE}
_WORDS = {mode: word for word, mode in _MODES.items()}
_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{}}')
_TYPED = (b'{"type":"object"', b'{"type": "object"')
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")
_THOUGHT = "extra_content"


def decode_tool(raw: msgspec.Raw, path: str, refuse: Refuse) -> Tool:
    """One entry of ``tools``; a tool of a type that is not known stays opaque."""
    tool = Members(raw, path, refuse)
    kind = STRING.decode(tool.peek("type")) if bytes(tool.peek("type")).startswith(b'"') else ""
    if kind in _OWN_KINDS:
        name, schema = tool.need("name", STRING), tool.need("input_schema", RAW)
        description, strict = tool.take("description", STRING), tool.take("strict", BOOLEAN)
        cache = decode_cache(tool)
        return FunctionTool(name, description, schema, strict, cache, tool.opaque())
    return OpaqueTool(DIALECT, kind, raw)


def encode_tools(tools: tuple[Tool, ...], choice: ToolChoice | None) -> list[msgspec.Raw | dict[str, Any]]:
    """``tools``. Where the choice is limited to several, these are the only ones: the dialect cannot say it apart."""
    only = {name.name for name in choice.only} if choice is not None else set()
    if choice is not None and choice.mode is ToolMode.REQUIRED and len(only) == 1:
        only = set()
    taken = (tool for tool in tools if not only or (isinstance(tool, FunctionTool) and tool.name in only))
    return [wire for tool in taken if (wire := _encode_tool(tool)) is not None]


def stub_tools(messages: Iterable[Message]) -> list[msgspec.Raw | dict[str, Any]]:
    """Tools that stand for those of another dialect's history whose request has none: Anthropic wants them named."""
    calls = (part for message in messages for part in message.parts if isinstance(part, ToolCall))
    names = dict.fromkeys(call.name for call in calls)
    return [{"name": name, "input_schema": _NO_PARAMETERS} for name in names]


def decode_choice(raw: msgspec.Raw) -> tuple[ToolChoice, bool | None]:
    """``tool_choice``, and whether calls may come in parallel. Raises ``UnreadableError`` for what is not known."""
    choice = Members(raw)
    kind = choice.need("type", STRING)
    is_single = choice.take("disable_parallel_tool_use", BOOLEAN)
    if kind == "tool":
        neutral = ToolChoice(ToolMode.REQUIRED, (ToolName(choice.need("name", STRING)),), choice.opaque())
    elif kind in _MODES:
        neutral = ToolChoice(_MODES[kind], (), choice.opaque())
    else:
        raise UnreadableError(kind)
    return neutral, None if is_single is None else not is_single


def encode_choice(
    choice: ToolChoice | None, *, is_parallel_allowed: bool | None, has_tools: bool
) -> dict[str, Any] | None:
    """``tool_choice``; ``None`` where there is nothing to say. Calls in parallel are allowed unless it says no."""
    if choice is None:
        if is_parallel_allowed is not False or not has_tools:
            return None
        choice = ToolChoice(ToolMode.AUTO)
    wire: dict[str, Any]
    if choice.mode is ToolMode.REQUIRED and len(choice.only) == 1:
        wire = {"type": "tool", "name": choice.only[0].name}
    else:
        wire = {"type": _WORDS[choice.mode]}
    if is_parallel_allowed is not None and choice.mode is not ToolMode.NONE:
        wire["disable_parallel_tool_use"] = not is_parallel_allowed
    return merge(wire, choice.opaque)


def decode_call(block: Members) -> ToolCall:
    """A ``tool_use`` block, with Gemini's thought signature where a reply of this gateway has put one."""
    identity, name, input_ = block.need("id", STRING), block.need("name", STRING), block.need("input", RAW)
    if not identity or not bytes(input_).startswith(b"{"):
        raise UnreadableError("a call has an id and an object")
    signature, cache = _take_thought(block), decode_cache(block)
    return ToolCall(identity, name, bytes(input_).decode(), signature=signature, cache=cache, opaque=block.opaque())


def encode_call(call: ToolCall, *, is_reply: bool = False) -> dict[str, Any]:
    """A ``tool_use`` block.

    ``input`` is an object whatever the model wrote: of arguments that broke off, as much as is whole. Towards a
    provider the id has the characters that it takes; towards a caller a thought signature goes along.
    """
    wire: dict[str, Any] = {
        "type": "tool_use",
        "id": call.id if is_reply else encode_id(call.id),
        "name": call.name,
        "input": encode_input(call),
    }
    if is_reply:
        wire |= encode_thought(call.signature)
    return merge(wire | encode_cache(call.cache), call.opaque)


def encode_input(call: ToolCall) -> msgspec.Raw | dict[str, Any]:
    """``input``; the free text of a custom tool is its only member."""
    return {"input": call.arguments} if call.kind is ToolKind.CUSTOM else best_object(call.arguments)


def encode_thought(signature: str | None) -> dict[str, Any]:
    """The member that carries Gemini's thought signature, as its OpenAI endpoint has it; empty without one."""
    return {} if signature is None else {_THOUGHT: {"google": {"thought_signature": signature}}}


def encode_id(identity: str) -> str:
    """The id of a call in the characters that the provider takes; two that differ stay different."""
    if _FOREIGN.search(identity) is None:
        return identity
    return f"{_FOREIGN.sub('_', identity)}_{zlib.crc32(identity.encode(errors='surrogatepass')):08x}"


def _encode_tool(tool: Tool) -> msgspec.Raw | dict[str, Any] | None:
    match tool:
        case FunctionTool():
            schema = _schema(tool.parameters)
            wire = without_nulls(
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": adapt(schema) if tool.is_strict else schema,
                    "strict": tool.is_strict,
                }
            )
            return merge(wire | encode_cache(tool.cache), tool.opaque)
        case CustomTool():
            return None
        case _:
            return tool.raw if tool.dialect == DIALECT else None


def _schema(parameters: msgspec.Raw | None) -> msgspec.Raw:
    """The schema, which must say that it is an object's; a tool without parameters takes an empty one."""
    text = b"" if parameters is None else bytes(parameters)
    if not text.startswith(b"{") or text == b"{}":
        return _NO_PARAMETERS
    if text.startswith(_TYPED) or any(member.name == "type" for member in json_splice.members(text)):
        return msgspec.Raw(text)
    return msgspec.Raw(json_splice.insert(text, "type", b'"object"'))


def _take_thought(block: Members) -> str | None:
    if _THOUGHT not in block:
        return None
    try:
        extra = Members(block.peek(_THOUGHT))
        google = extra.within("google")
        signature = google.need("thought_signature", STRING)
    except UnreadableError:
        return None
    if google.opaque() is not None or extra.opaque() is not None:
        return None
    block.take(_THOUGHT, RAW)
    return signature
