"""A JSON Schema that an answer or a call has to follow, in the part of JSON Schema that Anthropic and Bedrock take."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.dialects.json_schema import inline_references

_LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
"""Keywords that the provider refuses: they are told to the model in words instead."""

_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")
_SINGLE = ("items", "not")


def adapt(schema: msgspec.Raw) -> msgspec.Raw:
    """The schema with closed objects, limits as words in descriptions, and what holds itself unrolled.

    The same object where nothing changes. An object that says itself what other members it takes is left to the
    provider's judgement. Raises ``InvalidRequest`` for a schema that holds itself and is nested too deeply.
    """
    wire = msgspec.json.decode(schema)
    if b'"$ref"' in bytes(schema) and _is_circular(wire):
        schema = inline_references(schema)
        wire = msgspec.json.decode(schema)
    is_changed = False
    waiting = [wire]
    while waiting:
        item = waiting.pop()
        if type(item) is dict:
            is_changed = _adapt_one(item) or is_changed
            waiting += _within(item)
    return msgspec.Raw(msgspec.json.encode(wire)) if is_changed else schema


def _adapt_one(schema: dict[str, Any]) -> bool:
    is_changed = False
    if _is_object(schema) and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
        is_changed = True
    if "oneOf" in schema and "anyOf" not in schema:
        schema["anyOf"] = schema.pop("oneOf")
        is_changed = True
    limits = {name: schema.pop(name) for name in _LIMITS if name in schema}
    least = schema.get("minItems")
    if type(least) is int and least > 1:
        limits["minItems"] = schema.pop("minItems")
    form = schema.get("format")
    if type(form) is str and form not in _FORMATS:
        limits["format"] = schema.pop("format")
    if not limits:
        return is_changed
    told = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in limits.items())
    description = schema.get("description")
    schema["description"] = f"{description} ({told})" if type(description) is str and description else f"({told})"
    return True


def _is_circular(wire: Any) -> bool:
    """Whether a definition leads back to itself."""
    definitions = {
        f"#/{holder}/{name}": schema
        for holder in ("$defs", "definitions")
        if type(wire) is dict and type(found := wire.get(holder)) is dict
        for name, schema in found.items()
    }
    leads = {name: _references(schema) & {*definitions, "#"} for name, schema in definitions.items()}
    leads["#"] = _references(wire)
    if "#" in leads["#"]:
        return True
    is_shrinking = True
    while is_shrinking:  # what leads nowhere cannot lead back
        ends = [name for name, targets in leads.items() if not targets & {*leads}]
        for name in ends:
            del leads[name]
        is_shrinking = bool(ends)
    return bool(leads)


def _references(schema: Any) -> set[str]:
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        item = waiting.pop()
        if type(item) is dict:
            if type(reference := item.get("$ref")) is str:
                found.add(reference)
            waiting += item.values()
        elif type(item) is list:
            waiting += item
    return found


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (type(kind) is list and "object" in kind) or (kind is None and "properties" in schema)


def _within(schema: dict[str, Any]) -> list[Any]:
    """The schemas that stand in this one."""
    found = [schema[name] for name in _SINGLE if name in schema]
    for name in _MAPS:
        if type(schemas := schema.get(name)) is dict:
            found += schemas.values()
    for name in _LISTS:
        if type(schemas := schema.get(name)) is list:
            found += schemas
    return found
