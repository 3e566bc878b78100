"""JSON schemas with references: inlined within bounds, whatever a caller writes."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.dialects.json_schema import MAX_GROWTH, inline_references
from stellwerk.errors import InvalidRequest


def inline(schema: Any, **bounds: int) -> Any:
    return json.loads(bytes(inline_references(raw(schema), **bounds)))


def raw(schema: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(schema).encode())


def test_a_schema_without_references_is_the_same_object() -> None:
    schema = raw({"type": "object", "$defs": {"unused": {}}})
    assert inline_references(schema) is schema


def test_references_are_replaced_and_definitions_go() -> None:
    schema = {
        "$defs": {"city": {"type": "string", "description": "A city"}, "a/b~c": {"type": "integer"}},
        "definitions": {"old": {"$ref": "#/$defs/city"}},
        "type": "object",
        "properties": {
            "from": {"$ref": "#/$defs/city"},
            "to": {"$ref": "#/definitions/old", "description": "Where to"},
            "days": {"type": "array", "items": {"$ref": "#/$defs/a~1b~0c"}},
            "more": {"anyOf": [{"$ref": "#/$defs/city"}, {"type": "null"}]},
            "pair": {"type": "array", "prefixItems": [{"$ref": "#/properties/days/items"}], "items": [True]},
            "open": {"additionalProperties": {"$ref": "#/$defs/city"}},
            "second": {"$ref": "#/properties/more/anyOf/1"},
            "$ref": {"type": "string"},
        },
        "required": ["from"],
    }
    city = {"type": "string", "description": "A city"}
    assert inline(schema) == {
        "type": "object",
        "properties": {
            "from": city,
            "to": {"type": "string", "description": "Where to"},
            "days": {"type": "array", "items": {"type": "integer"}},
            "more": {"anyOf": [city, {"type": "null"}]},
            "pair": {"type": "array", "prefixItems": [{"type": "integer"}], "items": [True]},
            "open": {"additionalProperties": city},
            "second": {"type": "null"},
            "$ref": {"type": "string"},
        },
        "required": ["from"],
    }


def test_what_is_no_schema_is_not_looked_into() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x"}},
        "$defs": {
            "x": {"default": {"$ref": "#/$defs/x"}, "enum": [{"$ref": 1}], "const": 7, "title": "t", "minimum": 1.5}
        },
    }
    definition = {"default": {"$ref": "#/$defs/x"}, "enum": [{"$ref": 1}], "const": 7, "title": "t", "minimum": 1.5}
    assert inline(schema) == {"properties": {"a": definition, "b": definition}}


@pytest.mark.parametrize(
    "reference",
    ["#/$defs/none", "#anchor", "https://example.com/schema", "other.json", "#/anyOf/9", "#/anyOf/x", "#/type/x", ""],
)
def test_a_reference_that_points_nowhere_is_an_open_schema(reference: str) -> None:
    schema = {"type": "object", "anyOf": [{}], "properties": {"a": {"$ref": reference, "description": "d"}}}
    assert inline(schema)["properties"]["a"] == {"description": "d"}


def test_a_reference_to_a_boolean_is_that_boolean() -> None:
    schema = {"$defs": {"any": True}, "properties": {"a": {"$ref": "#/$defs/any"}, "b": {"$ref": 5}}}
    assert inline(schema) == {"properties": {"a": True, "b": {"$ref": 5}}}


def test_a_circle_of_mere_references_is_an_open_schema() -> None:
    schema = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}
    assert inline(schema) == {}


def test_a_recursive_schema_is_cut_with_an_open_object() -> None:
    node = {"type": "object", "description": "n", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["x"]}
    schema = {"$defs": {"node": node}, "$ref": "#/$defs/node"}
    cut = {"type": "object", "description": "n"}
    twice = {**node, "properties": {"next": {**node, "properties": {"next": cut}}}}
    assert inline(schema, recursion=2) == twice


def test_a_recursive_schema_that_points_to_its_root_is_cut() -> None:
    schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#"}}]}
    inner = {"anyOf": [{"type": "string"}, {"type": "array", "items": {}}]}
    assert inline(schema, recursion=1) == {"anyOf": [{"type": "string"}, {"type": "array", "items": inner}]}


def seconds(schema: Any) -> tuple[float, int]:
    body = raw(schema)
    begun = time.process_time()
    out = inline_references(body)
    return time.process_time() - begun, len(bytes(out)) - len(bytes(body))


def doubling(levels: int) -> Any:
    definitions: dict[str, Any] = {
        f"d{level}": {"properties": {"a": {"$ref": f"#/$defs/d{level + 1}"}, "b": {"$ref": f"#/$defs/d{level + 1}"}}}
        for level in range(levels)
    }
    return {"$defs": {**definitions, f"d{levels}": {"type": "string"}}, "$ref": "#/$defs/d0"}


def all_to_all(size: int) -> Any:
    every = {f"p{other}": {"$ref": f"#/$defs/d{other}"} for other in range(size)}
    return {"$defs": {f"d{one}": {"type": "object", "properties": every} for one in range(size)}, "$ref": "#/$defs/d0"}


def chain(size: int) -> Any:
    links: dict[str, Any] = {f"d{link}": {"$ref": f"#/$defs/d{link + 1}", "title": "t"} for link in range(size)}
    return {"$defs": links, "properties": {f"p{number}": {"$ref": "#/$defs/d0"} for number in range(100)}}


def nested(size: int) -> Any:
    links: dict[str, Any] = {f"d{link}": {"items": {"$ref": f"#/$defs/d{link + 1}"}} for link in range(size)}
    return {"$defs": links, "$ref": "#/$defs/d0"}


def heavy(size: int) -> Any:
    values = {"enum": ["x" * 100] * 1000, "description": "y" * 100_000}
    return {"$defs": {"d": values}, "properties": {f"p{number}": {"$ref": "#/$defs/d"} for number in range(size)}}


@pytest.mark.parametrize(
    "schema",
    [doubling(60), all_to_all(60), chain(20_000), nested(5_000), heavy(2_000)],
    ids=["doubling", "all_to_all", "chain", "nested", "heavy"],
)
def test_references_that_blow_up_cost_bounded_time_and_space(schema: Any) -> None:
    cost, growth = seconds(schema)
    assert cost < 5
    assert growth < 8 * MAX_GROWTH


def test_a_schema_of_any_depth_is_inlined_or_refused() -> None:
    outcomes: set[type] = set()
    for levels in (1, 100, 200, *range(300, 520, 4), 1_000, 5_000):
        for opening, closing in ((b'{"properties":{"a":', b"}}"), (b'{"items":', b"}")):
            deep = opening * levels + b"{}" + closing * levels
            wrapped = b'{"$ref":"#/$defs/d"}'
            for _ in range(25):
                wrapped = b'{"properties":{"a":' + wrapped + b"}}"
            body = b'{"$defs":{"d":' + deep + b'},"items":' + wrapped + b',"contains":' + deep + b"}"
            try:
                outcomes.add(type(inline_references(msgspec.Raw(body))))
            except InvalidRequest:
                outcomes.add(InvalidRequest)
    assert outcomes == {msgspec.Raw, InvalidRequest}


NAMES = st.sampled_from(["a", "b", "c"])
SCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        st.sampled_from([{"type": "string"}, {"type": "object"}, {}]),
        st.builds(lambda name: {"$ref": f"#/$defs/{name}"}, NAMES),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"properties": st.dictionaries(NAMES, inner, max_size=3)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"items": inner}),
    ),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, SCHEMAS, max_size=3), SCHEMAS)
def test_whatever_refers_to_whatever_no_reference_is_left(definitions: Any, schema: Any) -> None:
    root = {"$defs": definitions, **(schema if isinstance(schema, dict) else {})}
    out = inline(root)
    assert "$ref" not in json.dumps(out)
    assert inline(out) == out
