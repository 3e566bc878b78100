"""Tools, tool choice, tool calls and their results between this dialect and the neutral form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import OpaquePart, Part, ResultPart, Text, ToolCall, ToolKind, ToolResult
from stellwerk.core.tool import FunctionTool, OpaqueTool, Tool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.bedrock_converse.cache import CACHE_POINT, decode_cache, encode_cache
from stellwerk.dialects.bedrock_converse.names import renamed
from stellwerk.dialects.bedrock_converse.parts import decode_block, encode_block
from stellwerk.dialects.bedrock_converse.types import (
    DIALECT,
    NO_NAMES,
    Members,
    is_own,
    is_spelled,
    mark,
    merge,
    only_member,
    open_block,
)
from stellwerk.dialects.closed_schema import adapt
from stellwerk.dialects.fragment import best_object
from stellwerk.dialects.members import BOOLEAN, RAW, RAWS, STRING, Refuse, UnreadableError, without_nulls

TOOL_USE = "toolUse"
TOOL_RESULT = "toolResult"

_SPEC = "toolSpec"
_JSON = "json"
_INPUT = "input"
_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{}}')
_STUB = msgspec.Raw(b'{"type":"object"}')
_IN_RESULTS = frozenset({"text", _JSON, "image", "document", "video", "searchResult"})
_STATUS = {"success": False, "error": True}
_WORDS = {is_error: word for word, is_error in _STATUS.items()}
_MODES = {"auto": ToolMode.AUTO, "any": ToolMode.REQUIRED}


def decode_tools(entries: tuple[msgspec.Raw, ...], path: str, refuse: Refuse) -> tuple[Tool, ...]:
    """``tools``: a cache point marks the tool before it; what is not known stays opaque."""
    tools: list[Tool] = []
    for index, raw in enumerate(entries):
        kind, entry = open_block(raw, f"{path}[{index}]", refuse)
        cache = decode_cache(entry) if kind == CACHE_POINT else None
        if cache is not None and tools and isinstance(tool := tools[-1], FunctionTool) and tool.cache is None:
            tools[-1] = msgspec.structs.replace(tool, cache=cache)
            continue
        try:
            if kind == _SPEC and entry is not None:
                tools.append(_function_tool(entry.within(_SPEC)))
                continue
        except UnreadableError:
            pass
        tools.append(OpaqueTool(DIALECT, kind, raw))
    return tuple(tools)


def encode_tools(tools: Iterable[Tool], names: Mapping[str, str]) -> list[Any]:
    """``tools``, in the same order. Those that only other dialects have are left out."""
    entries: list[Any] = []
    for tool in tools:
        match tool:
            case FunctionTool():
                entries.append({_SPEC: _encode_spec(tool, renamed(names, tool.name))})
                if tool.cache is not None:
                    entries.append(encode_cache(tool.cache))
            case OpaqueTool(dialect=dialect, raw=raw) if dialect == DIALECT:
                entries.append(raw)
            case _:
                pass
    return entries


def stub_tools(names: Iterable[str]) -> list[Any]:
    """Tools that stand for those of a history whose request has none: Bedrock takes no tool blocks without them."""
    return [{_SPEC: {"name": name, "inputSchema": {_JSON: _STUB}}} for name in names]


def decode_choice(raw: msgspec.Raw) -> ToolChoice:
    """``toolChoice``. Raises ``UnreadableError`` for a choice that is not known."""
    kind, union = only_member(raw)
    choice = union.within(kind)
    if kind in _MODES:
        return ToolChoice(_MODES[kind], opaque=choice.opaque())
    if kind != "tool":
        raise UnreadableError(kind)
    return ToolChoice(ToolMode.REQUIRED, (ToolName(choice.need("name", STRING)),), choice.opaque())


def encode_choice(choice: ToolChoice, names: Mapping[str, str]) -> dict[str, Any] | None:
    """``toolChoice``; ``None`` for "no tool", which Converse has no word for.

    That a choice is limited to several tools is said by the list of tools.
    """
    if choice.mode is ToolMode.NONE:
        return None
    if choice.mode is ToolMode.AUTO:
        return {"auto": merge({}, choice.opaque)}
    if len(choice.only) == 1:
        return {"tool": merge({"name": renamed(names, choice.only[0].name)}, choice.opaque)}
    return {"any": merge({}, choice.opaque)}


def decode_call(block: Members | None, raw: msgspec.Raw, names: Mapping[str, str]) -> ToolCall | OpaquePart:
    """A ``toolUse`` block; one that the model's provider runs itself, or of an unknown shape, stays opaque."""
    opaque = OpaquePart(DIALECT, TOOL_USE, raw)
    if block is None:
        return opaque
    try:
        call = block.within(TOOL_USE)
        if "type" in call:
            return opaque
        identity, name, arguments = call.need("toolUseId", STRING), call.need("name", STRING), call.need(_INPUT, RAW)
    except UnreadableError:
        return opaque
    text = bytes(arguments).decode()
    if not text.startswith("{"):
        return opaque
    return ToolCall(identity, renamed(names, name), text, opaque=call.opaque())


