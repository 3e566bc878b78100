"""Judging values by a schema, with the jsonschema library as the second opinion."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from stellwerk.simulator.schema.check import BadSchema, conforms

NAMES = st.sampled_from(["a", "b", "xa"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 6)
    | st.sampled_from([0.5, 1.0, 2.5])
    | st.sampled_from(["", "a", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
SMALL = st.integers(0, 3)


def _tables(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas with any mixture of keywords, satisfiable or not."""
    names = st.lists(NAMES, max_size=2, unique=True)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "number", "array", "object", "null", "boolean"])
            | st.lists(st.sampled_from(["string", "integer", "null"]), min_size=1, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "minimum": SMALL,
            "maximum": SMALL,
            "exclusiveMinimum": SMALL,
            "exclusiveMaximum": SMALL,
            "multipleOf": st.sampled_from([1, 2, 0.5]),
            "minLength": SMALL,
            "maxLength": SMALL,
            "pattern": st.sampled_from(["^a", "b"]),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "contains": inner,
            "minContains": SMALL,
            "maxContains": SMALL,
            "minItems": SMALL,
            "maxItems": SMALL,
            "uniqueItems": st.booleans(),
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "patternProperties": st.dictionaries(st.just("^x"), inner, max_size=1),
            "additionalProperties": inner,
            "propertyNames": st.fixed_dictionaries({"maxLength": SMALL}),
            "required": names,
            "dependentRequired": st.dictionaries(NAMES, names, max_size=1),
            "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
            "minProperties": SMALL,
            "maxProperties": SMALL,
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "$ref": st.just("#/$defs/part"),
        },
    )


SCHEMAS: st.SearchStrategy[Any] = st.recursive(st.booleans() | st.just({}), _tables, max_leaves=6)


@given(SCHEMAS, SCHEMAS, VALUES)
def test_the_judgement_is_that_of_the_reference_library(schema: Any, part: Any, value: Any) -> None:
    root = (
        {**schema, "$defs": {"part": part if "$ref" not in str(part) else True}} if isinstance(schema, dict) else schema
    )
    assert conforms(value, root, root) == Draft202012Validator(root).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "fitting", "unfitting"),
    [
        ({"exclusiveMinimum": 1}, 2, 1),
        ({"exclusiveMaximum": 1}, 0, 1),
        ({"multipleOf": 0.5}, 1.5, 1.2),
        ({"const": {"a": [1, True]}}, {"a": [1.0, True]}, {"a": [1, 1]}),
        ({"enum": [[1], None]}, [1], [1, 2]),
        ({"anyOf": [{"type": "null"}, {"type": "number"}]}, 1, "x"),
        ({"oneOf": [{"minimum": 1}, {"minimum": 3}]}, 2, 4),
        ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 2, 4),
        ({"not": {"type": "null"}}, 1, None),
        ({"if": {"minimum": 5}, "then": {"maximum": 9}, "else": {"maximum": 2}}, 7, 4),
        ({"prefixItems": [{"type": "null"}], "items": {"type": "integer"}}, [None, 1], [1, 1]),
        ({"items": {"type": "integer"}}, [1], ["x"]),
        ({"contains": {"const": 1}, "minContains": 2, "maxContains": 2}, [1, 0, 1], [1]),
        ({"uniqueItems": True}, [1, True], [1, 1.0]),
        ({"minItems": 1}, [1], []),
        ({"required": ["a"]}, {"a": 1}, {}),
        ({"maxProperties": 1}, {"a": 1}, {"a": 1, "b": 2}),
        ({"properties": {"a": {"type": "null"}}}, {"a": None, "b": 1}, {"a": 1}),
        ({"patternProperties": {"^x": {"type": "null"}}, "additionalProperties": False}, {"x1": None}, {"y": None}),
        ({"propertyNames": {"maxLength": 2}}, {"ab": 1}, {"abc": 1}),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
        ({"dependentSchemas": {"a": {"maxProperties": 1}}}, {"a": 1}, {"a": 1, "b": 1}),
        ({"type": "object"}, {}, []),
    ],
)
def test_each_keyword_lets_through_what_fits_and_nothing_else(schema: Any, fitting: Any, unfitting: Any) -> None:
    assert conforms(fitting, schema, schema)
    assert Draft202012Validator(schema).is_valid(fitting)
    assert not conforms(unfitting, schema, schema)
    assert not Draft202012Validator(schema).is_valid(unfitting)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "https://example.com/x"}, "leads out of the schema"),
        ({"$ref": "#/$defs/none"}, "leads nowhere"),
        ({"$ref": "#/list/5", "list": []}, "leads nowhere"),
        ({"$ref": "#"}, "without end"),
        ({"allOf": [5]}, "expected a schema"),
        ({"enum": 5}, "malformed"),
        ({"pattern": "("}, "malformed"),
    ],
)
def test_a_schema_that_cannot_be_followed_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadSchema, match=reason):
        conforms("x", schema, schema)


def test_a_reference_leads_through_lists_and_escapes() -> None:
    schema = {"$ref": "#/anyOf/1/x~1y", "anyOf": [True, {"x/y": {"type": "null"}}]}
    assert conforms(None, schema, schema)
    assert not conforms(1, schema, schema)
