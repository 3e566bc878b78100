"""Tools and tool choice between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import ToolKind
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, Tool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.members import BOOLEAN, RAW, RAWS, STRING, Refuse, UnreadableError, without_nulls
from stellwerk.dialects.openai_responses.types import DIALECT, Members, merge, own

_MODES = {mode.value: mode for mode in ToolMode}
_NO_PARAMETERS = {"type": "object", "properties": {}}
_CLOSED = _NO_PARAMETERS | {"additionalProperties": False}
_GRAMMAR = "grammar"


def decode_tool(raw: msgspec.Raw, path: str, refuse: Refuse) -> Tool:
    """One entry of ``tools``; a built-in tool, or one of a type that is not known, stays opaque."""
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
    """The entry of ``tools``; ``None`` for a tool that only another dialect has.

    What says nothing of strictness is strict here and nowhere else, so a tool from elsewhere says that it is not.
    """
    match tool:
        case FunctionTool():
            wire: dict[str, Any] = {"type": "function", "name": tool.name, "description": tool.description}
            wire |= {"parameters": tool.parameters, "strict": tool.is_strict}
            if own(tool.opaque) is None:
                wire["parameters"] = tool.parameters or (_CLOSED if tool.is_strict else _NO_PARAMETERS)
                wire["strict"] = tool.is_strict or False
            return merge(without_nulls(wire), tool.opaque)
        case CustomTool():
            custom = {"type": "custom", "name": tool.name, "description": tool.description}
            format_ = None if tool.format is None else _flat(tool.format)
            return merge(without_nulls({**custom, "format": format_}), tool.opaque)
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
        mode, only = choice.need("mode", STRING), tuple(_decode_name(name) for name in choice.need("tools", RAWS))
        if mode not in {"auto", "required"} or not only:
            raise UnreadableError(mode)
        return ToolChoice(_MODES[mode], only, choice.marked(type=msgspec.Raw(b'"allowed_tools"')))
    return ToolChoice(ToolMode.REQUIRED, (_named(choice, kind),), choice.opaque())


def encode_choice(choice: ToolChoice) -> str | dict[str, Any]:
    """``tool_choice``."""
    if not choice.only:
        return choice.mode.value
    if choice.mode is ToolMode.REQUIRED and len(choice.only) == 1 and "type" not in (own(choice.opaque) or {}):
        return merge(_encode_name(choice.only[0]), choice.opaque)
    # "none" of some tools leaves nothing to allow.
    if choice.mode is ToolMode.NONE:
        return "none"
    tools = [_encode_name(name) for name in choice.only]
    return merge({"type": "allowed_tools", "mode": choice.mode.value, "tools": tools}, choice.opaque)


def _function_tool(tool: Members) -> FunctionTool:
    tool.take("type", STRING)
    name, description = tool.need("name", STRING), tool.given("description", STRING)
    return FunctionTool(
        name, description, tool.given("parameters", RAW), tool.given("strict", BOOLEAN), opaque=tool.marked()
    )


def _custom_tool(tool: Members) -> CustomTool:
    tool.take("type", STRING)
    name, description, format_ = tool.need("name", STRING), tool.given("description", STRING), tool.given("format", RAW)
    return CustomTool(name, description, None if format_ is None else _nested(format_), tool.marked())


def _nested(format_: msgspec.Raw) -> msgspec.Raw:
    """A grammar in the form that the neutral one has from OpenAI chat: within a member of its own."""
    wire = msgspec.json.decode(format_)
    if type(wire) is dict and wire.get("type") == _GRAMMAR and _GRAMMAR not in wire:
        grammar = {name: value for name, value in wire.items() if name != "type"}
        return msgspec.Raw(msgspec.json.encode({"type": _GRAMMAR, _GRAMMAR: grammar}))
    return format_


def _flat(format_: msgspec.Raw) -> Any:
    wire = msgspec.json.decode(format_)
    if type(wire) is dict and wire.get("type") == _GRAMMAR and type(wire.get(_GRAMMAR)) is dict:
        return {"type": _GRAMMAR, **wire[_GRAMMAR]}
    return format_


def _decode_name(raw: msgspec.Raw) -> ToolName:
    wire = Members(raw)
    name = _named(wire, wire.need("type", STRING))
    if wire.opaque() is not None:
        raise UnreadableError("more than a name")
    return name


def _named(wire: Members, kind: str) -> ToolName:
    if kind not in {"function", "custom"}:
        raise UnreadableError(kind)
    return ToolName(wire.need("name", STRING), ToolKind(kind))


def _encode_name(name: ToolName) -> dict[str, Any]:
    return {"type": name.kind.value, "name": name.name}
