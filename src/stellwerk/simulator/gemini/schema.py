"""The subset of OpenAPI in ``parameters`` and ``responseSchema``: what it refuses, and what it means as JSON Schema."""

from __future__ import annotations

import re
from typing import Any

from stellwerk.simulator.refusal import Refusal

_COPIED = (
    *("title", "description", "maxItems", "minItems", "minProperties", "maxProperties"),
    *("minLength", "maxLength", "pattern", "minimum", "maximum"),
)
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_FORMATS = {
    "STRING": frozenset({"enum", "date-time"}),
    "NUMBER": frozenset({"float", "double"}),
    "INTEGER": frozenset({"enum", "int32", "int64"}),
}


def json_schema(schema: dict[str, Any], place: str) -> dict[str, Any]:
    """``schema``, a ``Schema`` message at ``place``, as JSON Schema. Raises ``Refusal`` for what the API refuses."""
    kind = schema.get("type", "TYPE_UNSPECIFIED")
    _check(schema, kind, place)
    made: dict[str, Any] = {name: schema[name] for name in _COPIED if name in schema}
    if kind != "TYPE_UNSPECIFIED":
        made["type"] = kind.lower()
    if "enum" in schema:
        made["enum"] = [_member(kind, text) for text in schema["enum"]]
    elif schema.get("format") == "date-time":
        made["format"] = "date-time"
    if "items" in schema:
        made["items"] = json_schema(schema["items"], f"{place}.items")
    if "properties" in schema:
        made["properties"] = {
            name: json_schema(part, f"{place}.properties[{name}]") for name, part in schema["properties"].items()
        }
    if "required" in schema:
        made["required"] = schema["required"]
    if "anyOf" in schema:
        made["anyOf"] = [json_schema(part, f"{place}.any_of[{n}]") for n, part in enumerate(schema["anyOf"])]
    return _nullable(made) if schema.get("nullable") else made


def _member(kind: str, text: str) -> str | int:
    """A member of an enumeration: written as a text, whatever it is."""
    return int(text) if kind == "INTEGER" else text


def _nullable(made: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in made:
        return made | {"anyOf": [*made["anyOf"], {"type": "null"}]}
    if "enum" in made:
        made["enum"].append(None)
    return made | {"type": [made["type"], "null"]} if "type" in made else made


def _check(schema: dict[str, Any], kind: str, place: str) -> None:
    reason = _problem(schema, kind)
    if reason is not None:
        raise Refusal(400, f"* GenerateContentRequest.{place}.{reason}\n")


def _problem(schema: dict[str, Any], kind: str) -> str | None:
    if kind == "TYPE_UNSPECIFIED" and "anyOf" not in schema:
        return "type: must be specified"
    if kind == "ARRAY" and "items" not in schema:
        return "items: missing field."
    if "enum" in schema and kind != "STRING" and not (kind == "INTEGER" and schema.get("format") == "enum"):
        return "enum: only allowed for STRING type"
    if kind == "INTEGER" and not all(_INTEGER.fullmatch(text) for text in schema.get("enum", ())):
        return "enum: members of INTEGER type must be whole numbers"
    if "" in schema.get("enum", ()):
        return "enum[0]: cannot be empty"
    if "properties" in schema and kind != "OBJECT":
        return "properties: only allowed for OBJECT type"
    if "format" in schema and kind in _FORMATS and schema["format"] not in _FORMATS[kind]:
        known = " and ".join(f"'{name}'" for name in sorted(_FORMATS[kind]))
        return f"format: only {known} are supported for {kind} type"
    for number, name in enumerate(schema.get("required", ())):
        if name not in schema.get("properties", {}):
            return f"required[{number}]: property is not defined"
    return None
