"""A request that has been read into values, for those who ask what it says: it need not be read a second time.

What is written plainly, which most of a long request is, is taken as it is. Everything else is put into JSON again,
piece by piece, and read as always.
"""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, Message
from stellwerk.core.part import Text
from stellwerk.core.tool import FunctionTool, Tool
from stellwerk.dialects.members import refuse_request
from stellwerk.dialects.openai_chat.messages import decode_message
from stellwerk.dialects.openai_chat.plain_message import ROLES, read_plainly
from stellwerk.dialects.openai_chat.request import assemble, decode
from stellwerk.dialects.openai_chat.tools import decode_tool
from stellwerk.dialects.openai_chat.types import Members
from stellwerk.dialects.whole_reading import read_request

_encode = msgspec.json.Encoder().encode
_OF_FUNCTION = frozenset(("name", "description", "parameters", "strict"))


def decode_values(values: dict[str, Any]) -> ChatRequest:
    """The request that the values of a body say. Raises ``InvalidRequest`` with what is wrong and where."""
    messages, tools = values.get("messages"), values.get("tools")
    tools = [] if tools is None else tools
    if type(messages) is not list or type(tools) is not list:
        return decode(_encode(values))
    others = {name: value for name, value in values.items() if name not in {"messages", "tools"}}

    def read() -> ChatRequest:
        return assemble(
            Members(_encode(others), refuse=refuse_request),
            tuple([_message(message, index) for index, message in enumerate(messages)]),
            tuple([_tool(tool, index) for index, tool in enumerate(tools)]),
        )

    return read_request(b"", read)


def _message(value: Any, index: int) -> Message:
    if type(value) is dict and len(value) == 2:
        try:
            role, content = ROLES[value["role"]], value["content"]
        except (KeyError, TypeError):
            role, content = None, None
        if type(content) is str and role is not None:
            return Message(role, (Text(content),))
    raw = msgspec.Raw(_encode(value))
    return read_plainly(raw) or decode_message(raw, f"messages[{index}]", refuse_request)


def _tool(value: Any, index: int) -> Tool:
    if type(value) is dict and len(value) == 2 and value.get("type") == "function":
        function = value.get("function")
        if type(function) is dict and function.keys() <= _OF_FUNCTION:
            name, told, strict = function.get("name"), function.get("description"), function.get("strict")
            if type(name) is str and (told is None or type(told) is str) and (strict is None or type(strict) is bool):
                schema = function.get("parameters")
                return FunctionTool(name, told, None if schema is None else msgspec.Raw(_encode(schema)), strict)
    return decode_tool(msgspec.Raw(_encode(value)), f"tools[{index}]", refuse_request)
