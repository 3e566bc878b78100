"""Streams say the same as whole answers, and AWS's own parser reads them."""

from typing import Any

import msgspec
import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import Answer, Author
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.bedrock.request import read_converse
from stellwerk.simulator.bedrock.response import converse
from stellwerk.simulator.bedrock.signature import is_signed
from stellwerk.simulator.bedrock.stream import frames, metadata
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import NOTHING, Steering

AUTHOR = Author(b"seed", "auto")
STAMP = Stamp("id", 1_700_000_000, 250)
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
TOOLS = {
    "tools": [
        {"toolSpec": {"name": "a", "inputSchema": {"json": SCHEMA}}},
        {"toolSpec": {"name": "b", "inputSchema": {"json": {"type": "object"}}}},
    ]
}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1_024}}
GUARD = {"guardrailIdentifier": "g", "guardrailVersion": "1", "trace": "enabled"}


def _asked(model: str = CLAUDE, **fields: Any) -> Ask:
    messages = [{"role": "user", "content": [{"text": "Grüße: “quoted” 😀"}]}]
    return read_converse(msgspec.json.encode({"messages": messages, **fields}), model, is_stream=True)


def _answered(ask: Ask, steering: Steering = NOTHING) -> Answer:
    return AUTHOR.answer(ask, steering, sampler(12), reasons=False, cached_tokens=0)


def _whole(ask: Ask, answer: Answer) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(converse(ask, answer, STAMP))
    return body


def _events(ask: Ask, answer: Answer) -> list[tuple[str, dict[str, Any]]]:
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join([*frames(ask, answer), metadata(ask, answer, STAMP)]))
    read = [(message.headers[":event-type"], msgspec.json.decode(message.payload)) for message in buffer]
    assert all(content.pop("p") for _, content in read)
    return read


