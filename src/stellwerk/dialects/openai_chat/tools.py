"""Tools, tool choice and tool calls between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import ToolCall, ToolKind
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, Tool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.members import (
    BOOLEAN,
    RAW,
    RAWS,
    STRING,
    Refuse,
    UnreadableError,
    without_nulls,
)
from stellwerk.dialects.openai_chat.cache import decode_cache, encode_cache
from stellwerk.dialects.openai_chat.types import DIALECT, Members, merge
from stellwerk.dialects.thought_signature import decode_signature, encode_signature

_MODES = {mode.value: mode for mode in ToolMode}


def decode_tool(raw: msgspec.Raw, path: str, refuse: Refuse) -> Tool:
    """One entry of ``tools``; a tool of a type that is not known stays opaque."""
    kind = Members(raw, path, refuse).need("type", STRING)
    try:
        if kind == "function":
            return _function_tool(Members(raw))
        if kind == "custom":
            return _custom_tool(Members(raw))
    except UnreadableError:
        pass
    return OpaqueTool(DIALECT, kind, raw)


def encode_tool(tool: Tool) -> msgspec.Raw | dict[str, Any] | None:
    """The entry of ``tools``; ``None`` for a tool that only another dialect has."""
    match tool:
        case FunctionTool():
            function = {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": tool.is_strict,
            }
            wire: dict[str, Any] = {"type": "function", "function": without_nulls(function)}
            return merge(wire | encode_cache(tool.cache), tool.opaque)
        case CustomTool():
            custom = {"name": tool.name, "description": tool.description, "format": tool.format}
            return merge({"type": "custom", "custom": without_nulls(custom)}, tool.opaque)
        case _:
            return tool.raw if tool.dialect == DIALECT else None


def decode_choice(raw: msgspec.Raw) -> ToolChoice:
    """``tool_choice``: a word, a named tool or a list of allowed ones. Raises ``UnreadableError`` for anything else."""
    if bytes(raw).startswith(b'"'):
        word = STRING.decode(raw)
        if word not in _MODES:
            raise UnreadableError(word)
        return ToolChoice(_MODES[word])
    choice = Members(raw)
    kind = choice.need("type", STRING)
    if kind == "allowed_tools":
        allowed = choice.within("allowed_tools")
        mode = allowed.need("mode", STRING)
        only = tuple(_decode_name(name) for name in allowed.need("tools", RAWS))
        if mode not in {"auto", "required"} or not only:
            raise UnreadableError(mode)
        return ToolChoice(_MODES[mode], only, choice.opaque(allowed_tools=allowed.opaque()))
    name, opaque = _named(choice, kind)
    return ToolChoice(ToolMode.REQUIRED, (name,), opaque)


def encode_choice(choice: ToolChoice) -> str | dict[str, Any]:
    """``tool_choice``."""
    if not choice.only:
        return choice.mode.value
    if choice.mode is ToolMode.REQUIRED and len(choice.only) == 1:
        return merge(_encode_name(choice.only[0]), choice.opaque)
    # "none" of some tools leaves nothing to allow.
    if choice.mode is ToolMode.NONE:
        return "none"
    allowed = {"mode": choice.mode.value, "tools": [_encode_name(name) for name in choice.only]}
    return merge({"type": "allowed_tools", "allowed_tools": allowed}, choice.opaque)


def decode_call(raw: msgspec.Raw, fallback_id: str | None = None) -> ToolCall:
    """One entry of ``tool_calls``. Raises ``UnreadableError`` for a shape that is not known.

    ``fallback_id`` names a call whose host gave it no id.
    """
    call = Members(raw)
    identity = call.take("id", STRING) or fallback_id
    if not identity:
        raise UnreadableError("a call without id")
    kind = ToolKind.CUSTOM if (call.take("type", STRING) or "function") == "custom" else ToolKind.FUNCTION
    body = call.within(kind.value)
    name = body.need("name", STRING)
    arguments = body.take("input" if kind is ToolKind.CUSTOM else "arguments", STRING) or ""
    signature, extra = decode_signature(call)
    cache = decode_cache(call)
    opaque = call.opaque(extra_content=extra, **{kind.value: body.opaque()})
    return ToolCall(identity, name, arguments, kind, signature, cache, opaque)


def encode_call(call: ToolCall) -> dict[str, Any]:
    """The entry of ``tool_calls``."""
    argument = "input" if call.kind is ToolKind.CUSTOM else "arguments"
    wire: dict[str, Any] = {
        "id": call.id,
        "type": call.kind.value,
        call.kind.value: {"name": call.name, argument: call.arguments},
    }
    wire |= encode_signature(call.signature)
    return merge(wire | encode_cache(call.cache), call.opaque)


def _function_tool(tool: Members) -> FunctionTool:
    function = tool.within("function")
    tool.take("type", STRING)
    name, description = function.need("name", STRING), function.take("description", STRING)
    parameters, strict = function.take("parameters", RAW), function.take("strict", BOOLEAN)
    cache = decode_cache(tool)
    return FunctionTool(name, description, parameters, strict, cache, tool.opaque(function=function.opaque()))


def _custom_tool(tool: Members) -> CustomTool:
    custom = tool.within("custom")
    tool.take("type", STRING)
    name, description = custom.need("name", STRING), custom.take("description", STRING)
    return CustomTool(name, description, custom.take("format", RAW), tool.opaque(custom=custom.opaque()))


def _decode_name(raw: msgspec.Raw) -> ToolName:
    wire = Members(raw)
    name, opaque = _named(wire, wire.need("type", STRING))
    if opaque is not None:
        raise UnreadableError("more than a name")
    return name


def _named(wire: Members, kind: str) -> tuple[ToolName, Opaque | None]:
    if kind not in {"function", "custom"}:
        raise UnreadableError(kind)
    body = wire.within(kind)
    name = ToolName(body.need("name", STRING), ToolKind(kind))
    return name, wire.opaque(**{kind: body.opaque()})


def _encode_name(name: ToolName) -> dict[str, Any]:
    return {"type": name.kind.value, name.kind.value: {"name": name.name}}
