"""How a model shall reason and what its answer shall look like: ``additionalModelRequestFields``, ``outputConfig``."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Reasoning
from stellwerk.core.opaque import Opaque
from stellwerk.dialects.bedrock_converse.models import effort, is_claude, thinking, top_k_fields
from stellwerk.dialects.bedrock_converse.types import (
    DIALECT,
    NOTHING,
    Members,
    is_own,
    is_spelled,
    left,
    mark,
    merge,
    own_member,
    understood,
)
from stellwerk.dialects.claude import may_think
from stellwerk.dialects.closed_schema import adapt
from stellwerk.dialects.members import INTEGER, RAW, STRING, UnreadableError, without_nulls

FAMILY_FIELDS = "additionalModelRequestFields"


def decode_family(body: Members, parts: dict[str, Opaque | None]) -> dict[str, Any]:
    """``thinking`` and ``top_k``, as Anthropic's models take them; what else a family has stays opaque."""
    taken: dict[str, Any] = {"top_k": None, "reasoning": None}
    if FAMILY_FIELDS not in body:
        return taken
    try:
        fields = Members(body.peek(FAMILY_FIELDS))
        taken["top_k"] = understood(fields, "top_k", INTEGER.decode)
        taken["reasoning"] = understood(fields, "thinking", _decode_thinking)
    except (UnreadableError, msgspec.ValidationError):
        return taken
    body.take(FAMILY_FIELDS, RAW)
    parts[FAMILY_FIELDS] = left(fields) if taken["top_k"] is None else mark("top_k", left(fields))
    return taken


def family_fields(request: ChatRequest) -> dict[str, Any]:
    """What Converse has no field for, for the model's family: as it came, or as the model takes it."""
    fields: dict[str, Any] = {}
    reasoning, top_k = request.reasoning, request.sampling.top_k
    if reasoning is not None and not is_own(reasoning.opaque):
        is_taken = not is_claude(request.model) or may_think(request)
        fields = thinking(request.model, reasoning, request.output_cap) if is_taken else {}
    elif reasoning is not None and reasoning.is_enabled is not None:
        fields["thinking"] = _encode_thinking(reasoning)
    if top_k is not None:
        own = own_member(request, FAMILY_FIELDS)
        is_there = isinstance(own, Opaque) and is_spelled(own, "top_k")
        fields |= {"top_k": top_k} if is_there else top_k_fields(request.model, top_k)
    return fields


def decode_output(
    body: Members, parts: dict[str, Opaque | None], reasoning: Reasoning | None
) -> tuple[JsonSchemaFormat | None, Reasoning | None]:
    """The answer's form and the effort of ``outputConfig``, the latter beside what else is known of reasoning."""
    if body.peek("outputConfig") in NOTHING:
        return None, reasoning
    config = body.within("outputConfig")
    format_ = understood(config, "textFormat", _decode_format)
    word = config.take("effort", STRING)
    parts["outputConfig"] = left(config)
    if word is not None:
        reasoning = msgspec.structs.replace(reasoning or Reasoning(opaque=Opaque(DIALECT, {})), effort=word)
    return format_, reasoning


def encode_output(request: ChatRequest) -> dict[str, Any]:
    """``outputConfig``; empty where nothing is to be said."""
    wire: dict[str, Any] = {}
    reasoning, format_ = request.reasoning, request.output_format
    if reasoning is not None:
        wire["effort"] = reasoning.effort if is_own(reasoning.opaque) else effort(request.model, reasoning)
    if isinstance(format_, JsonSchemaFormat) and format_.schema is not None:
        schema = format_.schema if is_own(format_.opaque) else adapt(format_.schema)
        wire["textFormat"] = _encode_format(format_, bytes(schema).decode())
    return without_nulls(wire)


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
    opaque = format_.opaque(structure=structure.opaque(jsonSchema=schema.opaque())) or Opaque(DIALECT, {})
    return JsonSchemaFormat(msgspec.Raw(text.encode()), name or "", description, opaque=opaque)


def _encode_format(format_: JsonSchemaFormat, schema: str) -> dict[str, Any]:
    definition = without_nulls({"schema": schema, "name": format_.name or None, "description": format_.description})
    return merge({"type": "json_schema", "structure": {"jsonSchema": definition}}, format_.opaque)