def _joined(events: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The answer that a client puts together from a stream."""
    kinds = [kind for kind, _ in events]
    assert (kinds[0], kinds[-2:]) == ("messageStart", ["messageStop", "metadata"])
    blocks: list[dict[str, Any]] = []
    for kind, content in events:
        if kind == "contentBlockStart":
            assert content["contentBlockIndex"] == len(blocks)
            blocks.append({"toolUse": {**content["start"]["toolUse"], "input": ""}})
        elif kind == "contentBlockDelta":
            if content["contentBlockIndex"] == len(blocks):
                blocks.append({})
            _add(blocks[-1], content["delta"])
    for block in blocks:
        if "toolUse" in block:
            text = block["toolUse"]["input"]
            try:
                block["toolUse"]["input"] = msgspec.json.decode(text)
            except msgspec.DecodeError:
                block["toolUse"]["input"] = {}
    assert kinds.count("contentBlockStop") == len(blocks)
    message = {"role": "assistant", "content": blocks}
    return {"output": {"message": message}, **events[-2][1], **events[-1][1]}


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    else:
        told = block.setdefault("reasoningContent", {"reasoningText": {}})["reasoningText"]
        for name, value in delta["reasoningContent"].items():
            told[name] = told.get(name, "") + value


STEERINGS = [
    NOTHING,
    Steering(refusal=True),
    Steering(say='a\n"b" ü😀'),
    Steering(say=""),
    Steering(calls=2),
    Steering(finish="content_filter"),
]


@given(st.sampled_from(STEERINGS), st.booleans(), st.booleans(), st.booleans(), st.none() | st.integers(1_025, 1_100))
def test_a_stream_joined_is_the_whole_answer(
    steering: Steering, has_tools: bool, thinks: bool, is_guarded: bool, limit: int | None
) -> None:
    fields: dict[str, Any] = {"toolConfig": TOOLS} if has_tools else {}
    fields |= {"additionalModelRequestFields": THINKING} if thinks else {}
    fields |= {"guardrailConfig": GUARD} if is_guarded else {}
    fields |= {"inferenceConfig": {"maxTokens": limit}} if limit else {}
    ask = _asked(**fields)
    answer = _answered(ask, steering)
    assert _joined(_events(ask, answer)) == _whole(ask, answer)


@pytest.mark.parametrize("limit", [5, 10, 12])
def test_a_call_that_is_cut_off_ends_with_max_tokens(limit: int) -> None:
    ask = _asked(toolConfig=TOOLS, inferenceConfig={"maxTokens": limit})
    answer = _answered(ask, Steering(call="a"))
    whole = _whole(ask, answer)
    assert _joined(_events(ask, answer)) == whole
    assert (whole["stopReason"], whole["usage"]["outputTokens"]) == ("max_tokens", limit)


@pytest.mark.parametrize(
    ("fields", "steering", "reason"),
    [
        ({}, NOTHING, "end_turn"),
        ({"inferenceConfig": {"maxTokens": 3}}, NOTHING, "max_tokens"),
        ({"inferenceConfig": {"stopSequences": ["b"]}}, Steering(say="a b c"), "stop_sequence"),
        ({"toolConfig": TOOLS}, NOTHING, "tool_use"),
        ({"toolConfig": TOOLS | {"toolChoice": {"tool": {"name": "a"}}}}, NOTHING, "tool_use"),
        ({}, Steering(refusal=True), "content_filtered"),
        ({}, Steering(finish="content_filter"), "content_filtered"),
        ({"guardrailConfig": GUARD}, Steering(finish="content_filter"), "guardrail_intervened"),
    ],
)
def test_answers_say_why_they_end(fields: dict[str, Any], steering: Steering, reason: str) -> None:
    ask = _asked(**fields)
    assert _whole(ask, _answered(ask, steering))["stopReason"] == reason


def test_the_stop_sequence_is_told_to_who_asks_for_it() -> None:
    fields = {
        "inferenceConfig": {"stopSequences": ["b"]},
        "additionalModelResponseFieldPaths": ["/stop_sequence", "/x"],
    }
    for model, told in ((CLAUDE, {"stop_sequence": "b"}), ("amazon.nova-pro-v1:0", {})):
        ask = _asked(model, **fields)
        assert _whole(ask, _answered(ask, Steering(say="a b c")))["additionalModelResponseFields"] == told


def test_thoughts_are_signed_by_models_that_sign_them() -> None:
    ask = _asked(additionalModelRequestFields=THINKING)
    told = _whole(ask, _answered(ask))["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"]
    assert is_signed(told["text"], told["signature"])
    ask = _asked("deepseek.r1-v1:0")
    answer = AUTHOR.answer(ask, NOTHING, sampler(12), reasons=True, cached_tokens=0)
    assert _joined(_events(ask, answer)) == _whole(ask, answer)
    told = _whole(ask, answer)["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"]
    assert set(told) == {"text"}


def test_usage_leaves_out_what_was_cached() -> None:
    ask = _asked()
    answer = AUTHOR.answer(ask, NOTHING, sampler(12), reasons=False, cached_tokens=3, written_tokens=2)
    total = ask.prompt_tokens + 12
    assert _whole(ask, answer)["usage"] == {
        "inputTokens": ask.prompt_tokens - 5,
        "outputTokens": 12,
        "totalTokens": total,
        "cacheReadInputTokens": 3,
        "cacheWriteInputTokens": 2,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 2}],
    }
    assert _whole(ask, answer)["metrics"] == {"latencyMs": 250}


def test_a_guardrail_says_what_it_found() -> None:
    ask = _asked(guardrailConfig=GUARD)
    assert _whole(ask, _answered(ask))["trace"]["guardrail"]["actionReason"] == "No action."
    whole = _whole(ask, _answered(ask, Steering(finish="content_filter")))
    assert "cannot answer" in whole["output"]["message"]["content"][0]["text"]
    assert whole["trace"]["guardrail"]["outputAssessments"]["g"][0]["topicPolicy"]["topics"][0]["action"] == "BLOCKED"
    ask = _asked(guardrailConfig=GUARD | {"trace": "disabled"})
    assert "trace" not in _whole(ask, _answered(ask))
