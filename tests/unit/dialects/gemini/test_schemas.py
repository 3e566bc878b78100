"""Schemas in Gemini's subset of OpenAPI, to it and from it (edge 10, complaint 31)."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from google.genai import types
from hypothesis import example, given
from hypothesis import strategies as st

from stellwerk.dialects.gemini.schemas import adapt_for_gemini, adapt_from_gemini
from stellwerk.errors import InvalidRequest


def raw(schema: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(schema).encode())


def adapt(schema: Any) -> Any:
    adapted = json.loads(bytes(adapt_for_gemini(raw(schema))))
    types.Schema.model_validate(adapted)
    return adapted


def back(schema: Any) -> Any:
    return json.loads(bytes(adapt_from_gemini(raw(schema))))


def test_edge_10_references_and_closed_objects_become_what_gemini_takes() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"unit": {"type": "string", "enum": ["C", "F"]}},
        "type": "object",
        "title": "Weather",
        "properties": {
            "city": {"type": "string", "minLength": 1},
            "unit": {"$ref": "#/$defs/unit", "description": "u"},
        },
        "required": ["city", "unit", "city", "gone"],
        "additionalProperties": False,
    }
    assert adapt(schema) == {
        "type": "OBJECT",
        "title": "Weather",
        "properties": {
            "city": {"type": "STRING", "minLength": 1},
            "unit": {"type": "STRING", "enum": ["C", "F"], "description": "u"},
        },
        "required": ["city", "unit"],
    }


def test_edge_10_a_recursive_schema_ends_in_an_open_object() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    adapted = adapt({"$defs": {"node": node}, "$ref": "#/$defs/node"})
    for _ in range(3):
        adapted = adapted["properties"]["next"]
    assert adapted == {"type": "OBJECT"}


@pytest.mark.parametrize(
    ("schema", "adapted"),
    [
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
        ({"type": ["null", "integer"], "minimum": 1}, {"type": "INTEGER", "minimum": 1, "nullable": True}),
        (
            {"type": ["string", "number"], "description": "d", "maxLength": 3},
            {
                "description": "d",
                "anyOf": [{"type": "STRING", "maxLength": 3}, {"type": "NUMBER", "maxLength": 3}],
            },
        ),
        ({"const": "a"}, {"type": "STRING", "enum": ["a"]}),
        ({"const": 3}, {"type": "INTEGER", "enum": ["3"], "format": "enum"}),
        ({"enum": [1, 2.5]}, {"type": "STRING", "enum": ["1", "2.5"]}),
        ({"enum": [True]}, {"type": "BOOLEAN"}),
        ({"type": "number", "enum": [1.5]}, {"type": "NUMBER", "enum": ["1.5"], "format": "enum"}),
        ({"enum": ["a", None]}, {"type": "STRING", "enum": ["a"], "nullable": True}),
        ({"type": "string", "format": "enum", "enum": ["a"]}, {"type": "STRING", "format": "enum", "enum": ["a"]}),
        ({"type": "string", "format": "uuid"}, {"type": "STRING"}),
        ({"type": "string", "format": "date-time"}, {"type": "STRING", "format": "date-time"}),
        ({"type": "integer", "format": "int64"}, {"type": "INTEGER", "format": "int64"}),
        ({"type": "boolean", "format": "enum"}, {"type": "BOOLEAN"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "STRING", "nullable": True}),
        (
            {"anyOf": [{"type": "string"}, {"const": None}], "title": "t"},
            {"type": "STRING", "title": "t", "nullable": True},
        ),
        ({"anyOf": [True]}, {"type": "OBJECT"}),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}], "pattern": "x"},
            {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}], "nullable": True},
        ),
        (
            {
                "allOf": [
                    {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": {}}, "required": ["b"]},
                    True,
                ],
                "description": "d",
            },
            {
                "description": "d",
                "type": "OBJECT",
                "properties": {"a": {"type": "STRING"}, "b": {"type": "OBJECT"}},
                "required": ["a", "b"],
            },
        ),
        ({"allOf": [{"type": "string"}], "minLength": 1}, {"type": "STRING", "minLength": 1}),
        ({"type": "array"}, {"type": "ARRAY", "items": {"type": "OBJECT"}}),
        ({"items": {"type": "string"}}, {"type": "ARRAY", "items": {"type": "STRING"}}),
        ({"prefixItems": [{"type": "string"}]}, {"type": "ARRAY", "items": {"type": "STRING"}}),
        (
            {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
            {"type": "ARRAY", "items": {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]}},
        ),
        (
            {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9},
            {"type": "INTEGER", "minimum": 1, "maximum": 8},
        ),
        ({"type": "number", "exclusiveMinimum": 0.5, "minimum": 0}, {"type": "NUMBER", "minimum": 0}),
        ({"type": "number", "exclusiveMaximum": 0.5}, {"type": "NUMBER", "maximum": 0.5}),
        ({"type": "string", "examples": ["x", "y"]}, {"type": "STRING", "example": "x"}),
        ({"type": "object", "patternProperties": {"x": {}}, "not": {}}, {"type": "OBJECT"}),
        ({"type": "new", "enum": "odd", "required": "a", "properties": 3}, {"type": "OBJECT"}),
        (True, {"type": "OBJECT"}),
        ({}, {"type": "OBJECT"}),
        ("odd", {"type": "OBJECT"}),
    ],
)
def test_complaint_31_every_keyword_becomes_one_that_gemini_takes_or_goes(schema: Any, adapted: Any) -> None:
    assert adapt(schema) == adapted


@pytest.mark.parametrize(
    ("subset", "standard"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        ({"nullable": True}, {}),
        ({"type": "INTEGER", "format": "enum", "enum": ["1", "x", 3]}, {"type": "integer", "enum": [1, "x", 3]}),
        ({"type": "NUMBER", "enum": ["1.5"]}, {"type": "number", "enum": [1.5]}),
        (
            {"type": "ARRAY", "min_items": "2", "items": {"type": "BOOLEAN"}},
            {"type": "array", "minItems": 2, "items": {"type": "boolean"}},
        ),
        ({"any_of": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (
            {"type": 5, "properties": 5, "anyOf": 5, "enum": 5, "items": 5},
            {"type": 5, "properties": 5, "anyOf": 5, "enum": 5, "items": 5},
        ),
        ("odd", "odd"),
    ],
)
def test_what_callers_write_is_read_as_json_schema(subset: Any, standard: Any) -> None:
    assert back(subset) == standard


TEXTS = st.text(max_size=4)
WORDS = {"description": TEXTS, "title": TEXTS}
LEAVES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("STRING")}, optional={**WORDS, "maxLength": st.integers(0, 9), "pattern": TEXTS}
    ),
    st.fixed_dictionaries({"type": st.just("STRING"), "enum": st.lists(TEXTS, min_size=1, max_size=2)}),
    st.fixed_dictionaries(
        {"type": st.just("INTEGER")}, optional={"minimum": st.integers(0, 9), "format": st.just("int32")}
    ),
    st.fixed_dictionaries({"type": st.just("BOOLEAN")}, optional={"nullable": st.just(True), "default": st.booleans()}),
)
SUBSETS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("ARRAY"), "items": inner}, optional={"minItems": st.integers(0, 9)}),
        st.fixed_dictionaries(
            {
                "type": st.just("OBJECT"),
                "properties": st.dictionaries(st.sampled_from(["a", "$ref", "type"]), inner, min_size=1),
            },
            optional={**WORDS, "nullable": st.just(True)},
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=2, max_size=3)}, optional={"nullable": st.just(True)}),
    ),
    max_leaves=8,
)


@given(SUBSETS)
def test_a_schema_of_the_subset_comes_back_from_json_schema(subset: Any) -> None:
    assert adapt(back(subset)) == subset


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), TEXTS, st.sampled_from(["string", "null", "array", "#"])),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    [
                        *("type", "properties", "items", "anyOf", "oneOf", "allOf", "$ref", "$defs", "enum", "const"),
                        *("required", "nullable", "format", "prefixItems", "exclusiveMinimum", "examples"),
                    ]
                ),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=15,
    )
)
@example({"type": "string", "format": []})
def test_any_json_is_adapted_to_something_with_types(schema: Any) -> None:
    adapted = json.loads(bytes(adapt_for_gemini(raw(schema))))
    assert "type" in adapted or "anyOf" in adapted
    adapt_from_gemini(raw(schema))


def test_a_schema_of_any_depth_is_adapted_or_refused() -> None:
    for opening, closing in ((b'{"properties":{"a":', b"}}"), (b'{"items":', b"}"), (b'{"allOf":[', b"]}")):
        for levels in (100, 300, *range(430, 500), *range(860, 1_000), 2_000):
            body = msgspec.Raw(opening * levels + b"{}" + closing * levels)
            for convert in (adapt_for_gemini, adapt_from_gemini):
                with contextlib.suppress(InvalidRequest):
                    convert(body)
