"""Schemas between JSON Schema and the OpenAPI subset of Gemini's ``parameters`` and ``responseSchema``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stellwerk.dialects.gemini.types import camel_case
from stellwerk.dialects.json_schema import inlined, read_schema, too_deep, write_schema

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})
_FORMATS = {
    "string": frozenset({"enum", "date-time"}),
    "number": frozenset({"float", "double"}),
    "integer": frozenset({"int32", "int64"}),
}
_KEPT = (
    *("title", "description", "default", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("minimum", "maximum", "minLength", "maxLength", "pattern", "example", "propertyOrdering"),
)
_COUNTS = frozenset(
    {"minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength"}
)  # int64: JSON has them as strings as well
_NUMERIC = {"INTEGER": int, "NUMBER": float}


def adapt_for_gemini(raw: msgspec.Raw) -> msgspec.Raw:
    """The schema in the subset of OpenAPI 3.0 that Gemini's ``parameters`` and ``responseSchema`` take.

    References are inlined as by ``inline_references``; ``null`` among types becomes ``nullable``, ``const`` an
    ``enum``, ``oneOf`` an ``anyOf``, ``allOf`` one schema; keywords without a counterpart are dropped, so what is
    described grows wider, never narrower. Raises ``InvalidRequest`` for a schema that is nested too deeply.
    """
    try:
        return write_schema(_subset(inlined(read_schema(raw))))
    except RecursionError:
        raise too_deep() from None


def adapt_from_gemini(raw: msgspec.Raw) -> msgspec.Raw:
    """The JSON Schema of a schema in Gemini's subset of OpenAPI: what ``adapt_for_gemini`` takes back to it.

    Types lose their capitals, ``nullable`` becomes a type ``null``, counts written as strings become numbers.
    """
    try:
        return write_schema(_standard(read_schema(raw)))
    except RecursionError:
        raise too_deep() from None


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
    if type(wire.get("enum")) is list and (kind := out.get("type")) in ("integer", "number"):
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


def _subset(node: Any) -> dict[str, Any]:
    if type(node) is not dict:
        return {"type": "OBJECT"}
    node = _joined(node)
    kinds, is_nullable = _kinds(node)
    choices = [entry for entry in _entries(node, "anyOf") if not _is_null(entry)]
    is_nullable = is_nullable or len(choices) < len(_entries(node, "anyOf"))
    if len(choices) == 1:
        # "this or nothing" is this, and may be nothing
        rest = {name: value for name, value in node.items() if name != "anyOf"}
        only = choices[0] if type(choices[0]) is dict else {}
        return _subset({**only, **rest}) | ({"nullable": True} if is_nullable else {})
    if len(kinds) > 1 and not choices:
        choices = [{**_without_words(node), "type": kind} for kind in kinds]
    wire = {name: node[name] for name in _KEPT if name in node}
    if "example" not in wire and (examples := _entries(node, "examples")):
        wire["example"] = examples[0]
    if choices:
        wire = {name: wire[name] for name in ("title", "description", "default") if name in wire}
        wire["anyOf"] = [_subset(entry) for entry in choices]
    else:
        wire |= _typed(node, kinds[0] if kinds else None)
    if is_nullable:
        wire["nullable"] = True
    # In the order in which it was written: providers cache prompts by their prefix.
    return {name: wire[name] for name in dict.fromkeys((*node, *wire)) if name in wire}


def _joined(node: dict[str, Any]) -> dict[str, Any]:
    """The node with ``oneOf`` as ``anyOf`` and its ``allOf`` merged into it."""
    if "oneOf" in node:
        choices = _entries(node, "anyOf") or _entries(node, "oneOf")
        node = {name: value for name, value in node.items() if name != "oneOf"} | {"anyOf": choices}
    if "allOf" not in node:
        return node
    whole: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    required: list[Any] = []
    for entry in (*_entries(node, "allOf"), {name: value for name, value in node.items() if name != "allOf"}):
        part = _joined(entry) if type(entry) is dict else {}
        properties |= _object(part.get("properties"))
        required += _entries(part, "required")
        whole |= part
    whole |= {"properties": properties} if properties else {}
    return whole | ({"required": required} if required else {})


def _kinds(node: dict[str, Any]) -> tuple[list[str], bool]:
    """The types named, without ``null``, and whether that was among them or among the values listed."""
    named = node.get("type")
    words = [word.lower() for word in (named if type(named) is list else [named]) if type(word) is str]
    is_nullable = "null" in words or node.get("nullable") is True or None in _entries(node, "enum")
    return [word for word in dict.fromkeys(words) if word in _TYPES], is_nullable


def _typed(node: dict[str, Any], kind: str | None) -> dict[str, Any]:
    values = [value for value in _values(node) if value is not None]
    kind = kind or _implied(node, values)
    wire: dict[str, Any] = {"type": kind.upper()}
    if values and kind in {"string", "integer", "number"}:
        wire["enum"] = [value if type(value) is str else msgspec.json.encode(value).decode() for value in values]
        wire |= {"format": "enum"} if kind != "string" or node.get("format") == "enum" else {}
    elif isinstance(form := node.get("format"), str) and form in _FORMATS.get(kind, ()):
        wire["format"] = form
    if kind == "array":
        wire["items"] = _items(node)
    if kind == "object" and (properties := _object(node.get("properties"))):
        wire["properties"] = {name: _subset(entry) for name, entry in properties.items()}
        required = [name for name in dict.fromkeys(_strings(node, "required")) if name in properties]
        wire |= {"required": required} if required else {}
    return wire | _bounds(node, kind)


def _implied(node: dict[str, Any], values: list[Any]) -> str:
    """The type of a node that names none."""
    if values:
        sorts = {type(value) for value in values}
        return {frozenset({int}): "integer", frozenset({bool}): "boolean"}.get(frozenset(sorts), "string")
    return "array" if "items" in node or "prefixItems" in node else "object"


def _bounds(node: dict[str, Any], kind: str) -> dict[str, Any]:
    """Exclusive bounds as inclusive ones, which for whole numbers is the same."""
    step = 1 if kind == "integer" else 0
    wire = {}
    for name, exclusive, sign in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
        bound = node.get(exclusive)
        if name not in node and isinstance(bound, int | float) and bound is not True and bound is not False:
            wire[name] = bound + sign * step
    return wire


def _items(node: dict[str, Any]) -> dict[str, Any]:
    items = node.get("items")
    tuples = items if type(items) is list else _entries(node, "prefixItems")
    if not tuples:
        return _subset(items)
    return _subset(tuples[0]) if len(tuples) == 1 else {"anyOf": [_subset(entry) for entry in tuples]}


def _values(node: dict[str, Any]) -> list[Any]:
    return [node["const"]] if "const" in node else _entries(node, "enum")


def _without_words(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name not in {"title", "description", "default"}}


def _is_null(node: Any) -> bool:
    return type(node) is dict and (node.get("type") == "null" or ("const" in node and node["const"] is None))


def _entries(node: Mapping[str, Any], name: str) -> list[Any]:
    value = node.get(name)
    return value if type(value) is list else []


def _strings(node: Mapping[str, Any], name: str) -> list[str]:
    return [value for value in _entries(node, name) if type(value) is str]


def _object(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}
