"""A whole request between this dialect and the neutral form; its thin reading is in ``envelope``.

The model and whether it streams stand in the URL's path, ``/model/{model}/converse`` or ``converse-stream``: whoever
reads the path hands them over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Message, Reasoning, Role, Sampling
from stellwerk.core.opaque import Opaque
from stellwerk.dialects import json_splice
from stellwerk.dialects.bedrock_converse.documents import name_documents
from stellwerk.dialects.bedrock_converse.envelope import may_hold_escaped_names, read_envelope, rewrite
from stellwerk.dialects.bedrock_converse.messages import (
    decode_content,
    decode_messages,
    encode_messages,
    encode_system,
)
from stellwerk.dialects.bedrock_converse.models import (
    claude_choice,
    effort,
    is_claude,
    may_think,
    thinking,
    top_k_fields,
)
from stellwerk.dialects.bedrock_converse.names import neutral_names, wire_ids, wire_names
from stellwerk.dialects.bedrock_converse.tool_config import decode_tool_config, encode_tool_config
from stellwerk.dialects.bedrock_converse.types import DIALECT, Members, is_own, is_spelled, left, mark, merge
from stellwerk.dialects.members import (
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
from stellwerk.errors import InvalidRequest

__all__ = ["decode", "encode", "neutral_names", "read_envelope", "rewrite"]

FAMILY_FIELDS = "additionalModelRequestFields"
STOP_SEQUENCE_PATH = "/stop_sequence"
"""Where Claude tells which of the caller's sequences it met: asked for with ``additionalModelResponseFieldPaths``."""
TIERS = frozenset({"priority", "default", "flex", "reserved"})

_T = TypeVar("_T")
_METADATA = msgspec.json.Decoder(dict[str, str])
_METADATA_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}")
_METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_MAX_METADATA = 16
_TIER_WORDS = {"standard_only": "default", **{word: word for word in TIERS}}
_NOTHING = (msgspec.Raw(b"null"), msgspec.Raw(b"[]"), msgspec.Raw(b"{}"))


def decode(body: bytes, *, model: str, is_stream: bool) -> ChatRequest:
    """Reads a request whole. Raises ``InvalidRequest`` with what is wrong and where.

    Scalars of a wrong type are refused; blocks, tools and formats of a shape that is not known stay opaque.
    """
    try:
        if not body.isascii():
            body.decode()
        return _decode(Members(body, refuse=refuse_request), body, model, is_stream=is_stream)
    except RecursionError:
        raise InvalidRequest("The request body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}.") from None


def encode(request: ChatRequest) -> bytes:
    """The body that asks Bedrock's ``request.model``. What only other dialects can say is left out.

    Tools whose names Bedrock does not take go under others: ``neutral_names`` of the request leads back.
    """
    request = name_documents(request)
    names, ids = wire_names(request), wire_ids(request)
    system, rest = encode_system(request.messages)
    tools, fields = encode_tool_config(request, names), _family_fields(request)
    choice = None if tools is None else claude_choice(request, names)
    if tools is not None and choice is not None:
        tools.pop("toolChoice", None)
        fields["tool_choice"] = choice
    wire: dict[str, Any] = {
        "messages": encode_messages(rest, names, ids) or None,
        "system": system or None,
        "inferenceConfig": _encode_inference(request) or None,
        "toolConfig": tools,
        FAMILY_FIELDS: fields or None,
        "outputConfig": _encode_output(request) or None,
        "requestMetadata": _encode_metadata(request) or None,
        "serviceTier": _encode_tier(request.service_tier),
        "additionalModelResponseFieldPaths": _response_paths(request),
    }
    return msgspec.json.encode(merge(without_nulls(wire), request.opaque))


