"""Declarations of tools without what no model needs."""

from __future__ import annotations

from typing import Any

import pytest

from stellwerk.text.tool_schemas import is_declaring, is_tools, slimmed

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Order",
    "type": "object",
    "description": "Orders lamps.",
    "additionalProperties": True,
    "required": ["title"],
    "properties": {
        "title": {"title": "Title", "type": "string", "description": "The  name\n of it"},
        "count": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None, "title": "Count"},
        "colour": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}], "default": None},
        "size": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "steps": {"type": "string", "description": "One of:\n- a\n- b\n"},
        "place": {"$ref": "#/$defs/Place"},
        "tags": {"type": "array", "items": {"title": "Tag", "type": "string"}, "examples": []},
        "any": True,
    },
    "$defs": {
        "Place": {"title": "Place", "type": "object", "properties": {"of": {"$ref": "#/$defs/Town"}}},
        "Town": {"enum": ["a", "b"], "description": ""},
        "Unused": {"type": "string"},
    },
}
SLIM = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "description": "The name of it"},
        "count": {"type": "integer", "minimum": 1},
        "colour": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "size": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "steps": {"type": "string", "description": "One of:\n- a\n- b"},
        "place": {"$ref": "#/$defs/Place"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "any": True,
    },
    "$defs": {
        "Place": {"type": "object", "properties": {"of": {"$ref": "#/$defs/Town"}}},
        "Town": {"enum": ["a", "b"]},
    },
}


def test_a_schema_keeps_names_types_and_what_is_said_of_them() -> None:
    tool = {"name": "order", "description": "Orders lamps.", "input_schema": SCHEMA}
    assert slimmed([tool]) == [{"name": "order", "description": "Orders lamps.", "input_schema": SLIM}]
    assert slimmed(slimmed([tool])) == slimmed([tool])


@pytest.mark.parametrize(
    ("wrapped", "slim"),
    [
        (
            {"type": "function", "function": {"name": "order", "parameters": SCHEMA}},
            {"type": "function", "function": {"name": "order", "parameters": {"description": "Orders lamps.", **SLIM}}},
        ),
        (
            {"functionDeclarations": [{"name": "order", "parameters": SCHEMA}]},
            {"functionDeclarations": [{"name": "order", "parameters": {"description": "Orders lamps.", **SLIM}}]},
        ),
        (
            {"toolSpec": {"name": "order", "inputSchema": {"json": SCHEMA}}},
            {"toolSpec": {"name": "order", "inputSchema": {"json": {"description": "Orders lamps.", **SLIM}}}},
        ),
    ],
)
def test_tools_of_every_dialect_are_known(wrapped: dict[str, Any], slim: dict[str, Any]) -> None:
    assert is_tools([wrapped])
    assert slimmed([wrapped]) == [slim]


def test_a_strict_schema_keeps_its_types() -> None:
    strict = {"name": "order", "strict": True, "parameters": {**SCHEMA, "required": []}}
    made = slimmed([strict])[0]["parameters"]
    assert made["properties"]["count"] == {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
        "default": None,
    }
    assert made["additionalProperties"] is True
    assert made["required"] == []


def test_an_option_that_says_more_keeps_its_choices() -> None:
    held = {"anyOf": [{"type": "integer", "description": "so"}, {"type": "null"}], "default": None, "description": "x"}
    made = slimmed([{"name": "a", "parameters": {"type": "object", "properties": {"p": held}}}])
    assert made[0]["parameters"]["properties"]["p"] == {
        "anyOf": [{"type": "integer", "description": "so"}],
        "description": "x",
    }


def test_references_to_elsewhere_are_followed_by_their_name() -> None:
    schema = {"$ref": "#/components/schemas/Town", "definitions": {"Town": {"type": "string"}, "Other": {}}}
    made = slimmed([{"name": "a", "parameters": schema}])
    assert made[0]["parameters"]["definitions"] == {"Town": {"type": "string"}}


def test_definitions_that_nobody_needs_go() -> None:
    made = slimmed([{"name": "a", "parameters": {"type": "object", "$defs": {"Other": {}}, "definitions": 1}}])
    assert made[0]["parameters"] == {"type": "object", "definitions": 1}


@pytest.mark.parametrize(
    "held",
    [
        {"name": "a"},
        [],
        [1],
        [{"name": "a", "parameters": 1}],
        [{"parameters": {}}],
        [{"functionDeclarations": []}],
        "tools",
    ],
)
def test_other_lists_are_no_tools(held: Any) -> None:
    assert not is_tools(held)


def test_what_is_no_schema_stays() -> None:
    tools = [1, {"name": "a", "parameters": {}, "function": 2, "functionDeclarations": 3, "description": 4, "x": None}]
    assert slimmed(tools) == tools


def test_a_text_that_declares_is_told_by_its_names() -> None:
    assert is_declaring('{"parameters": {"type": "object", "properties": {}}}')
    assert is_declaring('{"type": "object", "properties": {}, "required": []}')
    assert not is_declaring('{"type": "lamp", "properties": {}}')


def test_a_definition_may_refer_to_itself() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"items": {"$ref": "#/$defs/A"}}, "B": {"$ref": "#/$defs/B"}}}
    made = slimmed([{"name": "a", "parameters": schema}])
    assert list(made[0]["parameters"]["$defs"]) == ["A"]
