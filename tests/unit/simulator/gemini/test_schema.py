"""The subset of OpenAPI: what it means as JSON Schema, and what is refused."""

from typing import Any

import pytest

from stellwerk.simulator.gemini.schema import json_schema
from stellwerk.simulator.refusal import Refusal

STRING = {"type": "STRING"}


@pytest.mark.parametrize(
    ("schema", "meant"),
    [
        (STRING, {"type": "string"}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "format": "enum", "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        ({"type": "STRING", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "STRING", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "INTEGER", "format": "int32", "minimum": 1}, {"type": "integer", "minimum": 1}),
        (
            {"type": "ARRAY", "items": STRING, "maxItems": 3},
            {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        ),
        (
            {"type": "OBJECT", "properties": {"a": STRING}, "required": ["a"], "propertyOrdering": ["a"]},
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        ),
        ({"type": "INTEGER", "format": "enum", "enum": ["1", "2"]}, {"type": "integer", "enum": [1, 2]}),
        ({"anyOf": [STRING]}, {"anyOf": [{"type": "string"}]}),
        ({"anyOf": [STRING], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ],
)
def test_a_schema_is_read(schema: dict[str, Any], meant: dict[str, Any]) -> None:
    assert json_schema(schema, "x") == meant


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({}, "x.type: must be specified"),
        ({"type": "OBJECT", "properties": {"a": {}}}, r"x.properties\[a\].type: must be specified"),
        ({"type": "ARRAY"}, "x.items: missing field"),
        ({"type": "INTEGER", "enum": ["1"]}, "only allowed for STRING type"),
        ({"type": "INTEGER", "format": "enum", "enum": ["x"]}, "must be whole numbers"),
        ({"type": "STRING", "enum": [""]}, "cannot be empty"),
        ({"type": "STRING", "properties": {}}, "only allowed for OBJECT type"),
        ({"type": "STRING", "format": "uri"}, "only 'date-time' and 'enum' are supported"),
        ({"type": "OBJECT", "required": ["a"]}, r"required\[0\]: property is not defined"),
        ({"anyOf": [STRING, {"type": "ARRAY"}]}, r"x.any_of\[1\].items"),
    ],
)
def test_what_the_api_does_not_know_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        json_schema(schema, "x")
