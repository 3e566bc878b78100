"""The part of JSON Schema by which answers are checked."""

from __future__ import annotations

from typing import Any

import pytest

from stellwerk.core.conformance import conforms

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": ["integer", "null"]}},
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        ({"name": "Ada"}, True),
        ({"name": "Ada", "age": 36}, True),
        ({"name": "Ada", "age": 36.0}, True),
        ({"name": "Ada", "age": None}, True),
        ({"name": "Ada", "age": 36.5}, False),
        ({"name": "Ada", "age": True}, False),
        ({"name": 1}, False),
        ({"age": 36}, False),
        ({"name": "Ada", "born": 1815}, False),
        ([{"name": "Ada"}], False),
        ("Ada", False),
    ],
)
def test_an_object_has_the_members_that_it_must_and_may(value: Any, *, is_right: bool) -> None:
    assert conforms(value, PERSON) is is_right


def test_items_are_checked_one_by_one() -> None:
    schema = {"type": "array", "items": PERSON}
    assert conforms([], schema)
    assert conforms([{"name": "Ada"}, {"name": "Mary"}], schema)
    assert not conforms([{"name": "Ada"}, {}], schema)


def test_one_is_not_true_in_a_list_of_values() -> None:
    assert conforms(1.0, {"enum": [1, "a"]})
    assert not conforms(True, {"enum": [1, "a"]})
    assert conforms({"a": [1]}, {"const": {"a": [1.0]}})
    assert not conforms({"a": [1, 2]}, {"const": {"a": [1]}})
    assert not conforms({"b": [1]}, {"const": {"a": [1]}})


def test_members_that_are_not_named_have_the_form_of_the_others() -> None:
    schema = {"properties": {"a": True}, "additionalProperties": {"type": "number"}}
    assert conforms({"a": "x", "b": 1, "c": 1.5}, schema)
    assert not conforms({"a": "x", "b": "1"}, schema)


def test_a_schema_may_be_true_or_false() -> None:
    assert conforms(None, True)
    assert not conforms(None, False)


def test_openapi_s_nullable_allows_null() -> None:
    assert conforms(None, {"type": "string", "enum": ["a"], "nullable": True})
    assert not conforms(None, {"type": "string", "nullable": False})


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (3, {"minimum": 5}),
        ("x", {"pattern": "^y"}),
        (3, {"anyOf": [{"type": "string"}]}),
        (3, {"$ref": "#/$defs/missing"}),
        (3, {"type": "STRING"}),
        (3, {"type": 7}),
        (3, {"enum": "abc"}),
        ({}, {"required": "name"}),
        ({}, {"required": [1]}),
        ({"a": 1}, {"properties": ["a"]}),
        ({"xa": 1}, {"patternProperties": {"^x": {}}, "additionalProperties": False}),
        (["a", 1], {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}),
        ([1], {"items": [{"type": "string"}]}),
        (3, "no schema"),
    ],
)
def test_what_is_not_known_is_accepted(value: Any, schema: Any) -> None:
    assert conforms(value, schema)


def test_a_value_without_end_does_not_exhaust_the_stack() -> None:
    value: Any = 1
    schema: dict[str, Any] = {"type": ["array", "integer"]}
    schema["items"] = schema
    for _ in range(5_000):
        value = [value]
    assert conforms(value, schema)
