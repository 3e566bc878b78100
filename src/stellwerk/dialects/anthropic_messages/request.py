"""A whole request between this dialect and the neutral form; its thin reading is in ``envelope``."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Reasoning, Sampling
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import ToolCall
from stellwerk.core.tool import ToolChoice
from stellwerk.dialects.anthropic_messages.envelope import read_envelope, rewrite
from stellwerk.dialects.anthropic_messages.messages import decode_message, decode_system, encode_system, encode_turns
from stellwerk.dialects.anthropic_messages.reasoning import decode_reasoning, encode_effort, encode_thinking
from stellwerk.dialects.anthropic_messages.tools import (
    decode_choice,
    decode_tool,
    encode_choice,
    encode_tools,
    stub_tools,
)
from stellwerk.dialects.anthropic_messages.types import NULL, OWN_FORMAT, Members, is_spelled, marked, merge
from stellwerk.dialects.closed_schema import adapt
from stellwerk.dialects.members import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    RAW,
    RAWS,
    STRING,
    STRINGS,
    UnreadableError,
    refuse_request,
    without_nulls,
)
from stellwerk.dialects.thin_reading import refuse_any_duplicate
from stellwerk.dialects.whole_reading import read_request

__all__ = ["DEFAULT_MAX_TOKENS", "decode", "encode", "encode_count", "read_envelope", "rewrite"]

DEFAULT_MAX_TOKENS = 8_192
"""``max_tokens`` where the caller set no limit: the dialect demands one, and every model takes this."""

_TOOLS = "tools"

TIERS = {"auto": "auto", "standard_only": "standard_only", "default": "standard_only"}
"""Words for the service tier, of this dialect and of OpenAI, that have one here."""

_OWN_TIERS = (msgspec.Raw(b'"auto"'), msgspec.Raw(b'"standard_only"'))
_NOT_COUNTED = ("max_tokens", "stream", "stop_sequences", "temperature", "top_p", "top_k", "metadata", "service_tier")


def decode(body: bytes, *, is_count: bool = False) -> ChatRequest:
    """Reads a request whole. Raises ``InvalidRequest`` with what is wrong and where.

    With ``is_count`` it is one for ``/v1/messages/count_tokens``, which sets no limit on the output. Scalars of a wrong
    type are refused; content blocks, tools and settings of a shape that is not known stay opaque.
    """
    return read_request(body, lambda: _decode(Members(body, refuse=refuse_request), body, is_count=is_count))


def encode(request: ChatRequest) -> bytes:
    """The body that asks a host of this dialect. What only other dialects can say is left out."""
    return msgspec.json.encode(_wire(request))


def encode_count(request: ChatRequest) -> bytes:
    """The body that asks how many tokens the request is."""
    wire = _wire(request)
    for name in _NOT_COUNTED:
        wire.pop(name, None)
    return msgspec.json.encode(wire)


def _wire(request: ChatRequest) -> dict[str, Any]:
    sampling, thinking = request.sampling, encode_thinking(request)
    user = request.safety_identifier if request.user is None else request.user
    tools = encode_tools(request.tools, request.tool_choice)
    if not tools and not is_spelled(request.opaque, _TOOLS):
        tools = stub_tools(request.messages)
    wire: dict[str, Any] = {
        "model": request.model,
        "max_tokens": _max_tokens(request, thinking),
        "system": encode_system(request.messages),
        "messages": encode_turns(request.messages),
        "tools": tools or None,
        "tool_choice": encode_choice(
            request.tool_choice, is_parallel_allowed=request.is_parallel_allowed, has_tools=bool(request.tools)
        ),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "stop_sequences": request.stop or None,
        "thinking": thinking,
        "output_config": _output_config(request) or None,
        "metadata": None if user is None else {"user_id": user},
        "service_tier": TIERS.get(request.service_tier or ""),
        "stream": request.is_stream or None,
    }
    wire = merge(without_nulls(wire), request.opaque)
    if wire.get(_TOOLS) == NULL:
        del wire[_TOOLS]
    return wire


def _max_tokens(request: ChatRequest, thinking: dict[str, Any] | None) -> int:
    """The caller's limit, or the default, above what is allowed for thinking, which is a part of it."""
    if request.output_cap is not None:
        return request.output_cap
    return DEFAULT_MAX_TOKENS + ((thinking or {}).get("budget_tokens") or 0)