def _decode(body: Members, raw: bytes, model: str, *, is_stream: bool) -> ChatRequest:
    if may_hold_escaped_names(raw) or any(raw.count(f'"{name}"'.encode()) > 1 for name in body.names):
        _refuse_duplicates(raw)
    messages = _decode_system(body)
    if body.peek("messages") not in _NOTHING[:2]:
        messages += decode_messages(body.need("messages", RAWS), refuse_request)
    tools, choice, config = decode_tool_config(body, refuse_request)
    parts: dict[str, Opaque | None] = {"toolConfig": config}
    request: dict[str, Any] = {
        "tools": tools,
        "tool_choice": choice,
        **_decode_inference(body, parts),
        **_decode_family(body, parts),
        "metadata": _decode_metadata(body),
        "service_tier": _decode_tier(body, parts),
    }
    format_, reasoning = _decode_output(body, parts, request.pop("reasoning"))
    top_k = request.pop("top_k")
    request["sampling"] = Sampling(request.pop("temperature"), request.pop("top_p"), top_k)
    return ChatRequest(
        model,
        messages,
        **request,
        output_format=format_,
        reasoning=reasoning,
        is_stream=is_stream,
        wants_usage=is_stream,
        opaque=body.opaque(**parts),
    )


def _refuse_duplicates(body: bytes) -> None:
    seen: set[str] = set()
    for member in json_splice.members(body):
        if member.name in seen:
            raise InvalidRequest(f"Duplicate parameter: '{member.name}'.", param=member.name)
        seen.add(member.name)


def _decode_system(body: Members) -> tuple[Message, ...]:
    if body.peek("system") in _NOTHING:
        return ()
    return (Message(Role.SYSTEM, decode_content(body.need("system", RAWS), "system", refuse_request)),)


def _decode_inference(body: Members, parts: dict[str, Opaque | None]) -> dict[str, Any]:
    if body.peek("inferenceConfig") in _NOTHING:
        return {"output_cap": None, "temperature": None, "top_p": None}
    config = body.within("inferenceConfig")
    taken = {
        "output_cap": config.take("maxTokens", INTEGER),
        "temperature": config.take("temperature", NUMBER),
        "top_p": config.take("topP", NUMBER),
        "stop": config.take("stopSequences", STRINGS) or (),
    }
    parts["inferenceConfig"] = left(config)
    return taken


def _encode_inference(request: ChatRequest) -> dict[str, Any]:
    return without_nulls(
        {
            "maxTokens": request.output_cap,
            "temperature": request.sampling.temperature,
            "topP": request.sampling.top_p,
            "stopSequences": request.stop or None,
        }
    )


def _decode_family(body: Members, parts: dict[str, Opaque | None]) -> dict[str, Any]:
    """``thinking`` and ``top_k``, as Anthropic's models take them; what else a family has stays opaque."""
    taken: dict[str, Any] = {"top_k": None, "reasoning": None}
    if FAMILY_FIELDS not in body:
        return taken
    try:
        fields = Members(body.peek(FAMILY_FIELDS))
        taken["top_k"] = _understood(fields, "top_k", INTEGER.decode)
        taken["reasoning"] = _understood(fields, "thinking", _decode_thinking)
    except (UnreadableError, msgspec.ValidationError):
        return taken
    body.take(FAMILY_FIELDS, RAW)
    parts[FAMILY_FIELDS] = left(fields) if taken["top_k"] is None else mark("top_k", left(fields))
    return taken


def _family_fields(request: ChatRequest) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    reasoning, top_k = request.reasoning, request.sampling.top_k
    if reasoning is not None and not is_own(reasoning.opaque):
        is_taken = not is_claude(request.model) or may_think(request)
        fields = thinking(request.model, reasoning, request.output_cap) if is_taken else {}
    elif reasoning is not None and reasoning.is_enabled is not None:
        fields["thinking"] = _encode_thinking(reasoning)
    if top_k is not None:
        own = _own(request, FAMILY_FIELDS)
        is_there = isinstance(own, Opaque) and is_spelled(own, "top_k")
        fields |= {"top_k": top_k} if is_there else top_k_fields(request.model, top_k)
    return fields


def _decode_thinking(raw: msgspec.Raw) -> Reasoning:
    wire = Members(raw)
    kind = wire.need("type", STRING)
    budget, display = wire.take("budget_tokens", INTEGER), wire.take("display", STRING)
    if (kind, budget is None) not in {("enabled", False), ("adaptive", True), ("disabled", True)}:
        raise UnreadableError(kind)
    return Reasoning(None, budget, kind != "disabled", display, left(wire))


def _encode_thinking(reasoning: Reasoning) -> dict[str, Any]:
    kind = "disabled" if not reasoning.is_enabled else "adaptive" if reasoning.budget_tokens is None else "enabled"
    wire = {"type": kind, "budget_tokens": reasoning.budget_tokens, "display": reasoning.display}
    return merge(without_nulls(wire), reasoning.opaque)


