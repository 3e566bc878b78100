"""Tools and how freely they may be chosen, between this dialect and the neutral form.

A function's schema goes out whole, as ``parametersJsonSchema``, wherever the model takes that: only references are
inlined, for Google takes no keyword beside them, and recursion in optional members alone; it ends in an open schema.
Older models, and callers who wrote ``parameters``, get the subset of OpenAPI.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from stellwerk.core.tool import FunctionTool, OpaqueTool, Tool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.gemini.models import takes_json_schema
from stellwerk.dialects.gemini.schemas import adapt_for_gemini, adapt_from_gemini
from stellwerk.dialects.gemini.types import DIALECT, Members, is_marked, mark, merge
from stellwerk.dialects.json_schema import inline_references
from stellwerk.dialects.members import RAW, RAWS, STRING, STRINGS, Refuse, UnreadableError, without_nulls

_FUNCTIONS = "functionDeclarations"
_PARAMETERS = "parameters"
_MODES = {"AUTO": ToolMode.AUTO, "ANY": ToolMode.REQUIRED, "NONE": ToolMode.NONE, "VALIDATED": ToolMode.AUTO}
_WORDS = {ToolMode.AUTO: "AUTO", ToolMode.REQUIRED: "ANY", ToolMode.NONE: "NONE"}
_BARE_OBJECTS = frozenset({b'{"type":"OBJECT"}', b'{"type":"object"}'})


def decode_tools(raws: Iterable[msgspec.Raw], refuse: Refuse) -> tuple[Tool, ...]:
    """``tools``: each function, and each other member of an entry, is a tool of its own."""
    tools: list[Tool] = []
    for index, raw in enumerate(raws):
        entry = Members(raw, f"tools[{index}]", refuse)
        declarations = entry.take(_FUNCTIONS, RAWS) or ()
        for number, declaration in enumerate(declarations):
            path = f"{entry.path(_FUNCTIONS)}[{number}]"
            is_split = number == 0 and bool(tools) and isinstance(tools[-1], FunctionTool)
            tools.append(_read_function(Members(declaration, path, refuse), is_split=is_split))
        left = entry.opaque()
        for name, value in (left.members if left is not None else {}).items():
            tools.append(OpaqueTool(DIALECT, name, msgspec.Raw(msgspec.json.encode({name: value}))))
    return tuple(tools)


def encode_tools(tools: Iterable[Tool], model: str) -> list[Any]:
    """``tools``, in their order; neighbouring functions share an entry. What only another dialect has is left out."""
    entries: list[Any] = []
    functions: list[dict[str, Any]] | None = None
    for tool in tools:
        match tool:
            case FunctionTool():
                if functions is None or is_marked(tool.opaque, _FUNCTIONS):
                    functions = []
                    entries.append({_FUNCTIONS: functions})
                functions.append(_encode_function(tool, model))
            case OpaqueTool(dialect=dialect) if dialect == DIALECT:
                functions = None
                entries.append(tool.raw)
            case _:
                pass
    return entries


def decode_choice(raw: msgspec.Raw) -> ToolChoice:
    """``functionCallingConfig``. Raises ``UnreadableError`` for a mode that is not known."""
    config = Members(raw)
    word = config.need("mode", STRING)
    only = tuple(ToolName(name) for name in config.take("allowedFunctionNames", STRINGS) or ())
    if word not in _MODES:
        raise UnreadableError(word)
    return ToolChoice(_MODES[word], only, mark(config.opaque(), *(("VALIDATED",) if word == "VALIDATED" else ())))


def encode_choice(choice: ToolChoice) -> dict[str, Any]:
    """``functionCallingConfig``. Only what is forced or validated may be limited to names."""
    word = _WORDS[choice.mode]
    if choice.mode is ToolMode.AUTO and (choice.only or is_marked(choice.opaque, "VALIDATED")):
        word = "VALIDATED"
    wire: dict[str, Any] = {"mode": word}
    if choice.only and choice.mode is not ToolMode.NONE:
        wire["allowedFunctionNames"] = [name.name for name in choice.only]
    return merge(wire, choice.opaque)


def _read_function(declaration: Members, *, is_split: bool) -> FunctionTool:
    name, description = declaration.need("name", STRING), declaration.take("description", STRING)
    marks: tuple[str, ...] = (_FUNCTIONS,) if is_split else ()
    parameters = declaration.take("parametersJsonSchema", RAW)
    if parameters is None and (subset := declaration.take(_PARAMETERS, RAW)) is not None:
        parameters = adapt_from_gemini(subset)
        marks += (_PARAMETERS,)
    return FunctionTool(name, description, parameters, opaque=mark(declaration.opaque(), *marks))


def _encode_function(tool: FunctionTool, model: str) -> dict[str, Any]:
    wire: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.parameters is not None:
        if is_marked(tool.opaque, _PARAMETERS) or not takes_json_schema(model):
            subset = adapt_for_gemini(tool.parameters)
            # An object of no members is how other dialects say "no parameters"; here it would be refused.
            is_bare = bytes(subset) in _BARE_OBJECTS and not is_marked(tool.opaque, _PARAMETERS)
            wire[_PARAMETERS] = None if is_bare else subset
        else:
            wire["parametersJsonSchema"] = inline_references(tool.parameters)
    return merge(without_nulls(wire), tool.opaque)
