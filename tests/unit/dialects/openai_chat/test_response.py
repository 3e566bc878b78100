"""Whole replies: what accounting reads of them, and what becomes of them in the neutral form."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Audio, InlineSource, OpaquePart, Refusal, Text, Thinking, ToolCall
from stellwerk.core.reply import Candidate, Finish, Logprobs, Reply, StopReason, TokenLogprob
from stellwerk.core.usage import Usage
from stellwerk.dialects.openai_chat.response import ReplyFacts, decode, encode, read_usage
from stellwerk.errors import UpstreamInvalid


def reply(message: dict[str, Any] | None = None, **rest: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "x", **(message or {})}, "finish_reason": "stop"}
    return json.dumps({"id": "r1", "model": "m", "choices": [choice], **rest}).encode()


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}, Usage(9, 5)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "total_tokens": 14,
                "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2, "audio_tokens": 1},
                "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 1},
            },
            Usage(9, 5, 3, 2, 4, 1, 1),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 5, "prompt_cache_hit_tokens": 3}, Usage(9, 5, 3)),
        ({"prompt_tokens": 9, "completion_tokens": 5, "cached_tokens": 3}, Usage(9, 5, 3)),
        (  # xAI: completion_tokens without reasoning
            {
                "prompt_tokens": 32,
                "completion_tokens": 9,
                "total_tokens": 135,
                "completion_tokens_details": {"reasoning_tokens": 94},
            },
            Usage(32, 103, reasoning_tokens=94),
        ),
        (  # Gemini's endpoint: thoughts show in the total alone
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40},
            Usage(10, 30, reasoning_tokens=25),
        ),
        ({"total_tokens": 40}, Usage()),
        ({"prompt_tokens": 9, "completion_tokens": None, "prompt_tokens_details": None}, Usage(9)),
        ({"prompt_tokens": 9.5, "completion_tokens": "5", "prompt_tokens_details": []}, Usage()),
        ({"prompt_tokens": -9, "completion_tokens": True}, Usage()),
        (
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": None, "audio_tokens": 2}},
            Usage(9, 0, 0, 0, 0, 2),
        ),
        (None, None),
        ([], None),
    ],
)
def test_usage_is_read_in_the_habits_of_many_hosts(wire: Any, usage: Usage | None) -> None:
    body = reply(usage=wire)
    assert read_usage(body) == ReplyFacts(usage, "stop", "r1")
    assert decode(body).usage == usage


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        (b'{"choices":[]}', ReplyFacts()),
        (b'{"choices":[{"finish_reason":null}],"id":null}', ReplyFacts()),
        (b'{"choices":[{"finish_reason":7}],"id":7,"usage":"none"}', ReplyFacts()),
        (b'{"choices":[7]}', ReplyFacts()),
        ('{"choices":[{"finish_reason":"stop"}],"id":"ü"}'.encode(), ReplyFacts(None, "stop", "ü")),
    ],
)
def test_facts_of_careless_replies_are_read_as_far_as_they_go(body: bytes, facts: ReplyFacts) -> None:
    assert read_usage(body) == facts


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "is not JSON. It is empty."),
        (
            b"<html><title>502 Bad Gateway</title><body>nginx</body></html>",
            "is not JSON. It says: 502 Bad Gateway nginx",
        ),
        (b'{"choices":[]', "is not JSON"),
        (b'{"choices":[],"x":"\xff"}', "is not JSON"),
        (b"[]", "it has no choices"),
        (b"{}", "it has no choices"),
        (b'{"choices":null}', "it has no choices"),
        (b'{"error":{"message":"Bad key sk-abcdefghijkl"}}', "answered with an error: Bad key [redacted]"),
        (b'{"error":"overloaded"}', "answered with an error: overloaded"),
        (b'{"error":{"message":7}}', "it has no choices"),
        (b'{"choices":' + b"[" * 5000 + b"]" * 5000 + b"}", "is not JSON"),
    ],
)
def test_what_is_no_reply_of_the_dialect_is_the_providers_fault(body: bytes, told: str) -> None:
    with pytest.raises(UpstreamInvalid) as raised:
        read_usage(body)
    assert told in raised.value.message


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>", "is not JSON"),
        (b'{"choices":[],"x":"\xff"}', "is not JSON"),
        (b"[]", "expected an object, but got an array"),
        (b"{}", "Missing required parameter: 'choices'"),
        (b'{"choices":[{}]}', "Missing required parameter: 'choices[0].message'"),
        (reply({"content": 5}), "Invalid type for 'choices[0].message.content'"),
    ],
)
def test_a_reply_that_cannot_be_read_whole_is_the_providers_fault(body: bytes, told: str) -> None:
    with pytest.raises(UpstreamInvalid) as raised:
        decode(body)
    assert told in raised.value.message


def test_a_call_without_an_id_gets_one() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    (candidate,) = decode(reply({"tool_calls": [call, {**call, "id": ""}]})).candidates
    assert [part.id for part in candidate.message.parts if isinstance(part, ToolCall)] == ["call_r1_0_0", "call_r1_0_1"]


@pytest.mark.parametrize(
    ("word", "finish"),
    [
        ("stop", Finish(StopReason.END)),
        ("tool_calls", Finish(StopReason.TOOL_CALLS)),
        (
            "max_tokens",
            Finish(StopReason.LENGTH, opaque=Opaque("openai_chat", {"finish_reason": msgspec.Raw(b'"max_tokens"')})),
        ),
        ("odd", Finish(StopReason.OTHER, opaque=Opaque("openai_chat", {"finish_reason": msgspec.Raw(b'"odd"')}))),
    ],
)
def test_finish_reasons_become_neutral_ones_and_come_back(word: str, finish: Finish) -> None:
    body = reply().replace(b'"stop"', json.dumps(word).encode())
    decoded = decode(body)
    assert decoded.candidates[0].finish == finish
    assert json.loads(encode(decoded))["choices"][0]["finish_reason"] == word


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (StopReason.STOP_SEQUENCE, "stop"),
        (StopReason.CONTEXT_WINDOW, "length"),
        (StopReason.PAUSE, "length"),
        (StopReason.REFUSAL, "content_filter"),
        (StopReason.MALFORMED_CALL, "content_filter"),
        (StopReason.OTHER, "content_filter"),
    ],
)
def test_reasons_of_other_dialects_get_the_nearest_word_and_no_failure_reads_as_success(
    reason: StopReason, word: str
) -> None:
    foreign = Opaque("gemini", {"finish_reason": msgspec.Raw(b'"MALFORMED_FUNCTION_CALL"')})
    candidate = Candidate(Message(Role.ASSISTANT, ()), finish=Finish(reason, opaque=foreign))
    assert json.loads(encode(Reply("r", "m", (candidate,))))["choices"][0]["finish_reason"] == word


@pytest.mark.parametrize(
    "logprobs",
    [{"content": "x"}, {"content": [{"token": "a", "logprob": -1, "bytes": [999], "top_logprobs": []}]}, 5],
)
def test_logprobs_of_an_unknown_shape_stay_opaque(logprobs: Any) -> None:
    body = json.loads(reply())
    body["choices"][0]["logprobs"] = logprobs
    decoded = decode(json.dumps(body).encode())
    assert decoded.candidates[0].logprobs is None
    choice = json.loads(encode(decoded))["choices"][0]
    assert choice["logprobs"] == logprobs


def test_a_reply_of_another_dialect_is_said_as_well_as_can_be() -> None:
    foreign = Opaque("anthropic_messages", {"usage": msgspec.Raw(b'{"input_tokens":1}')})
    said = (
        Thinking("why", "signature"),
        Text("one, "),
        Text("two"),
        OpaquePart("anthropic_messages", "server_tool_use", msgspec.Raw(b"{}")),
        Refusal("no"),
        Audio(InlineSource("audio/wav", "AA"), transcript="hm"),
        ToolCall("c1", "f", ""),
    )
    candidate = Candidate(Message(Role.ASSISTANT, said), finish=None, logprobs=Logprobs((TokenLogprob("a", -1.0),)))
    wire = json.loads(encode(Reply("r", "m", (candidate,), 7, Usage(3, 2, 1), foreign, None, foreign)))
    assert wire == {
        "id": "r",
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "one, two",
                    "refusal": "no",
                    "reasoning_content": "why",
                    "audio": {"id": "", "data": "AA", "transcript": "hm"},
                    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                },
                "logprobs": {
                    "content": [{"token": "a", "logprob": -1.0, "bytes": None, "top_logprobs": []}],
                    "refusal": None,
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "total_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 1},
        },
    }
