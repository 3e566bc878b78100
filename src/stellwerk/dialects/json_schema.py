"""JSON Schemas made fit for providers that take a part of the language: references inlined, within bounds."""

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


def inline_references(raw: msgspec.Raw, *, recursion: int = RECURSION, max_growth: int = MAX_GROWTH) -> msgspec.Raw:
    """The schema with every ``$ref`` replaced by what it points to, and without definitions.

    A definition that holds itself is unrolled ``recursion`` times and then cut: an object stays an open object,
    anything else an open schema. References that point nowhere, or out of the schema, become open schemas; so do all
    that come once ``max_growth`` is used up, so that references to references cannot blow up. Without references the
    same object comes back. Raises ``InvalidRequest`` for a schema that is nested too deeply.
    """
    if b'"$ref"' not in bytes(raw):
        return raw
    return write_schema(inlined(read_schema(raw), recursion, max_growth))


def read_schema(raw: msgspec.Raw) -> Any:
    """The schema decoded. Raises ``InvalidRequest`` for one that is nested too deeply."""
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise too_deep() from None


def write_schema(schema: Any) -> msgspec.Raw:
    """The schema encoded. Raises ``InvalidRequest`` for one that is nested too deeply."""
    try:
        return msgspec.Raw(msgspec.json.encode(schema))
    except RecursionError:
        raise too_deep() from None


def too_deep() -> InvalidRequest:
    """What to tell a caller whose schema is nested too deeply."""
    return InvalidRequest("A JSON schema of the request is nested too deeply.")


def inlined(schema: Any, recursion: int = RECURSION, max_growth: int = MAX_GROWTH) -> Any:
    """``inline_references`` for a schema that is decoded."""
    inliner = _Inliner(schema, recursion, max_growth)
    try:
        return inliner.walk(schema, 0, is_copy=False)
    except RecursionError:
        raise too_deep() from None


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
