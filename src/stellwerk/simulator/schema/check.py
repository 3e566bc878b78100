"""Whether a value conforms to a JSON Schema (draft 2020-12, without remote references and ``unevaluated…``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stellwerk.core.conformance import is_equal, type_of

Schema = Mapping[str, Any] | bool

DEEPEST = 200
"""A schema that goes deeper than this for one value goes in circles."""


class BadSchema(ValueError):
    """A schema that cannot be followed."""


def resolve(root: Schema, reference: object) -> Schema:
    """The part of ``root`` that a local reference names. Raises ``BadSchema``."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise BadSchema(f"the reference {reference!r} leads out of the schema")
    part: Any = root
    for step in reference.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(part, list) and key.isdecimal() and int(key) < len(part):
            part = part[int(key)]
        elif isinstance(part, Mapping) and key in part:
            part = part[key]
        else:
            raise BadSchema(f"the reference {reference!r} leads nowhere")
    return as_schema(part)


def as_schema(part: object) -> Schema:
    """``part``, if it can be a schema. Raises ``BadSchema``."""
    if isinstance(part, Mapping | bool):
        return part
    raise BadSchema(f"expected a schema, found {part!r}")


def conforms(value: object, schema: Schema, root: Schema, depth: int = 0) -> bool:
    """Whether ``value`` conforms to ``schema``, a part of ``root``. Raises ``BadSchema``."""
    if depth > DEEPEST:
        raise BadSchema("the schema refers to itself without end")
    schema = as_schema(schema)
    if isinstance(schema, bool):
        return schema

    def holds(part: object, inner: object) -> bool:
        return conforms(inner, as_schema(part), root, depth + 1)

    if "$ref" in schema and not holds(resolve(root, schema["$ref"]), value):
        return False
    try:
        return (
            _is_of_type(value, schema)
            and _is_listed(value, schema)
            and _is_combined(value, schema, holds)
            and _fits(value, schema, holds)
        )
    except (TypeError, AttributeError, re.error) as error:
        raise BadSchema(f"the schema is malformed: {error}") from error


Holds = Callable[[object, object], bool]


def _is_of_type(value: object, schema: Mapping[str, Any]) -> bool:
    wanted = schema.get("type")
    if wanted is None:
        return True
    found = type_of(value)
    return any(found == name or (name == "number" and found == "integer") for name in as_list(wanted))


def _is_listed(value: object, schema: Mapping[str, Any]) -> bool:
    if "const" in schema and not is_equal(value, schema["const"]):
        return False
    return "enum" not in schema or any(is_equal(value, member) for member in schema["enum"])


def _is_combined(value: object, schema: Mapping[str, Any], holds: Holds) -> bool:
    if not all(holds(part, value) for part in schema.get("allOf", ())):
        return False
    if "anyOf" in schema and not any(holds(part, value) for part in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(holds(part, value) for part in schema["oneOf"]) != 1:
        return False
    if "not" in schema and holds(schema["not"], value):
        return False
    if "if" in schema:
        return holds(schema.get("then" if holds(schema["if"], value) else "else", True), value)
    return True


def _fits(value: object, schema: Mapping[str, Any], holds: Holds) -> bool:
    if isinstance(value, str):
        return _fits_string(value, schema)
    if isinstance(value, list):
        return _fits_array(value, schema, holds)
    if isinstance(value, dict):
        return _fits_object(value, schema, holds)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _fits_number(value, schema)
    return True


def _fits_string(value: str, schema: Mapping[str, Any]) -> bool:
    return _is_within(len(value), schema, "minLength", "maxLength") and (
        "pattern" not in schema or re.search(schema["pattern"], value) is not None
    )


def _fits_number(value: float, schema: Mapping[str, Any]) -> bool:
    if not _is_within(value, schema, "minimum", "maximum"):
        return False
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        return False
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        return False
    step = schema.get("multipleOf")
    return step is None or (value % step == 0 if isinstance(step, int) else (value / step).is_integer())


def _fits_array(value: list[Any], schema: Mapping[str, Any], holds: Holds) -> bool:
    if not _is_within(len(value), schema, "minItems", "maxItems"):
        return False
    first = schema.get("prefixItems", ())
    if not all(map(holds, first, value)):
        return False
    if "items" in schema and not all(holds(schema["items"], item) for item in value[len(first) :]):
        return False
    if "contains" in schema:
        hits = sum(holds(schema["contains"], item) for item in value)
        if not schema.get("minContains", 1) <= hits <= schema.get("maxContains", hits):
            return False
    return not schema.get("uniqueItems") or not any(
        is_equal(item, other) for index, item in enumerate(value) for other in value[:index]
    )


def _fits_object(value: dict[str, Any], schema: Mapping[str, Any], holds: Holds) -> bool:
    properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    rest = schema.get("additionalProperties", True)
    needed = schema.get("dependentRequired", {})
    if not _is_within(len(value), schema, "minProperties", "maxProperties"):
        return False
    if not _has_all(value, schema.get("required", ())):
        return False
    for name, item in value.items():
        parts = [properties[name]] if name in properties else []
        parts += [part for pattern, part in patterns.items() if re.search(pattern, name)]
        if not all(holds(part, item) for part in parts or [rest]):
            return False
        if "propertyNames" in schema and not holds(schema["propertyNames"], name):
            return False
        if not _has_all(value, needed.get(name, ())) or not holds(
            schema.get("dependentSchemas", {}).get(name, True), value
        ):
            return False
    return True


def _has_all(value: dict[str, Any], names: Iterable[str]) -> bool:
    return all(name in value for name in names)


def _is_within(amount: float, schema: Mapping[str, Any], least: str, most: str) -> bool:
    return bool(schema.get(least, amount) <= amount <= schema.get(most, amount))


def as_list(value: Any) -> list[Any]:
    """``value``, alone in a list unless it is one."""
    return value if isinstance(value, list) else [value]
