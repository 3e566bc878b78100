"""JSON Schemas made fit for providers that take a part of the language: references inlined, or the OpenAPI subset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from stellwerk.errors import InvalidRequest

RECURSION = 3
"""How often a definition may stand within itself before it is cut with an open schema."""

MAX_GROWTH = 131_072
"""How much inlining may add to one schema, roughly in bytes; references beyond that become open schemas."""

_DEEPEST = 64
_NODE_BYTES = 16
_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLES = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_DEFINITIONS = ("$defs", "definitions")
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


def inline_references(raw: msgspec.Raw, *, recursion: int = RECURSION, max_growth: int = MAX_GROWTH) -> msgspec.Raw:
    """The schema with every ``$ref`` replaced by what it points to, and without definitions.

    A definition that holds itself is unrolled ``recursion`` times and then cut: an object stays an open object,
    anything else an open schema. References that point nowhere, or out of the schema, become open schemas; so do all
    that come once ``max_growth`` is used up, so that references to references cannot blow up. Without references the
    same object comes back. Raises ``InvalidRequest`` for a schema that is nested too deeply.
    """
    if b'"$ref"' not in bytes(raw):
        return raw
    return _written(_inlined(_read(raw), recursion, max_growth))


def adapt_for_gemini(raw: msgspec.Raw) -> msgspec.Raw:
    """The schema in the subset of OpenAPI 3.0 that Gemini's ``parameters`` and ``responseSchema`` take.

    References are inlined as by ``inline_references``; ``null`` among types becomes ``nullable``, ``const`` an
    ``enum``, ``oneOf`` an ``anyOf``, ``allOf`` one schema; keywords without a counterpart are dropped, so what is
    described grows wider, never narrower. Raises ``InvalidRequest`` for a schema that is nested too deeply.
    """
    try:
        return _written(_subset(_inlined(_read(raw), RECURSION, MAX_GROWTH)))
    except RecursionError:
        raise _too_deep() from None


def _read(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise _too_deep() from None


def _written(schema: Any) -> msgspec.Raw:
    try:
        return msgspec.Raw(msgspec.json.encode(schema))
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> InvalidRequest:
    return InvalidRequest("A JSON schema of the request is nested too deeply.")


# ------------------------------------------------------------------------------------------------------------- inlining


def _inlined(schema: Any, recursion: int, max_growth: int) -> Any:
    inliner = _Inliner(schema, recursion, max_growth)
    try:
        return inliner.walk(schema, 0, is_copy=False)
    except RecursionError:
        raise _too_deep() from None


class _Inliner:
    """One walk over a schema that replaces references as it meets them."""

    __slots__ = ("_left", "_open", "_recursion", "_root", "_sizes")

    def __init__(self, root: Any, recursion: int, max_growth: int) -> None:
        self._root = root
        self._recursion = recursion
        self._left = max_growth
        self._open: dict[str, int] = {}  # references that are being expanded, and how often
        self._sizes: dict[int, int] = {}  # of values that are no schemas, by identity: the root keeps them alive

    def walk(self, node: Any, depth: int, *, is_copy: bool) -> Any:
        self._left -= _NODE_BYTES if is_copy else 0
        if type(node) is not dict:
            return node
        reference = node.get("$ref")
        if type(reference) is str:
            return self._expand(node, reference, depth)
        out: dict[str, Any] = {}
        for name, value in node.items():
            if is_copy:
                self._left -= _NODE_BYTES + len(name)
            if name in _DEFINITIONS and type(value) is dict:
                continue
            if name in _MAPS and type(value) is dict:
                entries = {}
                for key, entry in value.items():
                    entries[key] = self.walk(entry, depth + 2, is_copy=is_copy)
                    self._left -= _NODE_BYTES + len(key) if is_copy else 0
                out[name] = entries
            elif (name in _LISTS or name == "items") and type(value) is list:
                out[name] = [self.walk(entry, depth + 2, is_copy=is_copy) for entry in value]
            elif name in _SINGLES:
                out[name] = self.walk(value, depth + 1, is_copy=is_copy)
            else:
                if is_copy:
                    self._left -= self._size(value)
                out[name] = value
        return out

    def _expand(self, node: dict[str, Any], reference: str, depth: int) -> Any:
        """What the node refers to, with the keywords that stand beside the reference."""
        chain = {reference: True}
        self._left -= _NODE_BYTES + len(reference)
        target = _pointed(self._root, reference)
        beside = {name: value for name, value in node.items() if name != "$ref" and name not in _DEFINITIONS}
        while type(target) is dict and type(further := target.get("$ref")) is str:
            beside = {name: value for name, value in target.items() if name not in {"$ref", *_DEFINITIONS}} | beside
            self._left -= _NODE_BYTES * (1 + len(beside)) + len(further)
            if further in chain or self._left < 0:
                target = None  # a circle of mere references says nothing
                break
            chain[further] = True
            target = _pointed(self._root, further)
        if type(target) is bool and not beside:
            return target
        is_cut = depth > _DEEPEST or self._left < 0
        is_cut = is_cut or any(self._open.get(name, 0) >= self._recursion for name in chain)
        if type(target) is not dict or is_cut:
            return _open_schema(target, beside)
        for name in chain:
            self._open[name] = self._open.get(name, 0) + 1
        found = self.walk(target | beside, depth + 1, is_copy=True)
        for name in chain:
            self._open[name] -= 1
        return found

    def _size(self, value: Any) -> int:
        if type(value) is str:
            return len(value)
        if type(value) not in {list, dict}:
            return 8
        size = self._sizes.get(id(value))
        if size is None:
            size = self._sizes[id(value)] = len(msgspec.json.encode(value))
        return size


def _pointed(root: Any, reference: str) -> Any:
    """What a JSON pointer into the schema points to; ``None`` for nothing, and for every other sort of reference."""
    if reference[:1] != "#" or (len(reference) > 1 and reference[1] != "/"):
        return None
    found = root
    for step in unquote(reference[1:]).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if type(found) is dict and name in found:
            found = found[name]
        elif type(found) is list and name.isdecimal() and len(name) < 8 and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def _open_schema(target: Any, beside: Mapping[str, Any]) -> dict[str, Any]:
    told = {**target, **beside} if type(target) is dict else beside
    cut: dict[str, Any] = {"type": "object"} if told.get("type") == "object" or "properties" in told else {}
    description = told.get("description")
    return cut | {"description": description} if type(description) is str and len(description) < 1_024 else cut


# -------------------------------------------------------------------------------------------- the subset Gemini takes


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
    return wire


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
    elif node.get("format") in _FORMATS.get(kind, ()):
        wire["format"] = node["format"]
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
        if name not in node and isinstance(bound, int | float):
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