def _output_config(request: ChatRequest) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if (effort := encode_effort(request)) is not None:
        config["effort"] = effort
    format_ = request.output_format
    if isinstance(format_, JsonSchemaFormat) and format_.schema is not None:
        schema = format_.schema if is_spelled(format_.opaque, OWN_FORMAT) else adapt(format_.schema)
        config["format"] = merge({"type": "json_schema", "schema": schema}, format_.opaque)
    return config


def _decode(body: Members, raw: bytes, *, is_count: bool) -> ChatRequest:
    refuse_any_duplicate(raw, body)
    messages, tools = body.objects("messages"), body.take("tools", RAWS) or ()
    choice, is_parallel_allowed = _choice(body)
    format_, reasoning, config = _settings(body)
    user, metadata = _user(body)
    turns = (*decode_system(body), *[message for entry in messages for message in decode_message(entry)])
    # A caller of this dialect who leaves the tools of its history out has its reasons.
    marks = (_TOOLS,) if not tools and any(type(part) is ToolCall for turn in turns for part in turn.parts) else ()
    return ChatRequest(
        body.need("model", STRING),
        turns,
        tuple(decode_tool(tool, f"tools[{index}]", refuse_request) for index, tool in enumerate(tools)),
        choice,
        is_parallel_allowed,
        Sampling(body.take("temperature", NUMBER), body.take("top_p", NUMBER), body.take("top_k", INTEGER)),
        body.take("max_tokens", INTEGER) if is_count else body.need("max_tokens", INTEGER),
        body.take("stop_sequences", STRINGS) or (),
        output_format=format_,
        reasoning=reasoning,
        user=user,
        service_tier=_tier(body),
        is_stream=body.take("stream", BOOLEAN) or False,
        wants_usage=True,
        opaque=marked(body.opaque(output_config=config, metadata=metadata), *marks),
    )


def _choice(body: Members) -> tuple[ToolChoice | None, bool | None]:
    """``tool_choice``; one that is not known stays opaque."""
    raw = body.peek("tool_choice")
    try:
        choice, is_parallel_allowed = (None, None) if raw == NULL else decode_choice(raw)
    except UnreadableError:
        return None, None
    body.take("tool_choice", RAW)
    return choice, is_parallel_allowed


def _settings(body: Members) -> tuple[JsonSchemaFormat | None, Reasoning | None, Opaque | None]:
    """What ``output_config`` and ``thinking`` say, and what is left of the former."""
    if body.peek("output_config") == NULL:
        body.take("output_config", RAW)
        return None, decode_reasoning(body, None), None
    config = body.within("output_config")
    effort, format_ = config.take("effort", STRING), _format(config)
    return format_, decode_reasoning(body, effort), config.opaque()


def _format(config: Members) -> JsonSchemaFormat | None:
    """``output_config.format``; one that is not known stays opaque."""
    raw = config.peek("format")
    if raw == NULL:
        config.take("format", RAW)
        return None
    try:
        format_ = Members(raw)
        if format_.need("type", STRING) != "json_schema":
            return None
        schema = format_.need("schema", RAW)
    except UnreadableError:
        return None
    config.take("format", RAW)
    return JsonSchemaFormat(schema, opaque=marked(format_.opaque(), OWN_FORMAT))


def _user(body: Members) -> tuple[str | None, Opaque | None]:
    if body.peek("metadata") == NULL:
        body.take("metadata", RAW)
        return None, None
    metadata = body.within("metadata")
    return metadata.take("user_id", STRING), metadata.opaque()


def _tier(body: Members) -> str | None:
    """``service_tier``; a word that this version does not know stays opaque."""
    return body.take("service_tier", STRING) if body.peek("service_tier") in _OWN_TIERS else None
