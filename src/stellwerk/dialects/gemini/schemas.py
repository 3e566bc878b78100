"""Schemas as callers of this dialect write them, read as JSON Schema."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.dialects.gemini.types import camel_case
from stellwerk.dialects.json_schema import adapt_for_gemini

__all__ = ["adapt_for_gemini", "adapt_from_gemini"]

_COUNTS = frozenset(
    {"minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength"}
)  # int64: JSON has them as strings as well
_NUMERIC = {"INTEGER": int, "NUMBER": float}


def adapt_from_gemini(raw: msgspec.Raw) -> msgspec.Raw:
    """The JSON Schema of a schema in Gemini's subset of OpenAPI: what ``adapt_for_gemini`` takes back to it.

    Types lose their capitals, ``nullable`` becomes a type ``null``, counts written as strings become numbers.
    """
    return msgspec.Raw(msgspec.json.encode(_standard(msgspec.json.decode(raw))))


def _standard(node: Any) -> Any:
    if type(node) is not dict:
        return node
    wire = {camel_case(name): value for name, value in node.items()}
    out: dict[str, Any] = {}
    for name, value in wire.items():
        if name == "type" and type(value) is str:
            out[name] = value.lower()
        elif name == "properties" and type(value) is dict:
            out[name] = {key: _standard(entry) for key, entry in value.items()}
        elif name == "anyOf" and type(value) is list:
            out[name] = [_standard(entry) for entry in value]
        elif name in {"items", "additionalProperties"}:
            out[name] = _standard(value)
        elif name in _COUNTS and type(value) is str and value.isdecimal() and len(value) < 19:
            out[name] = int(value)
        elif name != "nullable":
            out[name] = value
    if type(wire.get("enum")) is list and (kind := out.get("type")) in {"integer", "number"}:
        out["enum"] = [_number(value, kind) for value in wire["enum"]]
        if wire.get("format") == "enum":
            del out["format"]
    return _nullable(out) if wire.get("nullable") is True else out


def _nullable(out: dict[str, Any]) -> dict[str, Any]:
    if type(out.get("anyOf")) is list:
        out["anyOf"] = [*out["anyOf"], {"type": "null"}]
    elif "type" in out:
        out["type"] = [out["type"], "null"]
        if type(out.get("enum")) is list:
            out["enum"] = [*out["enum"], None]
    return out


def _number(value: Any, kind: str) -> Any:
    try:
        return _NUMERIC[kind.upper()](value) if type(value) is str and len(value) < 32 else value
    except ValueError:
        return value
