"""Whether a JSON value can be one of a schema, by the keywords that matter most; what is not known here is accepted.

Known are ``type``, ``nullable`` (OpenAPI), ``enum``, ``const``, ``properties``, ``required``, ``additionalProperties``
and ``items``. So a value that is refused is really none of the schema, and one that is accepted may still not be.
"""

from __future__ import annotations

from typing import Any

_DEEPEST = 100
"""What lies deeper in a value is accepted."""
_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


def conforms(value: object, schema: object, depth: int = 0) -> bool:
    """Whether nothing that is known of the schema speaks against the value; a malformed schema says nothing."""
    if schema is False:
        return False
    if not isinstance(schema, dict) or depth > _DEEPEST or (value is None and schema.get("nullable") is True):
        return True
    if not _is_of_type(value, schema.get("type")) or not _is_listed(value, schema):
        return False
    if isinstance(value, dict):
        return _has_members(value, schema, depth + 1)
    # Beside prefixItems, items are the others only.
    if isinstance(value, list) and "items" in schema and "prefixItems" not in schema:
        return all(conforms(item, schema["items"], depth + 1) for item in value)
    return True


def type_of(value: object) -> str:
    """The JSON type of a value; whole floats are integers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) or value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def is_equal(one: object, other: object) -> bool:
    """Equality of JSON values: 1 is 1.0, but not true."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(value, other[key]) for key, value in one.items())
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _is_of_type(value: object, wanted: object) -> bool:
    names = wanted if isinstance(wanted, list) else [wanted]
    if not all(isinstance(name, str) and name in _TYPES for name in names):
        return True
    found = type_of(value)
    return found in names or (found == "integer" and "number" in names)


def _is_listed(value: object, schema: dict[str, Any]) -> bool:
    if "const" in schema and not is_equal(value, schema["const"]):
        return False
    listed = schema.get("enum")
    return not isinstance(listed, list) or any(is_equal(value, member) for member in listed)


def _has_members(value: dict[str, Any], schema: dict[str, Any], depth: int) -> bool:
    required, known = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and any(isinstance(name, str) and name not in value for name in required):
        return False
    properties: dict[str, Any] = known if isinstance(known, dict) else {}
    # Beside patternProperties, additional ones are those that match none of the patterns.
    others = True if "patternProperties" in schema else schema.get("additionalProperties", True)
    return all(conforms(member, properties.get(name, others), depth) for name, member in value.items())