def _decode_output(
    body: Members, parts: dict[str, Opaque | None], reasoning: Reasoning | None
) -> tuple[JsonSchemaFormat | None, Reasoning | None]:
    if body.peek("outputConfig") in _NOTHING:
        return None, reasoning
    config = body.within("outputConfig")
    format_ = _understood(config, "textFormat", _decode_format)
    word = config.take("effort", STRING)
    parts["outputConfig"] = left(config)
    if word is not None:
        reasoning = msgspec.structs.replace(reasoning or Reasoning(opaque=Opaque(DIALECT, {})), effort=word)
    return format_, reasoning


def _encode_output(request: ChatRequest) -> dict[str, Any]:
    wire: dict[str, Any] = {}
    reasoning, format_ = request.reasoning, request.output_format
    if reasoning is not None:
        wire["effort"] = reasoning.effort if is_own(reasoning.opaque) else effort(request.model, reasoning)
    if isinstance(format_, JsonSchemaFormat) and format_.schema is not None:
        wire["textFormat"] = _encode_format(format_, bytes(format_.schema).decode())
    return without_nulls(wire)


def _decode_format(raw: msgspec.Raw) -> JsonSchemaFormat:
    format_ = Members(raw)
    if format_.need("type", STRING) != "json_schema":
        raise UnreadableError("another format")
    structure = format_.within("structure")
    schema = structure.within("jsonSchema")
    text = schema.need("schema", STRING)
    try:
        RAW.decode(text)
    except msgspec.DecodeError:
        raise UnreadableError("a schema that is not JSON") from None
    name, description = schema.take("name", STRING), schema.take("description", STRING)
    opaque = format_.opaque(structure=structure.opaque(jsonSchema=schema.opaque()))
    return JsonSchemaFormat(msgspec.Raw(text.encode()), name or "", description, opaque=opaque)


def _encode_format(format_: JsonSchemaFormat, schema: str) -> dict[str, Any]:
    definition = without_nulls({"schema": schema, "name": format_.name or None, "description": format_.description})
    return merge({"type": "json_schema", "structure": {"jsonSchema": definition}}, format_.opaque)


def _decode_metadata(body: Members) -> dict[str, str] | None:
    return None if body.peek("requestMetadata") in _NOTHING else body.take("requestMetadata", _METADATA)


def _encode_metadata(request: ChatRequest) -> dict[str, str]:
    """As many of the caller's entries as Bedrock takes, of those in its alphabet."""
    fitting = [
        (key, value)
        for key, value in (request.metadata or {}).items()
        if _METADATA_KEY.fullmatch(key) and _METADATA_VALUE.fullmatch(value)
    ]
    return dict(fitting[:_MAX_METADATA])


def _decode_tier(body: Members, parts: dict[str, Opaque | None]) -> str | None:
    try:
        tier = Members(body.peek("serviceTier"))
        word = tier.need("type", STRING)
    except UnreadableError:
        return None
    if word not in TIERS:
        return None
    body.take("serviceTier", RAW)
    parts["serviceTier"] = tier.opaque()
    return word


def _encode_tier(word: str | None) -> dict[str, str] | None:
    known = _TIER_WORDS.get(word or "")
    return None if known is None else {"type": known}


def _response_paths(request: ChatRequest) -> list[str] | None:
    """Which sequence ended the answer is asked for where the model can tell; callers of this dialect ask themselves."""
    is_asked = bool(request.stop) and is_claude(request.model) and _own(request, "inferenceConfig") is None
    return [STOP_SEQUENCE_PATH] if is_asked else None


def _own(request: ChatRequest, name: str) -> msgspec.Raw | Opaque | None:
    """What is left of a member of a request that came in this dialect."""
    return None if request.opaque is None else request.opaque.of(DIALECT).get(name)


def _understood(members: Members, name: str, decode_value: Callable[[msgspec.Raw], _T]) -> _T | None:
    """A member that stays opaque when its shape is not known."""
    if members.peek(name) in _NOTHING:
        return None
    try:
        value = decode_value(members.peek(name))
    except (UnreadableError, msgspec.ValidationError):
        return None
    members.take(name, RAW)
    return value
