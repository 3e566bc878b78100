"""What Converse requests ask, and what is refused."""

from typing import Any

import msgspec
import pytest

from stellwerk.simulator.ask import Ask
from stellwerk.simulator.bedrock.request import read_converse, read_count
from stellwerk.simulator.refusal import Refusal

NOVA = "amazon.nova-pro-v1:0"
USER = {"role": "user", "content": [{"text": "Hello there"}]}
OBJECT = {"json": {"type": "object", "properties": {}}}
WEATHER = {"toolSpec": {"name": "get_weather", "description": "d", "inputSchema": OBJECT}}
CLOCK = {"toolSpec": {"name": "clock", "inputSchema": OBJECT}}
TOOLS = {"tools": [WEATHER, CLOCK]}
PNG = {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}
POINT = {"cachePoint": {"type": "default"}}


def _read(*, is_stream: bool = False, **fields: Any) -> Ask:
    return read_converse(msgspec.json.encode({"messages": [USER], **fields}), NOVA, is_stream=is_stream)


def _document(name: str) -> dict[str, Any]:
    return {"document": {"format": "txt", "name": name, "source": {"bytes": "QUJDRA=="}}}


def _calls(*ids: str) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": [{"toolUse": {"toolUseId": name, "name": "clock", "input": {}}} for name in ids],
    }


def _results(*ids: str, **fields: Any) -> dict[str, Any]:
    content = [{"toolResult": {"toolUseId": name, "content": [{"text": "noon"}], **fields}} for name in ids]
    return {"role": "user", "content": content}


def test_a_plain_request_is_read() -> None:
    ask = _read()
    assert (ask.model, ask.is_stream, ask.text, ask.max_tokens) == (NOVA, False, "Hello there", None)
    assert (ask.prompt_tokens, ask.cache_marks, ask.guard) == (6, (), None)


def test_everything_that_shapes_the_answer_is_read() -> None:
    ask = _read(
        is_stream=True,
        inferenceConfig={"maxTokens": 9, "temperature": 0.5, "topP": 1, "stopSequences": ["x"]},
        guardrailConfig={"guardrailIdentifier": "g1", "guardrailVersion": "1", "trace": "enabled"},
        additionalModelResponseFieldPaths=["/stop_sequence"],
        requestMetadata={"team": "a"},
        performanceConfig={"latency": "standard"},
        serviceTier={"type": "flex"},
        outputConfig={"effort": "low"},
    )
    assert (ask.is_stream, ask.max_tokens, ask.stop, ask.effort) == (True, 9, ("x",), "low")
    assert (ask.guard, ask.traces_guard, ask.wanted_fields) == ("g1", True, ("/stop_sequence",))


def test_cache_points_stand_behind_what_is_cached() -> None:
    tools = {"tools": [WEATHER, POINT]}
    ask = _read(
        toolConfig=tools,
        system=[{"text": "Be kind"}, POINT],
        messages=[{"role": "user", "content": [{"text": "x"}, POINT]}],
    )
    assert ask.cache_marks == (1, 2, 4)
    with pytest.raises(Refusal, match="maximum of 4"):
        _read(system=[{"text": "x"}, *[POINT] * 5])


def test_media_and_documents_count() -> None:
    content = [{"text": "What is this?"}, PNG, _document("a")]
    assert _read(messages=[{"role": "user", "content": content}]).prompt_tokens == 4 + 4 + 1_500 + 1


def test_results_of_tools_are_read_with_their_names() -> None:
    ask = _read(messages=[USER, _calls("a", "b"), _results("b", "a")], toolConfig=TOOLS)
    assert ask.tool_results == (("clock", "noon"), ("clock", "noon"))
    json = {"toolResult": {"toolUseId": "a", "content": [{"json": {"t": 1}}, PNG], "status": "success"}}
    ask = _read(messages=[USER, _calls("a"), {"role": "user", "content": [json, {"text": "So?"}]}], toolConfig=TOOLS)
    assert ask.text == "So?"


@pytest.mark.parametrize(
    ("choice", "must_call", "named"),
    [
        (None, False, None),
        ({"auto": {}}, False, None),
        ({"any": {}}, True, None),
        ({"tool": {"name": "clock"}}, True, "clock"),
    ],
)
def test_the_choice_of_tools_is_read(choice: Any, must_call: bool, named: str | None) -> None:
    ask = _read(toolConfig=TOOLS | ({"toolChoice": choice} if choice else {}))
    assert ([tool.name for tool in ask.tools], ask.must_call, ask.named_tool) == (
        ["get_weather", "clock"],
        must_call,
        named,
    )


def test_formats_of_answers_become_schemas() -> None:
    wanted = {"type": "json_schema", "structure": {"jsonSchema": {"name": "n", "schema": '{"type":"integer"}'}}}
    assert _read(outputConfig={"textFormat": wanted}).output == {"type": "integer"}
    for schema, reason in (("{", "not valid JSON"), ("5", "must be an object")):
        wanted["structure"]["jsonSchema"]["schema"] = schema  # type: ignore[index]
        with pytest.raises(Refusal, match=reason):
            _read(outputConfig={"textFormat": wanted})


