"""``toolConfig``: which tools a request offers, and how freely the model may choose among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, Message
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import OpaquePart, ToolCall, ToolResult
from stellwerk.core.tool import FunctionTool, Tool, ToolChoice, ToolMode
from stellwerk.dialects.bedrock_converse.models import is_claude
from stellwerk.dialects.bedrock_converse.names import renamed
from stellwerk.dialects.bedrock_converse.tools import (
    TOOL_RESULT,
    TOOL_USE,
    decode_choice,
    decode_tools,
    encode_choice,
    encode_tools,
    stub_tools,
)
from stellwerk.dialects.bedrock_converse.types import DIALECT, Members
from stellwerk.dialects.members import RAW, RAWS, Refuse, UnreadableError

_CHOICE = "toolChoice"
_NAMELESS = "tool"
_TOOL_BLOCKS = frozenset({TOOL_USE, TOOL_RESULT})
_NULL = msgspec.Raw(b"null")
_EMPTY = (_NULL, msgspec.Raw(b"[]"))


def decode_tool_config(body: Members, refuse: Refuse) -> tuple[tuple[Tool, ...], ToolChoice | None, Opaque | None]:
    """Tools, choice, and what is left of ``toolConfig``. Without tools it stays opaque as a whole."""
    raw = body.peek("toolConfig")
    if raw == _NULL or Members(raw, "toolConfig", refuse).peek("tools") in _EMPTY:
        return (), None, None
    config = body.within("toolConfig")
    tools = decode_tools(config.need("tools", RAWS), config.path("tools"), refuse)
    choice = None
    if _CHOICE in config:
        try:
            choice = decode_choice(config.peek(_CHOICE))
            config.take(_CHOICE, RAW)
        except UnreadableError:
            pass
    return tools, choice, config.opaque()


def encode_tool_config(request: ChatRequest, names: Mapping[str, str]) -> dict[str, Any] | None:
    """``toolConfig``; ``None`` where there is nothing to offer, and no tool in the history either.

    A history with tools needs one in any case: stubs stand for the tools of a request that has none. A choice among
    several tools is said by offering no others.
    """
    called = tuple(dict.fromkeys(_called(request.messages)))
    choice, tools = request.tool_choice, request.tools
    if choice is not None:
        tools = _offered(tools, choice)
        if choice.mode is ToolMode.NONE and not called and not is_claude(request.model):
            return None
    entries = encode_tools(tools, names)
    if not entries:
        return {"tools": stub_tools(renamed(names, name) for name in called)} if called else None
    wire: dict[str, Any] = {"tools": entries}
    told = None if choice is None else encode_choice(choice, names)
    if told is not None:
        wire[_CHOICE] = told
    return wire


def _offered(tools: tuple[Tool, ...], choice: ToolChoice) -> tuple[Tool, ...]:
    only = {name.name for name in choice.only}
    if not only or (choice.mode is not ToolMode.AUTO and len(only) == 1) or choice.mode is ToolMode.NONE:
        return tools
    return tuple(tool for tool in tools if not isinstance(tool, FunctionTool) or tool.name in only)


def _called(messages: Iterable[Message]) -> Iterator[str]:
    """Names of the tools that the history tells of; one that stands for a tool whose name it does not tell."""
    is_called, has_results = False, False
    for message in messages:
        for part in message.parts:
            match part:
                case ToolCall(name=name):
                    is_called = True
                    yield name
                case ToolResult():
                    has_results = True
                case OpaquePart(dialect=dialect, kind=kind):
                    has_results |= dialect == DIALECT and kind in _TOOL_BLOCKS
                case _:
                    pass
    if has_results and not is_called:
        yield _NAMELESS
