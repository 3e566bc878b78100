"""Schemas test values as the reference implementation does, and what is not tested is refused."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.text.json_fit import UnusableSchema, compiled


def fits(schema: object, value: Any) -> bool:
    return compiled(schema, lambda written: lambda text: text.startswith(written))(value)


SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 0.5, "", "a", "ab", "ba"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
SIZES = st.integers(0, 3)
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
        "minItems": SIZES,
        "maxItems": SIZES,
        "uniqueItems": st.booleans(),
        "minLength": SIZES,
        "maxLength": SIZES,
        "minProperties": SIZES,
        "maxProperties": SIZES,
        "minimum": SIZES,
        "maximum": SIZES,
        "exclusiveMinimum": SIZES,
        "exclusiveMaximum": SIZES,
        "multipleOf": st.integers(1, 3),
        "title": st.just("t"),
    },
)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    listed = st.lists(inner, min_size=1, max_size=3)
    more: dict[str, st.SearchStrategy[Any]] = {
        "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        "additionalProperties": inner,
        "items": inner,
        "prefixItems": listed,
        "allOf": listed,
        "anyOf": listed,
        "oneOf": listed,
        "not": inner,
    }
    return st.fixed_dictionaries({}, optional=more)


SCHEMAS = st.recursive(st.booleans() | LEAVES, lambda inner: inner | _nested(inner), max_leaves=5)


@given(SCHEMAS, VALUES)
def test_values_fit_as_the_reference_implementation_says(schema: Any, value: Any) -> None:
    assert fits(schema, value) == jsonschema.Draft202012Validator(schema).is_valid(value)


TREE = {
    "$defs": {"node/a": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node~1a"}}, "required": ["v"]}},
    "$ref": "#/$defs/node~1a",
}


def test_references_may_lead_back_through_the_value() -> None:
    assert fits(TREE, {"v": 1, "next": {"v": 2, "next": {"v": 3}}})
    assert not fits(TREE, {"v": 1, "next": {"v": 2, "next": {}}})
    assert fits({"anyOf": [{"type": "null"}, {"items": {"$ref": "#"}, "type": "array"}]}, [None, [None, []]])
    assert fits({"anyOf": [{"$ref": "#/prefixItems/0"}], "prefixItems": [{"type": ["array", "null"]}]}, [None])


def test_a_value_that_branches_everywhere_is_judged_once_for_each_definition() -> None:
    branch = {"properties": {"x": {"$ref": "#/$defs/a"}}, "required": ["y"]}
    schema = {"$defs": {"a": {"anyOf": [branch] * 4}}, "$ref": "#/$defs/a"}
    value: dict[str, Any] = {}
    for _ in range(60):  # 4 ** 60 ways through it
        value = {"x": value}
    assert not fits(schema, value)


def test_patterns_are_for_those_who_can_run_them() -> None:
    assert fits({"pattern": "ab"}, "abc")
    assert not fits({"pattern": "ab"}, "cab")
    assert fits({"pattern": "ab"}, 7)

    def refuse(written: str) -> Any:
        raise ValueError(f"{written} no")

    with pytest.raises(UnusableSchema, match="#/pattern: ab no"):
        compiled({"pattern": "ab"}, refuse)


def test_equal_items_are_found_in_any_form() -> None:
    schema = {"uniqueItems": True}
    assert fits(schema, [1, True, "1", [1], {"a": 1}])
    assert not fits(schema, [{"a": [1], "b": False}, {"b": False, "a": [1.0]}])


def test_fractions_are_multiples_as_people_write_them() -> None:
    assert fits({"multipleOf": 0.1}, 0.3)
    assert not fits({"multipleOf": 0.1}, 0.25)


DEEP: dict[str, Any] = {}
for _ in range(120):
    DEEP = {"not": DEEP}
UNUSABLE = [
    ([], "#: expected a schema"),
    ({"if": True}, "#: 'if' is not supported"),
    ({"properties": {"a": {"patternProperties": {}}}}, "#/properties/a: 'patternProperties' is not supported"),
    ({"type": "text"}, "#/type: expected one of"),
    ({"properties": []}, "#/properties: expected an object"),
    ({"required": "a"}, "#/required: expected an array"),
    ({"required": [1]}, "#/required: expected names"),
    ({"uniqueItems": 1}, "#/uniqueItems: expected true or false"),
    ({"pattern": 1}, "#/pattern: expected a string"),
    ({"minLength": -1}, "#/minLength: expected a whole number"),
    ({"maximum": "3"}, "#/maximum: expected a number, found string"),
    ({"maximum": True}, "#/maximum: expected a number, found boolean"),
    ({"multipleOf": 0}, "#/multipleOf: expected a number above 0"),
    ({"$ref": "other.json"}, "expected a reference into the schema itself"),
    ({"$ref": 1}, "expected a reference into the schema itself"),
    ({"$ref": "#/$defs/a"}, "points nowhere"),
    ({"$ref": "#/anyOf/7", "anyOf": [True]}, "points nowhere"),
    ({"$ref": "#"}, "#: the reference leads back to itself"),
    ({"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "leads back"),
    (DEEP, "nested too deeply"),
]


@pytest.mark.parametrize(("schema", "reason"), UNUSABLE, ids=range(len(UNUSABLE)))
def test_what_is_not_tested_is_refused_with_its_place(schema: Any, reason: str) -> None:
    with pytest.raises(UnusableSchema) as refused:
        fits(schema, None)
    assert reason in str(refused.value)


def test_references_that_meet_again_are_no_circle() -> None:
    schema = {
        "$defs": {"a": {"$ref": "#/$defs/c"}, "b": {"$ref": "#/$defs/c"}, "c": {"type": "null"}},
        "allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}],
    }
    assert fits(schema, None)
    assert not fits(schema, 1)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"uniqueItems": False, "maxItems": 2}, [1, 1], [1, 1, 1]),
        ({"items": {"type": "number"}, "prefixItems": [{"const": "a"}]}, ["a", 1], ["a", "a"]),
        ({"properties": {"a": {"type": "integer"}}, "additionalProperties": False}, {"a": 1.0}, {"b": 1}),
        ({"additionalProperties": {"enum": [1, None]}}, {"b": None}, {"b": 2}),
        ({"required": ["a"], "minProperties": 1}, {"a": 1}, {}),
        ({"oneOf": [{"minimum": 2}, {"maximum": 3}]}, 1, 2.5),
        ({"allOf": [{"exclusiveMinimum": 0}, {"not": {"minLength": 2}}]}, "a", "ab"),
        ({"multipleOf": 2}, "any string", 3),
    ],
)
def test_keywords_do_what_they_say(schema: Any, good: Any, bad: Any) -> None:
    assert fits(schema, good)
    assert not fits(schema, bad)
