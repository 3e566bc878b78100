"""The neutral vocabulary: immutable values with sensible defaults, complete enough for every dialect's edges."""

from __future__ import annotations

import msgspec
import pytest

from stellwerk.core import chat, part, reply, stream, tool
from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import RedactedThinking, Text, Thinking, ToolCall, ToolResult

STRUCTS = [
    kind
    for module in (chat, part, reply, stream, tool)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)
def test_every_value_is_frozen_and_documented(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__doc__


def test_a_request_says_nothing_it_was_not_told() -> None:
    request = ChatRequest("m", (Message(Role.USER, (Text("hi"),)),))
    said = {name: getattr(request, name) for name in request.__struct_fields__ if getattr(request, name)}
    assert set(said) == {"model", "messages", "sampling"}
    assert not any(getattr(request.sampling, name) for name in request.sampling.__struct_fields__)


def test_opaque_members_belong_to_their_dialect_alone() -> None:
    opaque = Opaque("gemini", {"safetySettings": msgspec.Raw(b"[]")})
    assert opaque.of("gemini") == {"safetySettings": msgspec.Raw(b"[]")}
    assert opaque.of("openai_chat") == {}


def test_signed_reasoning_parallel_calls_and_failed_results_have_their_places() -> None:
    turn = Message(
        Role.ASSISTANT,
        (
            Thinking("", "only a signature"),
            RedactedThinking("ciphertext"),
            ToolCall("a", "f", "{}", signature="first call only"),
            ToolCall("b", "f", '{"cut', signature=None),
        ),
    )
    results = Message(Role.TOOL, (ToolResult("a", (Text("1"),)), ToolResult("b", (Text("no"),), is_error=True)))
    request = ChatRequest("m", (turn, results))
    assert msgspec.structs.replace(request, model="n").messages is request.messages
