"""Two schemas that hold at once, as one: as far as that can be written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stellwerk.core.conformance import is_equal
from stellwerk.simulator.schema.check import Schema, as_list


def merged(one: Schema, other: Schema) -> Schema:
    """What both demand. Where two demands cannot be joined, ``other``'s stands; whoever uses it checks the result."""
    if isinstance(one, bool):
        return other if one else False
    if isinstance(other, bool):
        return one if other else False
    both = {**one, **other}
    for key in one.keys() & other.keys():
        if key in _JOINERS:
            both[key] = _JOINERS[key](one[key], other[key])
    return both


def _joined_tables(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, **{name: merged(one[name], part) if name in one else part for name, part in other.items()}}


def _joined_types(one: Any, other: Any) -> list[str]:
    first, second = as_list(one), as_list(other)
    common = [name for name in first if name in second]
    if "integer" not in common and {"integer", "number"} <= {*first, *second}:
        common.append("integer")
    return common


def _joined_names(one: list[str], other: list[str]) -> list[str]:
    return [*one, *(name for name in other if name not in one)]


def _common_members(one: list[Any], other: list[Any]) -> list[Any]:
    return [member for member in one if any(is_equal(member, known) for known in other)]


_JOINERS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), min),
    **dict.fromkeys(("properties", "patternProperties"), _joined_tables),
    **dict.fromkeys(("items", "additionalProperties", "propertyNames"), merged),
    "required": _joined_names,
    "enum": _common_members,
    "type": _joined_types,
    "allOf": lambda one, other: [*one, *other],
}
