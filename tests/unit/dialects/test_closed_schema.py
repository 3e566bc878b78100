"""Schemas that have to be followed, in the part of JSON Schema that Anthropic and Bedrock take."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Message, Role
from stellwerk.core.part import Text
from stellwerk.core.tool import FunctionTool
from stellwerk.dialects.anthropic_messages import request as anthropic
from stellwerk.dialects.bedrock_converse import request as bedrock
from stellwerk.dialects.closed_schema import adapt
from stellwerk.dialects.openai_responses import request as responses
from stellwerk.simulator.anthropic.structured import check_strict

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer", "minimum": 1},
                "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value"],
        },
        "leaf": {"type": "string", "maxLength": 9},
    },
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/node"}, "name": {"$ref": "#/$defs/leaf"}},
}
CIRCLES: list[Any] = [
    TREE,
    {"type": "object", "properties": {"self": {"$ref": "#"}}},
    {
        "definitions": {
            "a": {"type": "array", "items": {"$ref": "#/definitions/b"}},
            "b": {"anyOf": [{"$ref": "#/definitions/a"}]},
        },
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/a"}},
    },
]
PLAIN = {
    "$defs": {"leaf": {"type": "string"}, "pair": {"type": "array", "items": {"$ref": "#/$defs/leaf"}}},
    "type": "object",
    "properties": {"pair": {"$ref": "#/$defs/pair"}, "$ref": {"type": "string"}},
    "additionalProperties": False,
}


def raw(schema: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(schema).encode())


def asked(schema: Any) -> ChatRequest:
    """A request with the schema for a strict tool and for the answer."""
    said = (Message(Role.USER, (Text("hello"),)),)
    tool = FunctionTool("f", parameters=None if schema is None else raw(schema), is_strict=True)
    format_ = None if schema is None else JsonSchemaFormat(raw(schema), "a", is_strict=True)
    return ChatRequest("claude-sonnet-4-5", said, tools=(tool,), output_format=format_)


@pytest.mark.parametrize("schema", CIRCLES)
def test_what_holds_itself_is_unrolled_and_closed(schema: Any) -> None:
    adapted = json.loads(bytes(adapt(raw(schema))))
    assert "$ref" not in json.dumps(adapted)
    check_strict(adapted, "here")


def test_what_leads_nowhere_back_stays_as_it_is() -> None:
    schema = raw(PLAIN)
    assert adapt(schema) is schema


@pytest.mark.parametrize(
    "schema", [*CIRCLES, {"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}}, None]
)
def test_strict_tools_and_answers_have_schemas_that_their_provider_takes(schema: Any) -> None:
    body = json.loads(anthropic.encode(asked(schema)))
    check_strict(body["tools"][0]["input_schema"], "anthropic")
    spec = json.loads(bedrock.encode(asked(schema)))["toolConfig"]["tools"][0]["toolSpec"]
    check_strict(spec["inputSchema"]["json"], "bedrock")
    if schema is not None:
        check_strict(body["output_config"]["format"]["schema"], "anthropic")
        told = json.loads(bedrock.encode(asked(schema)))["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
        check_strict(json.loads(told["schema"]), "bedrock")


def test_a_strict_tool_without_parameters_takes_none_and_nothing_else() -> None:
    (tool,) = json.loads(responses.encode(asked(None)))["tools"]
    assert tool["parameters"] == {"type": "object", "properties": {}, "additionalProperties": False}
