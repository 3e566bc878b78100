"""Replies: usage by one convention, ends that mean what they say, and what cannot be a reply."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Citation,
    InlineSource,
    Part,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from stellwerk.core.reply import Candidate, Finish, Reply, ReplyFacts, StopReason
from stellwerk.core.usage import Usage
from stellwerk.dialects.bedrock_converse import response
from stellwerk.errors import UpstreamInvalid
from tests.golden.bedrock_converse.judge import parsed_reply

USAGE = {
    "inputTokens": 9,
    "outputTokens": 3,
    "totalTokens": 1840,
    "cacheReadInputTokens": 1628,
    "cacheWriteInputTokens": 200,
}


def wire(*content: Any, stop: Any = "end_turn", usage: Any = USAGE, **more: Any) -> bytes:
    message = {"role": "assistant", "content": list(content)}
    return json.dumps({"output": {"message": message}, "stopReason": stop, "usage": usage, **more}).encode()


def reply(*parts: Part, finish: Finish | None = None, **more: Any) -> Reply:
    return Reply("i", "m", (Candidate(Message(Role.ASSISTANT, parts), finish=finish),), **more)


def encoded(value: Reply, **more: Any) -> dict[str, Any]:
    body = response.encode(value, **more)
    parsed_reply(body)
    told: dict[str, Any] = json.loads(body)
    return told


def content(value: Reply) -> list[Any]:
    blocks: list[Any] = encoded(value)["output"]["message"]["content"]
    return blocks


def test_edge_7_the_input_contains_what_a_cache_read_and_wrote() -> None:
    expected = Usage(1837, 3, 1628, 200)
    assert response.read_usage(wire({"text": "x"})) == ReplyFacts(expected, "end_turn")
    assert response.decode(wire({"text": "x"})).usage == expected
    assert expected.total_tokens == USAGE["totalTokens"]


def test_edge_7_a_foreign_usage_is_told_without_them() -> None:
    told = encoded(reply(Text("x"), usage=Usage(100, 5, 60, 30, reasoning_tokens=2)))["usage"]
    assert told == {
        "inputTokens": 10,
        "outputTokens": 5,
        "totalTokens": 105,
        "cacheReadInputTokens": 60,
        "cacheWriteInputTokens": 30,
    }
    assert encoded(reply())["usage"] == {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"inputTokens": "nine", "outputTokens": 3, "cacheReadInputTokens": -1}, Usage(0, 3)),
        ({"inputTokens": 1, "cacheReadInputTokens": None}, Usage(1, 0)),
        (7, None),
        (None, None),
    ],
)
def test_counts_that_are_none_say_nothing(usage: Any, expected: Usage | None) -> None:
    body = wire({"text": "x"}, usage=usage)
    assert response.read_usage(body).usage == response.decode(body).usage == expected


def test_a_stop_reason_that_is_no_word_says_nothing_to_accounting() -> None:
    assert response.read_usage(wire(stop=7)).finish == ""


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", StopReason.END),
        ("tool_use", StopReason.TOOL_CALLS),
        ("max_tokens", StopReason.LENGTH),
        ("stop_sequence", StopReason.STOP_SEQUENCE),
        ("guardrail_intervened", StopReason.CONTENT_FILTER),
        ("content_filtered", StopReason.CONTENT_FILTER),
        ("malformed_tool_use", StopReason.MALFORMED_CALL),
        ("malformed_model_output", StopReason.OTHER),
        ("model_context_window_exceeded", StopReason.CONTEXT_WINDOW),
        ("refusal", StopReason.REFUSAL),
        ("pause_turn", StopReason.PAUSE),
        ("bored", StopReason.OTHER),
    ],
)
def test_edge_11_every_end_has_its_reason_and_keeps_its_word(word: str, reason: StopReason) -> None:
    decoded = response.decode(wire({"text": "x"}, stop=word))
    assert decoded.candidates[0].finish is not None
    assert decoded.candidates[0].finish.reason is reason
    assert encoded(decoded)["stopReason"] == word


@pytest.mark.parametrize("reason", StopReason)
def test_edge_11_no_foreign_end_that_is_no_success_is_told_as_one(reason: StopReason) -> None:
    word = encoded(reply(Text("x"), finish=Finish(reason)))["stopReason"]
    assert (word in {"end_turn", "stop_sequence", "tool_use"}) == (
        reason in {StopReason.END, StopReason.STOP_SEQUENCE, StopReason.TOOL_CALLS}
    )


def test_edge_11_the_matched_sequence_is_told_where_it_is_known() -> None:
    body = wire({"text": "x"}, stop="stop_sequence", additionalModelResponseFields={"stop_sequence": "END", "x": 1})
    decoded = response.decode(body)
    assert decoded.candidates[0].finish == Finish(StopReason.STOP_SEQUENCE, "END")
    assert encoded(decoded)["additionalModelResponseFields"] == {"stop_sequence": "END", "x": 1}
    for fields in (7, {"stop_sequence": 7}, {"stop_sequence": None}):
        odd = response.decode(wire(additionalModelResponseFields=fields))
        assert encoded(odd)["additionalModelResponseFields"] == fields


def test_complaint_22_an_answer_with_calls_waits_for_them_whatever_its_provider_says() -> None:
    """Some hosts of OpenAI's dialect say ``stop``, and OpenAI does where a tool was demanded by its name."""
    call = ToolCall("a", "f", "{}")
    assert encoded(reply(call, finish=Finish(StopReason.END)))["stopReason"] == "tool_use"
    assert encoded(reply(call, finish=Finish(StopReason.LENGTH)))["stopReason"] == "max_tokens"
    assert encoded(reply(Text("x"), finish=Finish(StopReason.END)))["stopReason"] == "end_turn"


