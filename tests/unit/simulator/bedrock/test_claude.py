"""What models of Anthropic demand beyond Converse."""

from typing import Any

import msgspec
import pytest

from stellwerk.simulator.ask import Ask
from stellwerk.simulator.bedrock.request import read_converse
from stellwerk.simulator.bedrock.signature import sign
from stellwerk.simulator.refusal import Refusal

CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
USER = {"role": "user", "content": [{"text": "Hello there"}]}
TOOLS = {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]}
RESULT = {"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": []}}]}
CALL = {"toolUse": {"toolUseId": "a", "name": "f", "input": {}}}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1_024}}


def _read(model: str = CLAUDE, **fields: Any) -> Ask:
    return read_converse(msgspec.json.encode({"messages": [USER], **fields}), model, is_stream=False)


def _thought(text: str = "Hm.", signature: str | None = None) -> dict[str, Any]:
    told = {"text": text} | ({"signature": signature} if signature is not None else {})
    return {"reasoningContent": {"reasoningText": told}}


def _turn(*blocks: Any) -> dict[str, Any]:
    return {"messages": [USER, {"role": "assistant", "content": list(blocks)}, RESULT], "toolConfig": TOOLS}


def test_it_thinks_when_it_is_told_to() -> None:
    assert _read().thinks is False
    told = _read(additionalModelRequestFields=THINKING)
    assert (told.thinks, told.most_thoughts, told.shows_thoughts) == (True, 1_024, True)
    adaptive = _read(
        additionalModelRequestFields={"reasoning_config": {"type": "adaptive"}}, outputConfig={"effort": "low"}
    )
    assert (adaptive.thinks, adaptive.most_thoughts, adaptive.effort) == (True, None, "low")
    assert _read("deepseek.r1-v1:0").thinks is None


def test_thoughts_come_back_as_they_went() -> None:
    signed = _thought("Hm.", sign("Hm."))
    _read(**_turn(signed, CALL), additionalModelRequestFields=THINKING)
    _read(**_turn({"reasoningContent": {"redactedContent": "QUJD"}}, CALL), additionalModelRequestFields=THINKING)
    for block, reason in (
        (_thought("Hm.", sign("Hm!")), "Invalid `signature`"),
        (_thought("Hm.", "junk"), "Invalid `signature`"),
        (_thought("", sign("Hm.")), "Invalid `signature`"),
        (_thought("Hm."), "signature: Field required"),
    ):
        with pytest.raises(Refusal, match=reason):
            _read(**_turn(block, CALL))
    _read("deepseek.r1-v1:0", **_turn(_thought("Hm."), CALL))


@pytest.mark.parametrize(("blocks", "found"), [([CALL], "tool_use"), ([{"text": "x"}, CALL], "text")])
def test_a_turn_with_calls_begins_with_its_thoughts(blocks: list[Any], found: str) -> None:
    _read(**_turn(*blocks))
    with pytest.raises(Refusal, match=f"found `{found}`"):
        _read(**_turn(*blocks), additionalModelRequestFields=THINKING)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"additionalModelRequestFields": {"thinking": {"type": "enabled"}}}, "budget_tokens: Field required"),
        (
            {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 5}}},
            "greater than or equal to 1024",
        ),
        ({"additionalModelRequestFields": THINKING, "inferenceConfig": {"maxTokens": 1_024}}, "must be greater than"),
        ({"additionalModelRequestFields": THINKING, "inferenceConfig": {"temperature": 0.5}}, "may only be set to 1"),
        (
            {"additionalModelRequestFields": THINKING, "toolConfig": TOOLS | {"toolChoice": {"any": {}}}},
            "forces tool use",
        ),
        ({"messages": [USER, {"role": "assistant", "content": [{"text": "So "}]}]}, "trailing whitespace"),
    ],
)
def test_what_the_model_refuses_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        _read(**fields)
    _read("amazon.nova-pro-v1:0", **fields)


def test_results_come_before_the_rest() -> None:
    late = {"role": "user", "content": [{"text": "So"}, *RESULT["content"]]}
    with pytest.raises(Refusal, match="must come before"):
        _read(messages=[USER, {"role": "assistant", "content": [CALL]}, late], toolConfig=TOOLS)


def _output(schema: Any) -> dict[str, Any]:
    json_schema = {"schema": msgspec.json.encode(schema).decode()}
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": json_schema}}}}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "object"}, "must be explicitly set to false"),
        ({"type": "array", "items": {"properties": {}}}, "must be explicitly set to false"),
        ({"$defs": {"a": {"type": "object"}}}, "must be explicitly set to false"),
        ({"type": "integer", "minimum": 1}, "For 'integer' type, property 'minimum' is not supported"),
        ({"anyOf": [{"type": "string", "maxLength": 5}]}, "'maxLength' is not supported"),
    ],
)
def test_schemas_of_answers_are_of_the_smaller_kind(schema: Any, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        _read(**_output(schema))
    _read("amazon.nova-pro-v1:0", **_output(schema))


def test_a_schema_that_fits_is_taken_and_one_without_end_is_not() -> None:
    fits = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": False}
    assert _read(**_output(fits)).output == fits
    deep: Any = {}
    for _ in range(100):
        deep = {"items": deep}
    with pytest.raises(Refusal, match="too deeply"):
        _read(**_output(deep))
