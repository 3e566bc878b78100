"""Seeded values that conform to a JSON Schema: made from it, checked against it, made again where that fails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stellwerk.core.conformance import is_equal, type_of
from stellwerk.simulator.dice import Dice
from stellwerk.simulator.prose import Prose
from stellwerk.simulator.schema.check import BadSchema, Schema, as_schema, conforms, resolve
from stellwerk.simulator.schema.merge import merged
from stellwerk.simulator.schema.pattern import pattern_writer
from stellwerk.simulator.schema.scalar import number, string

TRIES = 60
SHALLOW = 4
"""Below this depth only what is required is written."""
DEEPEST = 60
OPTIONAL_PROBABILITY = 0.8


class _DeadEnd(Exception):
    """This way no value can be made; another throw of the dice may find one."""


def write_value(schema: Schema, dice: Dice, prose: Prose) -> Any:
    """A value that conforms to ``schema``. Raises ``BadSchema`` when the schema is wrong or no value was found."""
    maker = _Maker(as_schema(schema), dice, prose)
    for _ in range(TRIES):
        try:
            value = maker.make(schema, "", 0)
            if conforms(value, schema, schema):
                return value
        except _DeadEnd:
            continue
        except BadSchema:
            raise
        except (TypeError, AttributeError, ValueError, KeyError, OverflowError, RecursionError, re.error) as error:
            raise BadSchema(f"the schema is malformed: {error}") from error
    raise BadSchema("no value that conforms to the schema was found")


class _Maker:
    """Makes values for the parts of one schema."""

    def __init__(self, root: Schema, dice: Dice, prose: Prose) -> None:
        self._root = root
        self._dice = dice
        self._prose = prose

    def make(self, schema: Schema, name: str, depth: int) -> Any:
        """A value for ``schema``, which stands under the key ``name``. What it does not see to, the check finds."""
        if depth > DEEPEST:
            raise _DeadEnd
        schema = self._flat(as_schema(schema), depth)
        if isinstance(schema, bool):
            if schema:
                return self._prose.phrase(self._dice)
            raise _DeadEnd
        if "const" in schema or "enum" in schema:
            return self._listed(schema)
        kind = self._kind(schema, depth)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        return self._scalar(kind, schema, name)

    def _scalar(self, kind: str, schema: Mapping[str, Any], name: str) -> Any:
        match kind:
            case "string":
                return string(schema, name, self._dice, self._prose)
            case "integer" | "number":
                return number(schema, self._dice, is_whole=kind == "integer")
            case "boolean":
                return self._dice.has_luck(0.5)
            case "null":
                return None
            case _:
                raise BadSchema(f"the type {kind!r} is unknown")

    def _flat(self, schema: Schema, depth: int) -> Schema:
        """``schema`` with its references followed, its parts joined and one of its branches chosen."""
        for _ in range(DEEPEST):
            if isinstance(schema, bool):
                return schema
            rest = dict(schema)
            if "$ref" in rest:
                schema = merged(resolve(self._root, rest.pop("$ref")), rest)
            elif "allOf" in rest:
                parts = rest.pop("allOf")
                schema = rest
                for part in parts:
                    schema = merged(schema, as_schema(part))
            elif "anyOf" in rest or "oneOf" in rest:
                branches = rest.pop("anyOf" if "anyOf" in rest else "oneOf")
                schema = merged(rest, self._branch(branches, depth))
            elif "if" in rest:
                condition = rest.pop("if")
                yes, no = rest.pop("then", True), rest.pop("else", True)
                schema = merged(rest, merged(condition, yes) if self._dice.has_luck(0.5) else no)
            else:
                return schema
        raise BadSchema("the schema refers to itself without end")

    def _branch(self, branches: list[Any], depth: int) -> Schema:
        """One alternative; deep down the one that goes no deeper, if there is one."""
        if not branches:
            raise _DeadEnd
        if depth >= SHALLOW:
            shallow = [part for part in branches if isinstance(part, Mapping) and _is_scalar(part)]
            branches = shallow or branches
        return as_schema(self._dice.pick(branches))

    def _listed(self, schema: Mapping[str, Any]) -> Any:
        listed = [schema["const"]] if "const" in schema else schema["enum"]
        members = [member for member in listed if conforms(member, schema, self._root)]
        if not members:
            raise _DeadEnd
        return self._dice.pick(members)

    def _kind(self, schema: Mapping[str, Any], depth: int) -> str:
        wanted = schema.get("type")
        if isinstance(wanted, str):
            return wanted
        if isinstance(wanted, list):
            if not wanted:
                raise _DeadEnd
            values = [name for name in wanted if name != "null"]
            is_null = "null" in wanted and (not values or depth >= SHALLOW or self._dice.has_luck(0.2))
            return "null" if is_null else str(self._dice.pick(values))
        return next((kind for key, kind in _TELLING.items() if key in schema), "string")

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        first, items = schema.get("prefixItems", []), schema.get("items", True)
        contained = schema.get("minContains", 1) if "contains" in schema else 0
        least = max(schema.get("minItems", 0), contained)
        most = schema.get("maxItems", least + 3 if depth < SHALLOW else least)
        if items is False:
            most = min(most, len(first))
        if most < least:
            raise _DeadEnd
        wanted = self._dice.between(min(max(least, 1), most) if depth < SHALLOW else least, min(most, least + 3))
        made: list[Any] = []
        for _ in range(wanted * 8):
            if len(made) == wanted:
                break
            part = first[len(made)] if len(made) < len(first) else items
            if len(made) < contained:
                part = merged(as_schema(part), as_schema(schema["contains"]))
            value = self.make(part, name, depth + 1)
            if not schema.get("uniqueItems") or not any(is_equal(value, other) for other in made):
                made.append(value)
        return made

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = self._required(schema, depth)
        made = {
            name: self.make(self._property(schema, name), name, depth + 1) for name in properties if name in required
        }
        for name in required:
            if name not in made:
                made[name] = self.make(self._property(schema, name), name, depth + 1)
        for name in self._further_names(schema, schema.get("minProperties", 0) - len(made), made):
            made[name] = self.make(self._property(schema, name), name, depth + 1)
        return made

    def _required(self, schema: Mapping[str, Any], depth: int) -> list[str]:
        """The names to write: what must be there, what that brings along, and most of the rest."""
        names = list(schema.get("required", ()))
        room = schema.get("maxProperties", len(names) + len(schema.get("properties", {}))) - len(names)
        for name, part in schema.get("properties", {}).items():
            is_possible = name not in names and room > 0 and part is not False and depth < SHALLOW
            if is_possible and self._dice.has_luck(OPTIONAL_PROBABILITY):
                names.append(name)
                room -= 1
        for name in names:
            names.extend(other for other in schema.get("dependentRequired", {}).get(name, ()) if other not in names)
        return names

    def _property(self, schema: Mapping[str, Any], name: str) -> Schema:
        properties = schema.get("properties", {})
        if name in properties:
            return as_schema(properties[name])
        for pattern, part in schema.get("patternProperties", {}).items():
            if re.search(pattern, name):
                return as_schema(part)
        return as_schema(schema.get("additionalProperties", True))

    def _further_names(self, schema: Mapping[str, Any], count: int, made: dict[str, Any]) -> list[str]:
        """``count`` more names, first of properties, then of patterns, then free ones."""
        names = [name for name in schema.get("properties", {}) if name not in made][: max(count, 0)]
        patterns = list(schema.get("patternProperties", {}))
        for _ in range(max(count, 0) * 8):
            if len(names) >= count:
                break
            if schema.get("additionalProperties") is False and patterns:
                name = pattern_writer(self._dice.pick(patterns))(self._dice)
            elif "propertyNames" in schema:
                name = str(self.make(merged({"type": "string"}, schema["propertyNames"]), "", 0))
            else:
                name = f"{self._dice.letters(6, 'abcdefghijklmnopqrstuvwxyz')}"
            if name not in names and name not in made:
                names.append(name)
        return names


_TELLING = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "patternProperties": "object",
    "propertyNames": "object",
    "minProperties": "object",
    "maxProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "contains": "array",
    "minItems": "array",
    "maxItems": "array",
    "uniqueItems": "array",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
    "multipleOf": "number",
}
"""Which type a schema without one means, by the keyword that it has."""


def _is_scalar(schema: Mapping[str, Any]) -> bool:
    if "const" in schema:
        return type_of(schema["const"]) not in {"object", "array"}
    return schema.get("type") in {"null", "string", "integer", "number", "boolean"}
