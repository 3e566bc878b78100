"""A request that has been read into values, for those who ask what it says: it need not be read a second time.

What is written plainly, which most of a long request is, is taken as it is. Everything else is put into JSON again,
piece by piece, and read as always.
"""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, Message
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Part, Text
from stellwerk.dialects.members import refuse_request
from stellwerk.dialects.openai_responses.item_decoder import decode_item, in_turns
from stellwerk.dialects.openai_responses.plain_item import MESSAGE, ROLES, TYPED, UNTYPED
from stellwerk.dialects.openai_responses.request import assemble, decode, instructions
from stellwerk.dialects.openai_responses.tools import decode_tool
from stellwerk.dialects.openai_responses.types import DIALECT, ITEM, Members
from stellwerk.dialects.whole_reading import read_request

_encode = msgspec.json.Encoder().encode
_MODEL = "assistant"
_BEGUN = tuple(Opaque(DIALECT, {ITEM: marks[False]}) for marks in (UNTYPED, TYPED))
"""What is opaque of what a model has said in one text, whose item names its type or not."""


def decode_values(values: dict[str, Any]) -> ChatRequest:
    """The request that the values of a body say. Raises ``InvalidRequest`` with what is wrong and where."""
    items, tools = values.get("input"), values.get("tools", ())
    if type(items) is not list or not items or type(tools) not in {list, tuple}:
        return decode(_encode(values))
    others = {name: value for name, value in values.items() if name not in {"input", "tools"}}

    def read() -> ChatRequest:
        body = Members(_encode(others), refuse=refuse_request)
        said = in_turns([_item(item, index) for index, item in enumerate(items)])
        raws = [msgspec.Raw(_encode(tool)) for tool in tools]
        told = tuple([decode_tool(raw, f"tools[{index}]", refuse_request) for index, raw in enumerate(raws)])
        return assemble(body, (*instructions(body), *said), told, {})

    return read_request(b"", read)


def _item(value: Any, index: int) -> Message | tuple[Part, ...]:
    if type(value) is dict:
        word, content, is_typed = value.get("role"), value.get("content"), value.get("type") == MESSAGE
        if type(content) is str and type(word) is str and len(value) == 2 + is_typed:
            role = ROLES.get(word)
            if word == _MODEL:
                return (Text(content, opaque=_BEGUN[is_typed]),)
            if role is not None:
                return Message(role, (Text(content),), opaque=(TYPED if is_typed else UNTYPED)[False])
    return decode_item(msgspec.Raw(_encode(value)), f"input[{index}]", refuse_request)
