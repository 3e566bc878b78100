"""Values made for a schema, judged by the jsonschema library."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from stellwerk.simulator.dice import Dice
from stellwerk.simulator.prose import Writers
from stellwerk.simulator.schema.check import BadSchema
from stellwerk.simulator.schema.value import write_value

PROSE = Writers(b"seed").writer("en", "")
NAMES = st.sampled_from(["city", "name", "count", "items", "note"])


def _bounded(kind: str, step: float | None) -> st.SearchStrategy[Any]:
    bounds = st.tuples(st.integers(-50, 50), st.integers(4, 60))
    extra = {} if step is None else {"multipleOf": step}
    return bounds.map(lambda pair: {"type": kind, "minimum": pair[0], "maximum": pair[0] + pair[1], **extra})


def _strings() -> st.SearchStrategy[Any]:
    lengths = st.tuples(st.integers(0, 60), st.integers(0, 60))
    return lengths.map(lambda pair: {"type": "string", "minLength": pair[0], "maxLength": sum(pair)})


SCALARS = st.one_of(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "boolean"},
            {"type": "null"},
            {"type": "integer"},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
            {"type": "integer", "maximum": -10},
            {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{2,4}$"},
            {"type": "string", "format": "date-time"},
            {"type": ["string", "null"]},
            {"enum": ["red", "green", 3, None]},
            {"const": {"a": [1]}},
            {"minimum": 5},
            {},
            True,
        ]
    ),
    _strings(),
    _bounded("integer", None),
    _bounded("integer", 4),
    _bounded("number", None),
    _bounded("number", 0.5),
)


def _composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = st.tuples(inner, st.integers(0, 3), st.integers(0, 3)).map(
        lambda parts: {"type": "array", "items": parts[0], "minItems": parts[1], "maxItems": parts[1] + parts[2]}
    )
    tuples = st.lists(inner, min_size=1, max_size=3).map(
        lambda parts: {"type": "array", "prefixItems": parts, "items": False, "minItems": len(parts)}
    )
    objects = st.tuples(st.dictionaries(NAMES, inner, max_size=4), st.booleans(), st.booleans()).map(
        lambda parts: {
            "type": "object",
            "properties": parts[0],
            "required": list(parts[0]) if parts[1] else list(parts[0])[:1],
            "additionalProperties": parts[2],
        }
    )
    either = st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts})
    both = objects.map(lambda schema: {"allOf": [schema, {"required": list(schema["properties"])}]})
    optional = inner.map(lambda schema: {"anyOf": [schema, {"type": "null"}]})
    return arrays | tuples | objects | either | both | optional


SCHEMAS = st.recursive(SCALARS, _composed, max_leaves=12)


@given(SCHEMAS, st.binary(max_size=8))
def test_every_value_conforms_to_its_schema(schema: Any, seed: bytes) -> None:
    Draft202012Validator(schema).validate(write_value(schema, Dice(seed), PROSE))


HARD: list[Any] = [
    {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
    {"type": "string", "not": {"enum": ["the result", "most of the cost"]}},
    {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 3}, "uniqueItems": True, "minItems": 4},
    {"type": "array", "contains": {"const": "x"}, "items": {"type": "string"}, "minContains": 2},
    {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
    {"type": "object", "minProperties": 2, "patternProperties": {"^k_[a-z]{3}$": True}, "additionalProperties": False},
    {"type": "object", "minProperties": 2, "propertyNames": {"pattern": "^[a-f]{4}$"}},
    {"type": "object", "properties": {"a": True, "b": {"type": "null"}}, "dependentRequired": {"a": ["b"]}},
    {"properties": {"a": {"const": 1}}, "required": ["a", "z"], "maxProperties": 2},
    {
        "if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]},
        "then": {"required": ["x"]},
        "else": {"required": ["y"]},
        "properties": {"kind": {"enum": ["a", "b"]}, "x": {"type": "integer"}, "y": {"type": "string"}},
    },
    {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "value": {"type": "integer"},
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["value", "next", "children"],
                "additionalProperties": False,
            }
        },
    },
    {"allOf": [{"type": ["integer", "string"], "minimum": 3}, {"type": "number", "maximum": 9}]},
    {"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}]},
    {
        "allOf": [
            True,
            {"type": "object", "properties": {"a": {"minLength": 3}}},
            {"properties": {"a": {"maxLength": 5}}},
        ]
    },
    {"allOf": [{"items": {"type": "integer"}, "minItems": 2}, {"items": {"minimum": 1000}, "maxItems": 3}]},
    {"type": "object", "properties": {"never": False, "a": {"type": "string"}}},
    {"type": "string", "minLength": 500},
    {"anyOf": [False, {"type": "boolean"}]},
    {"type": "array", "prefixItems": [{"const": 1}], "items": False},
    {
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {"anyOf": [{"type": "array", "items": {"$ref": "#"}, "minItems": 2}, {"const": "leaf"}]}},
    },
]


@pytest.mark.parametrize("schema", HARD)
@given(seed=st.binary(max_size=4))
def test_what_needs_thought_is_satisfied_too(schema: Any, seed: bytes) -> None:
    Draft202012Validator(schema).validate(write_value(schema, Dice(seed), PROSE))


@pytest.mark.parametrize(
    "name", ["date", "time", "date-time", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"]
)
def test_formats_are_followed(name: str) -> None:
    value = write_value({"type": "string", "format": name}, Dice(b"x"), PROSE)
    assert isinstance(value, str)
    assert " " not in value


def test_the_name_of_a_key_decides_what_its_text_is_about() -> None:
    schema = {"properties": {"city": {"type": "string"}, "email": {"type": "string"}}, "required": ["city", "email"]}
    value = write_value(schema, Dice(b"x"), PROSE)
    assert value["city"] in {"Berlin", "Vienna", "Zurich", "Lisbon", "Oslo"}
    assert "@" in value["email"]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (False, "no value that conforms"),
        ({"enum": []}, "no value that conforms"),
        ({"type": []}, "no value that conforms"),
        ({"anyOf": []}, "no value that conforms"),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "no value that conforms"),
        ({"type": "array", "minItems": 3, "maxItems": 1}, "no value that conforms"),
        ({"$ref": "#"}, "refers to itself without end"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "no value that conforms"),
        ({"type": "colour"}, "the type 'colour' is unknown"),
        ({"type": "string", "pattern": "(?=x)"}, "a look-around"),
        ({"type": "string", "minLength": "three"}, "the schema is malformed"),
        ({"properties": {"a": 5}, "required": ["a"]}, "expected a schema, found 5"),
    ],
)
def test_a_schema_that_cannot_be_satisfied_is_refused(schema: Any, reason: str) -> None:
    with pytest.raises(BadSchema, match=reason):
        write_value(schema, Dice(b"x"), PROSE)