def test_edge_9_names_of_tools_lead_back() -> None:
    body = wire({"toolUse": {"toolUseId": "a", "name": "a_b_1", "input": {}}}, stop="tool_use")
    (call,) = response.decode(body, names={"a_b_1": "a.b"}).candidates[0].message.parts
    assert call == ToolCall("a", "a.b", "{}")


def test_what_callers_of_converse_read_of_other_dialects() -> None:
    told = content(
        reply(
            Thinking("unsigned"),
            Thinking("", "signature"),
            RedactedThinking("not base64!"),
            Text(
                "cited",
                citations=(
                    Citation("https://e.com", "T", cited_text="passage"),
                    Citation(document_index=2),
                    Citation(title="U"),
                ),
            ),
            Text(""),
            Refusal("No."),
            Audio(InlineSource("audio/mp3", "AAAA"), transcript="la"),
            Audio(id="x", transcript="words"),
            ToolCall("a", "f", '{"cut": "of'),
        )
    )
    assert told == [
        {"reasoningContent": {"reasoningText": {"text": "unsigned"}}},
        {"reasoningContent": {"reasoningText": {"text": "", "signature": "signature"}}},
        {"reasoningContent": {"redactedContent": "bm90IGJhc2U2NCE="}},
        {
            "citationsContent": {
                "content": [{"text": "cited"}],
                "citations": [
                    {
                        "title": "T",
                        "sourceContent": [{"text": "passage"}],
                        "location": {"web": {"url": "https://e.com"}},
                    },
                    {"location": {"documentChar": {"documentIndex": 2}}},
                    {"title": "U"},
                ],
            }
        },
        {"text": "No."},
        {"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}},
        {"text": "words"},
        {"toolUse": {"toolUseId": "a", "name": "f", "input": {}}},
    ]


def test_edge_6_arguments_that_were_cut_off_are_told_as_far_as_they_are_whole() -> None:
    cut = reply(ToolCall("a", "f", '{"city":"Bern","unit":"cel'), finish=Finish(StopReason.LENGTH))
    told = encoded(cut)
    assert told["output"]["message"]["content"][0]["toolUse"]["input"] == {"city": "Bern"}
    assert told["stopReason"] == "max_tokens"


def test_time_taken_tier_and_emptiness_are_told() -> None:
    told = encoded(Reply("i", "m", (), service_tier="flex"), latency_ms=12)
    assert told["metrics"] == {"latencyMs": 12}
    assert told["serviceTier"] == {"type": "flex"}
    assert told["output"]["message"]["content"] == []
    assert told["stopReason"] == "end_turn"
    foreign = Opaque("openai_chat", {"usage": msgspec.Raw(b"{}")})
    assert encoded(reply(usage=Usage(1, 1), usage_opaque=foreign))["usage"]["inputTokens"] == 1


def test_a_reply_without_an_end_or_a_tier_is_read() -> None:
    decoded = response.decode(b'{"output":{"message":{"content":[]}},"serviceTier":7}')
    assert decoded.candidates[0].finish is None
    assert decoded.service_tier is None
    assert decoded.usage is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "It is empty"),
        (b"<html><title>502 Bad Gateway</title></html>", "502 Bad Gateway"),
        (b"\xff", "not JSON"),
        (b'{"a":"\xff"}', "not JSON"),
        (b"[" * 3000, "it has no output"),
        (b"[]", "it has no output"),
        (b"{}", "it has no output"),
        (b'{"output":{}}', "it has no output"),
        (b'{"output":7}', "it has no output"),
        (b'{"message":"Too many requests"}', "Too many requests"),
        (b'{"output":null,"Message":"Slow down"}', "Slow down"),
        (b'{"output":7,"x":' + b"[" * 3000, "it has no output"),
        (b'{"output":7,"x":' + b"[" * 900 + b"]" * 900 + b"}", "it has no output"),
    ],
)
def test_what_is_no_reply_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(UpstreamInvalid) as refused:
        response.read_usage(body)
    assert told in refused.value.message
    with pytest.raises(UpstreamInvalid):
        response.decode(body)


@pytest.mark.parametrize("body", [wire(7), wire({}), b'{"output":{"message":{"content":7}}}', wire(stop=7)])
def test_a_reply_of_wrong_types_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid, match="cannot be read"):
        response.decode(body)
