"""A request in a file, in any dialect of chat: which one it is, and what it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.anthropic_messages import request as anthropic_messages
from stellwerk.dialects.bedrock_converse import request as bedrock_converse
from stellwerk.dialects.gemini import request as gemini
from stellwerk.dialects.openai_chat import request as openai_chat
from stellwerk.dialects.openai_completions import request as openai_completions
from stellwerk.dialects.openai_responses import request as openai_responses
from stellwerk.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it would reach the gateway."""

    envelope: Envelope
    request: ChatRequest


def read_request(body: bytes, dialect: str | None, model: str | None, *, max_depth: int) -> Asked:
    """The request in a body. ``dialect`` is found by the body's shape where it is not given, and so is ``model``.

    Raises ``InvalidRequest`` for what is not the dialect's, or says nowhere which model it asks for.
    """
    name = dialect or dialect_of(body)
    if name in _IN_PATH:
        if model is None:
            message = f"In the dialect {name} the model stands in the path; say it with --model."
            raise InvalidRequest(message, param="model")
        read, decode = _IN_PATH[name]
        return Asked(
            read(body, model=model, is_stream=False, max_depth=max_depth), decode(body, model=model, is_stream=False)
        )
    read, decode = _IN_BODY[name]
    wire = _members(body)
    if model is not None and wire and "model" not in wire:
        body = json_splice.insert(body, "model", msgspec.json.encode(model))
    envelope, request = read(body, max_depth=max_depth), decode(body)
    if model is not None:
        envelope = msgspec.structs.replace(envelope, model=model)
        request = msgspec.structs.replace(request, model=model)
    return Asked(envelope, request)


def dialect_of(body: bytes) -> str:
    """The dialect that a body's members speak for; OpenAI's chat where they speak for none."""
    wire = _members(body)
    for name, telling in _TELLING.items():
        if telling & wire.keys():
            return name
    blocks = [block for turn in _objects(wire.get("messages")) for block in _objects(turn.get("content"))]
    if "model" not in wire and any("type" not in block for block in blocks):
        return "bedrock_converse"
    tools = _objects(wire.get("tools"))
    is_anthropic = (
        bool(_ANTHROPIC_MEMBERS & wire.keys())
        or any(block.get("type") in _ANTHROPIC_BLOCKS for block in blocks)
        or any("input_schema" in tool for tool in tools)
    )
    return "anthropic_messages" if is_anthropic else "openai_chat"


def _members(body: bytes) -> dict[str, Any]:
    """The body as an object; an empty one where it is none, which whoever reads it will say."""
    try:
        return _OBJECT.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def _objects(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if type(value) is dict] if type(values) is list else []


_OBJECT = msgspec.json.Decoder(dict[str, Any])
_Reading = tuple[Callable[..., Envelope], Callable[..., ChatRequest]]
_IN_BODY: dict[str, _Reading] = {
    "openai_chat": (openai_chat.read_envelope, openai_chat.decode),
    "openai_responses": (openai_responses.read_envelope, openai_responses.decode),
    "openai_completions": (openai_completions.read_envelope, openai_completions.decode),
    "anthropic_messages": (anthropic_messages.read_envelope, anthropic_messages.decode),
}
_IN_PATH: dict[str, _Reading] = {
    "gemini": (gemini.read_envelope, gemini.decode),
    "bedrock_converse": (bedrock_converse.read_envelope, bedrock_converse.decode),
}
_TELLING = {
    "gemini": {"contents"},
    "openai_responses": {"input", "previous_response_id", "instructions"},
    "openai_completions": {"prompt"},
    "bedrock_converse": {
        *("inferenceConfig", "toolConfig", "outputConfig", "guardrailConfig"),
        *("additionalModelRequestFields", "promptVariables"),
    },
}
"""Members that no other dialect has."""
_ANTHROPIC_MEMBERS = {"system", "stop_sequences", "output_config", "anthropic_version"}
_ANTHROPIC_BLOCKS = {
    *("image", "document", "search_result", "redacted_thinking"),
    *("tool_use", "tool_result", "server_tool_use"),
}
