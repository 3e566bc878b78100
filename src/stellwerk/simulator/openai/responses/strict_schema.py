"""What a JSON Schema must have where ``strict`` is true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stellwerk.simulator.openai.responses.places import refusal

DEEPEST = 100


def check_strict(schema: Any, what: str, code: str, param: str) -> None:
    """Raises ``Refusal`` for the schema of ``what`` when it leaves anything open."""
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        found = schema.get("type") if isinstance(schema, Mapping) else schema
        reason = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{found}\"'"
        raise refusal(f"Invalid schema for {what}: {reason}.", param, code)
    problem = _problem(schema, (), 0)
    if problem is not None:
        raise refusal(f"Invalid schema for {what}: {problem}.", param, code)


def _problem(schema: Any, context: tuple[str, ...], depth: int) -> str | None:
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return f"In context={context}, schema is invalid or nested too deeply"
    kinds = schema.get("type")
    if kinds == "object" or (isinstance(kinds, list) and "object" in kinds):
        properties = schema.get("properties")
        names = set(properties) if isinstance(properties, Mapping) else set()
        required = schema.get("required")
        if schema.get("additionalProperties") is not False:
            return f"In context={context}, 'additionalProperties' is required to be supplied and to be false"
        if names - set(required if isinstance(required, list) else ()):
            needed = "'required' is required to be supplied and to be an array including every key in properties"
            return f"In context={context}, {needed}"
    for key in ("allOf", "oneOf", "not", "if", "patternProperties"):
        if key in schema:
            return f"In context={context}, '{key}' is not permitted"
    for path, part in _parts(schema):
        problem = _problem(part, (*context, *path), depth + 1)
        if problem is not None:
            return problem
    return None


def _parts(schema: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    parts: list[tuple[tuple[str, ...], Any]] = []
    for key in ("properties", "$defs", "definitions"):
        if isinstance(schema.get(key), Mapping):
            parts += [((key, str(name)), part) for name, part in schema[key].items()]
    if isinstance(schema.get("anyOf"), list):
        parts += [(("anyOf", str(index)), part) for index, part in enumerate(schema["anyOf"])]
    if "items" in schema:
        parts.append((("items",), schema["items"]))
    return parts