def test_counts_are_read() -> None:
    body = {"input": {"converse": {"messages": [USER], "system": [{"text": "Be kind"}]}}}
    assert read_count(msgspec.json.encode(body), NOVA).prompt_tokens == 8


def _content(*blocks: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": list(blocks)}]}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"messages": []}, "must start with a user message"),
        ({"messages": [_calls("a")]}, "must start with a user message"),
        ({"messages": [USER, USER]}, "must alternate"),
        ({"messages": [{"role": "system", "content": []}]}, "Invalid enum value 'system' at messages.0.role"),
        (_content(), "messages.0 is empty"),
        (_content({"text": ""}), "messages.0.content.0 is blank"),
        (_content({"text": " \n"}), "is blank"),
        (_content({}), "exactly one member of the union, found none at messages.0.content.0"),
        (_content({"text": "x", "image": PNG["image"]}), "found text, image"),
        (_content({"surprise": 1}), "unknown field 'surprise'"),
        (_content({"image": {"format": "bmp", "source": {"bytes": "QQ=="}}}), "Invalid enum value 'bmp'"),
        (_content({"image": {"format": "png", "source": {"bytes": ""}}}), "length >= 1"),
        (_content({"image": {"format": "png", "source": {"bytes": "?"}}}), "Invalid base64"),
        (_content({"reasoningContent": {"reasoningText": {"text": "x"}}}), "role assistant"),
        (_content({"reasoningContent": {"reasoningText": {}}}), "missing required field 'text'"),
        (_content(_calls("a")["content"][0]), "role assistant"),
        (_content(_document("a")), "A text block is required"),
        (_content({"text": "x"}, _document("a.b")), "document file name can only contain"),
        (_content({"text": "x"}, _document("a  b")), "document file name can only contain"),
        (_content({"text": "x"}, _document("a"), _document("a")), "not unique"),
        ({"messages": [USER, {"role": "assistant", "content": [PNG]}, USER]}, "role user"),
        ({"messages": [USER, _calls("a"), _results("a")]}, "The toolConfig field must be defined"),
        ({"messages": [USER, _calls("a"), USER], "toolConfig": TOOLS}, "Expected toolResult blocks at messages.2"),
        ({"messages": [USER, _calls("a", "b"), _results("a")], "toolConfig": TOOLS}, "for the following Ids: b"),
        ({"messages": [USER, _calls("a"), _results("a", "c")], "toolConfig": TOOLS}, "exceeds the number"),
        ({"messages": [USER, _calls("a"), _results("a", "a")], "toolConfig": TOOLS}, "duplicate Ids"),
        ({"messages": [USER, _calls("a", "a"), _results("a")], "toolConfig": TOOLS}, "duplicate Ids"),
        ({"messages": [_results("a")], "toolConfig": TOOLS}, "exceeds the number"),
        ({"messages": [USER, _calls("a!"), _results("a!")], "toolConfig": TOOLS}, "matching regex"),
        (
            {"messages": [USER, _calls("a"), _results("a", status="error", content=[])], "toolConfig": TOOLS},
            "cannot be empty when status value is error",
        ),
        ({"system": [{"text": ""}]}, "length >= 1"),
        ({"system": [{"text": " "}]}, "SystemContentBlock object is blank"),
        ({"inferenceConfig": {"maxTokens": 0}}, ">= 1"),
        ({"inferenceConfig": {"temperature": 2}}, "<= 1"),
        ({"inferenceConfig": {"topK": 2}}, "unknown field 'topK'"),
        ({"toolConfig": {"tools": []}}, "length >= 1"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "a.b", "inputSchema": OBJECT}}]}}, "matching regex"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "x" * 65, "inputSchema": OBJECT}}]}}, "length <= 64"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "a"}}]}}, "missing required field 'inputSchema'"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": {}}}}]}}, "must be: object"),
        (
            {"toolConfig": {"tools": [{"toolSpec": {"name": "a", "description": "", "inputSchema": OBJECT}}]}},
            "length >= 1",
        ),
        ({"toolConfig": {"tools": [CLOCK, CLOCK]}}, "is not unique"),
        ({"toolConfig": TOOLS | {"toolChoice": {"tool": {"name": "x"}}}}, "is not among"),
        ({"toolConfig": TOOLS | {"toolChoice": {"none": {}}}}, "unknown field 'none'"),
        ({"guardrailConfig": {"guardrailIdentifier": "g"}}, "must be given together"),
        (
            {"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1", "streamProcessingMode": "sync"}},
            "only streams have it",
        ),
        ({"stream": True}, "unknown field 'stream'"),
    ],
)
def test_what_is_wrong_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        _read(**fields)
    assert (caught.value.status, caught.value.code) == (400, "ValidationException")
    assert reason in caught.value.message


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"messages": "\xff"}', b'{"additionalModelRequestFields":' + b"[" * 100_000]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        read_converse(body, NOVA, is_stream=False)


def test_what_a_guardrail_looks_at_is_part_of_the_prompt() -> None:
    guarded = {"guardContent": {"text": {"text": "Is this safe?", "qualifiers": ["query"]}}}
    ask = _read(messages=[{"role": "user", "content": [guarded]}], system=[guarded])
    assert ask.text == "Is this safe?"
    assert ask.prompt_tokens > 8