def encode_call(call: ToolCall, names: Mapping[str, str] = NO_NAMES, ids: Mapping[str, str] = NO_NAMES) -> Any:
    """The ``toolUse`` block. Arguments that are no object, cut off at a token limit perhaps, become an empty one."""
    wire = {"toolUseId": renamed(ids, call.id), "name": renamed(names, call.name), _INPUT: _arguments(call)}
    return {TOOL_USE: merge(wire, call.opaque)}


def decode_result(block: Members | None, raw: msgspec.Raw, path: str, refuse: Refuse) -> ToolResult | OpaquePart:
    """A ``toolResult`` block; one of a tool that the model's provider ran, or of an unknown shape, stays opaque."""
    opaque = OpaquePart(DIALECT, TOOL_RESULT, raw)
    if block is None:
        return opaque
    try:
        result = block.within(TOOL_RESULT)
        if "type" in result:
            return opaque
        identity, blocks = result.need("toolUseId", STRING), result.need("content", RAWS)
        is_error = _STATUS.get(STRING.decode(result.peek("status"))) if "status" in result else None
    except (UnreadableError, msgspec.ValidationError):
        return opaque
    if is_error is not None:
        result.take("status", STRING)
    parts = tuple(
        _result_part(entry, f"{path}.{TOOL_RESULT}.content[{index}]", refuse) for index, entry in enumerate(blocks)
    )
    return ToolResult(identity, parts, is_error=is_error, opaque=result.opaque())


def encode_result(result: ToolResult, ids: Mapping[str, str]) -> Any:
    """The ``toolResult`` block."""
    content = [block for part in result.parts if (block := _encode_result_part(part)) is not None]
    wire: dict[str, Any] = {"toolUseId": renamed(ids, result.call_id), "content": content}
    if result.is_error is not None:
        wire["status"] = _WORDS[result.is_error]
    return {TOOL_RESULT: merge(wire, result.opaque)}


def _function_tool(spec: Members) -> FunctionTool:
    name, description = spec.need("name", STRING), spec.take("description", STRING)
    schema, strict = spec.within("inputSchema"), spec.take("strict", BOOLEAN)
    parameters = schema.need(_JSON, RAW)
    own = spec.opaque(inputSchema=schema.opaque()) or Opaque(DIALECT, {})
    return FunctionTool(name, description, parameters, strict, opaque=own)


def _encode_spec(tool: FunctionTool, name: str) -> dict[str, Any]:
    parameters = _NO_PARAMETERS if tool.parameters is None else tool.parameters
    if tool.is_strict and not is_own(tool.opaque):
        parameters = adapt(parameters)
    wire = {
        "name": name,
        "description": tool.description or None,
        "inputSchema": {_JSON: parameters},
        "strict": tool.is_strict,
    }
    return merge(without_nulls(wire), tool.opaque)


def _arguments(call: ToolCall) -> Any:
    if call.kind is ToolKind.CUSTOM:
        return {_INPUT: call.arguments}
    return best_object(call.arguments)


def _result_part(raw: msgspec.Raw, path: str, refuse: Refuse) -> ResultPart:
    kind, block = open_block(raw, path, refuse)
    if kind not in _IN_RESULTS or block is None:
        return OpaquePart(DIALECT, kind, raw)
    if kind == _JSON:
        return Text(bytes(block.peek(_JSON)).decode(), opaque=mark(_JSON))
    part: Part = decode_block(kind, block, raw)
    return part  # type: ignore[return-value]  # a block of these kinds is nothing else


def _encode_result_part(part: ResultPart) -> Any:
    if isinstance(part, Text) and is_spelled(part.opaque, _JSON):
        value = _json_value(part.text)
        return {"text": part.text} if value is None else {_JSON: value}
    return encode_block(part)


def _json_value(text: str) -> msgspec.Raw | None:
    try:
        return msgspec.Raw(text.encode()) if RAW.decode(text.encode()) else None
    except msgspec.DecodeError:
        return None
