"""What a JSON Schema may have where the answer, or a strict tool's input, has to follow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stellwerk.simulator.anthropic.places import refusal

DEEPEST = 100
_UNSUPPORTED = {
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength"),
    "array": ("maxItems", "uniqueItems", "contains", "prefixItems", "minContains", "maxContains"),
    "object": ("minProperties", "maxProperties", "patternProperties", "propertyNames", "dependentRequired"),
}
_NEVER = ("oneOf", "not", "if", "then", "else", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems")


def check_strict(schema: Any, place: str) -> None:
    """Raises ``Refusal`` for a schema that a grammar cannot be made of."""
    _check(schema, schema, place, (), 0)


def _check(schema: Any, root: Any, place: str, within: tuple[str, ...], depth: int) -> None:
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        raise refusal(f"{place}: Schema is invalid or too complex")
    for key in _NEVER:
        if key in schema:
            raise refusal(f"{place}: '{key}' is not supported")
    reference = schema.get("$ref")
    if reference is not None:
        _check_reference(reference, root, place, within, depth)
    kinds = schema.get("type")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        _check_kind(str(kind), schema, place)
    for key, part in _parts(schema):
        _check(part, root, f"{place}.{key}", within, depth + 1)


def _check_reference(reference: object, root: Any, place: str, within: tuple[str, ...], depth: int) -> None:
    """Follows a reference into the definitions; back into what it came from it may not lead."""
    if not isinstance(reference, str) or not reference.startswith(("#/$defs/", "#/definitions/")):
        raise refusal(f"{place}: External schema references are not supported")
    if reference in within:
        raise refusal(f"{place}: Circular reference detected in schema definitions: {reference}")
    _, holder, name = reference.split("/", 2)
    definitions = root.get(holder)
    if not isinstance(definitions, Mapping) or name not in definitions:
        raise refusal(f"{place}: The reference {reference} leads nowhere")
    if depth < DEEPEST:
        _check(definitions[name], root, place, (*within, reference), depth + 1)


def _check_kind(kind: str, schema: Mapping[str, Any], place: str) -> None:
    found = [key for key in _UNSUPPORTED.get(kind, ()) if key in schema]
    if found:
        raise refusal(f"{place}: For '{kind}' type, properties {', '.join(found)} are not supported")
    if kind == "object" and schema.get("additionalProperties") is not False:
        raise refusal(f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    if kind == "array" and schema.get("minItems") not in {None, 0, 1}:
        raise refusal(f"{place}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")


def _parts(schema: Mapping[str, Any]) -> list[tuple[str, Any]]:
    parts: list[tuple[str, Any]] = []
    for key in ("properties", "$defs", "definitions"):
        if isinstance(schema.get(key), Mapping):
            parts += [(f"{key}.{name}", part) for name, part in schema[key].items()]
    for key in ("anyOf", "allOf"):
        if isinstance(schema.get(key), list):
            parts += [(f"{key}.{index}", part) for index, part in enumerate(schema[key])]
    if "items" in schema:
        parts.append(("items", schema["items"]))
    return parts
