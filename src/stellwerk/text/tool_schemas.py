"""Declarations of tools without what no model needs: names, types, descriptions and bounds all stay.

What goes are titles that schema generators make of names, defaults of ``null`` and the ``null`` among the types of what
need not be given, words that say what holds anyway, descriptions that repeat the one around them, definitions that
nobody refers to, and white space within descriptions.
"""

from __future__ import annotations

import re
from typing import Any

_SCHEMAS = frozenset({"parameters", "input_schema", "inputSchema", "parametersJsonSchema"})
_MARKS = (*tuple(f'"{name}"' for name in sorted(_SCHEMAS)), '"$schema"', '"required"')
_BY_NAME = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})
_ONE = frozenset({"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"})
_MANY = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SPACE = re.compile(r"\s{2,}+|[\n\t]")
_NULL_TYPE = {"type": "null"}


def is_tools(held: Any) -> bool:
    """Whether a JSON value is a list of declarations of tools, of any dialect."""
    return isinstance(held, list) and bool(held) and all(map(_is_tool, held))


def is_declaring(text: str) -> bool:
    """Whether a JSON text looks like declarations of tools, or a schema, from what its names are."""
    return '"properties"' in text and '"type"' in text and any(name in text for name in _MARKS)


def slimmed(tools: list[Any]) -> list[Any]:
    """The same tools; what is no part of a schema stays as it is."""
    return [_tool(tool) for tool in tools]


def _is_tool(held: Any) -> bool:
    if not isinstance(held, dict):
        return False
    if isinstance(held.get("function"), dict):
        held = held["function"]
    elif isinstance(held.get("toolSpec"), dict):
        held = held["toolSpec"]
    declared = held.get("functionDeclarations") or held.get("function_declarations")
    if isinstance(declared, list):
        return bool(declared) and all(map(_is_tool, declared))
    return isinstance(held.get("name"), str) and any(isinstance(held.get(name), dict) for name in _SCHEMAS)


def _tool(held: Any) -> Any:
    if not isinstance(held, dict):
        return held
    made: dict[str, Any] = {}
    for name, inner in held.items():
        if name in {"function", "toolSpec"}:
            made[name] = _tool(inner)
        elif name in {"functionDeclarations", "function_declarations"} and isinstance(inner, list):
            made[name] = [_tool(each) for each in inner]
        elif name == "description" and isinstance(inner, str):
            made[name] = _plain(inner)
        elif name in _SCHEMAS and isinstance(inner, dict):
            is_strict = held.get("strict") is True
            wrapped = inner.get("json")
            slim = _Slimming(is_strict=is_strict)
            around = _plain(held["description"]) if isinstance(held.get("description"), str) else ""
            if isinstance(wrapped, dict) and len(inner) == 1:
                made[name] = {"json": slim.root(wrapped, around)}
            else:
                made[name] = slim.root(inner, around)
        else:
            made[name] = inner
    return made


class _Slimming:
    """Goes through one schema."""

    def __init__(self, *, is_strict: bool) -> None:
        self._is_strict = is_strict
        """Providers hold such schemas to rules of their own: types and what is required stay word for word."""

    def root(self, schema: dict[str, Any], around: str) -> dict[str, Any]:
        """A whole schema; ``around`` is what its tool is said to do."""
        made = self._object(schema, around)
        for name in ("$defs", "definitions"):
            defined = made.get(name)
            if isinstance(defined, dict):
                used = _used(made, defined, name)
                made[name] = {key: held for key, held in defined.items() if key in used}
                if not made[name]:
                    del made[name]
        return made

    def _schema(self, held: Any) -> Any:
        return self._object(held) if isinstance(held, dict) else held

    def _object(self, held: dict[str, Any], around: str = "") -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, inner in held.items():
            if self._is_idle(name, inner, held):
                continue
            if name == "description" and isinstance(inner, str):
                text = _plain(inner)
                if text and text != around:
                    made[name] = text
            elif name in _BY_NAME and isinstance(inner, dict):
                made[name] = {key: self._schema(each) for key, each in inner.items()}
            elif name in _ONE:
                made[name] = self._schema(inner)
            elif name in _MANY and isinstance(inner, list):
                self._choose(made, name, inner, held)
            else:
                made[name] = inner
        return made

    def _is_idle(self, name: str, inner: Any, held: dict[str, Any]) -> bool:
        if name in {"title", "$schema", "$id", "$comment"}:
            return isinstance(inner, str)
        if self._is_strict:
            return False
        if name == "default":
            return inner is None
        if name == "additionalProperties":
            return inner is True or (inner == {} and "properties" in held)
        return name in {"required", "examples"} and inner == []

    def _choose(self, made: dict[str, Any], name: str, choices: list[Any], held: dict[str, Any]) -> None:
        """Puts the choices there, without ``null`` where that is what is taken by itself."""
        others = [choice for choice in choices if choice != _NULL_TYPE]
        is_optional = name == "anyOf" and len(others) < len(choices) and held.get("default", "") is None
        if self._is_strict or not is_optional:
            made[name] = [self._schema(choice) for choice in choices]
        elif len(others) == 1 and isinstance(others[0], dict) and not others[0].keys() & (held.keys() - {"title"}):
            made.update(self._object(others[0]))
        else:
            made[name] = [self._schema(choice) for choice in others]


def _plain(text: str) -> str:
    """A description without line breaks and indentation, unless it has lists or examples that live by them."""
    if "```" in text or "\n- " in text or "\n* " in text or "\n1" in text or "    " in text.strip():
        return text.strip()
    return _SPACE.sub(" ", text).strip()


def _used(schema: dict[str, Any], defined: dict[str, Any], name: str) -> set[str]:
    """The definitions that are referred to, from outside of them or by each other."""
    outside = {key: held for key, held in schema.items() if key != name}
    used: set[str] = set()
    ahead = _references(outside)
    while ahead:
        key = ahead.pop()
        if key not in used and key in defined:
            used.add(key)
            ahead += _references(defined[key])
    return used


def _references(held: Any) -> list[str]:
    found: list[str] = []
    ahead = [held]
    while ahead:
        one = ahead.pop()
        if isinstance(one, dict):
            reference = one.get("$ref")
            if isinstance(reference, str):
                found.append(reference.rsplit("/", 1)[-1])
            ahead += one.values()
        elif isinstance(one, list):
            ahead += one
    return found
