"""Whole replies: what accounting reads of them, and what becomes of them in the neutral form."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from anthropic.types import Message as OfficialMessage

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Citation,
    Image,
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    UrlSource,
)
from stellwerk.core.reply import Candidate, Finish, Reply, StopReason
from stellwerk.core.usage import Usage
from stellwerk.dialects.anthropic_messages.response import ReplyFacts, decode, decode_count, encode, read_usage
from stellwerk.dialects.openai_chat import response as openai
from stellwerk.errors import UpstreamInvalid


def reply(*content: Any, **rest: Any) -> bytes:
    wire = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": list(content),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    return json.dumps(wire | rest).encode()


def encoded(*parts: Part, finish: Finish | None = None, **rest: Any) -> dict[str, Any]:
    """The body of a foreign reply as decoded JSON, which the official type must take."""
    candidate = Candidate(Message(Role.ASSISTANT, parts), finish=finish)
    body = encode(Reply("r1", "m", (candidate,), **rest))
    OfficialMessage.model_validate_json(body)
    wire: dict[str, Any] = json.loads(body)
    return wire


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        ({"input_tokens": 9, "output_tokens": 5}, Usage(9, 5)),
        (
            {
                "input_tokens": 9,
                "output_tokens": 5,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 20,
                "output_tokens_details": {"thinking_tokens": 3},
            },
            Usage(129, 5, 100, 20, 3),
        ),
        ({"input_tokens": 9, "output_tokens": None, "cache_read_input_tokens": None}, Usage(9)),
        ({"input_tokens": 9.5, "output_tokens": "5", "output_tokens_details": 7}, Usage()),
        ({"input_tokens": -9, "output_tokens": True, "output_tokens_details": {"thinking_tokens": "x"}}, Usage()),
        ({}, Usage()),
        (None, None),
        ([], None),
    ],
)
def test_edge_7_usage_is_read_so_that_totals_contain_what_the_cache_gave_and_took(
    wire: Any, usage: Usage | None
) -> None:
    body = reply(usage=wire)
    assert read_usage(body) == ReplyFacts(usage, "end_turn", "msg_1")
    assert decode(body).usage == usage


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        (b'{"content":[]}', ReplyFacts()),
        (b'{"content":[],"stop_reason":7,"id":7,"usage":"none"}', ReplyFacts()),
        ('{"content":[],"stop_reason":"refusal","id":"ü"}'.encode(), ReplyFacts(None, "refusal", "ü")),
        (b'{"content":[],"stop_reason":"x","id":"y","usage":{"input_tokens":"7"}}', ReplyFacts(Usage(), "x", "y")),
    ],
)
def test_facts_of_careless_replies_are_read_as_far_as_they_go(body: bytes, facts: ReplyFacts) -> None:
    assert read_usage(body) == facts


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "is not JSON. It is empty."),
        (b"<html><title>502 Bad Gateway</title>nginx</html>", "is not JSON. It says: 502 Bad Gateway nginx"),
        (b'{"content":[],"x":"\xff"}', "is not JSON"),
        (b"[]", "it has no content"),
        (b"{}", "it has no content"),
        (b'{"content":null}', "it has no content"),
        (
            b'{"type":"error","error":{"type":"api_error","message":"Bad sk-ant-abcdefghij"}}',
            "an error: Bad [redacted]",
        ),
        (b'{"error":"overloaded"}', "answered with an error: overloaded"),
        (b'{"error":{"message":7}}', "it has no content"),
        (b'{"content":' + b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_reply_of_the_dialect_is_the_providers_fault(body: bytes, told: str) -> None:
    with pytest.raises(UpstreamInvalid) as raised:
        read_usage(body)
    assert told in raised.value.message
    with pytest.raises(UpstreamInvalid) as raised:
        decode(body)
    if body != b"[]":
        assert told in raised.value.message


@pytest.mark.parametrize("body", [reply({"no": "type"}), reply(5), reply(id=5), reply(stop_reason=5)])
def test_a_reply_that_cannot_be_read_whole_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        decode(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"input_tokens":"x"}', b"[" * 100_000])
def test_what_is_no_count_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        decode_count(body)


@pytest.mark.parametrize(
    ("rest", "finish"),
    [
        ({"stop_reason": "end_turn"}, Finish(StopReason.END)),
        ({"stop_reason": "max_tokens"}, Finish(StopReason.LENGTH)),
        ({"stop_reason": "stop_sequence", "stop_sequence": "x"}, Finish(StopReason.STOP_SEQUENCE, "x")),
        ({"stop_reason": "tool_use"}, Finish(StopReason.TOOL_CALLS)),
        ({"stop_reason": "pause_turn"}, Finish(StopReason.PAUSE)),
        ({"stop_reason": "model_context_window_exceeded"}, Finish(StopReason.CONTEXT_WINDOW)),
        (
            {"stop_reason": "refusal", "stop_details": {"type": "refusal"}},
            Finish(
                StopReason.REFUSAL,
                opaque=Opaque("anthropic_messages", {"stop_details": msgspec.Raw(b'{"type": "refusal"}')}),
            ),
        ),
        (
            {"stop_reason": "brand_new"},
            Finish(StopReason.OTHER, opaque=Opaque("anthropic_messages", {"stop_reason": msgspec.Raw(b'"brand_new"')})),
        ),
    ],
)
def test_edge_11_stop_reasons_become_neutral_ones_and_come_back(rest: dict[str, Any], finish: Finish) -> None:
    body = reply({"type": "text", "text": "x"}, **rest)
    decoded = decode(body)
    assert decoded.candidates[0].finish == finish
    assert json.loads(encode(decoded)) == json.loads(body)


def test_a_reply_without_a_stop_reason_has_no_finish() -> None:
    assert decode(reply(stop_reason=None)).candidates[0].finish is None
    assert encoded(Text("x"))["stop_reason"] == "end_turn"


def test_an_openai_reply_becomes_one_of_this_dialect() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    message = {"role": "assistant", "content": "I look.", "tool_calls": [call], "reasoning_content": "hm"}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5.2",
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls"},
            {"index": 1, "message": {"role": "assistant", "content": "other"}, "finish_reason": "stop"},
        ],
        "usage": {
            "prompt_tokens": 50,
            "completion_tokens": 9,
            "total_tokens": 59,
            "prompt_tokens_details": {"cached_tokens": 40},
        },
    }
    wire = encode(openai.decode(json.dumps(body).encode()))
    OfficialMessage.model_validate_json(wire)
    assert json.loads(wire) == {
        "id": "chatcmpl-1",
        "type": "message",
        "role": "assistant",
        "model": "gpt-5.2",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": ""},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 40,
            "output_tokens": 9,
        },
    }


def test_edge_5_and_6_input_is_an_object_whatever_the_model_wrote() -> None:
    calls = (ToolCall("a", "f", ""), ToolCall("b", "f", '{"x":1,"y":'), ToolCall("c", "f", "nonsense"))
    wire = encoded(*calls, finish=Finish(StopReason.LENGTH))
    assert [block["input"] for block in wire["content"]] == [{}, {"x": 1}, {}]
    assert wire["stop_reason"] == "max_tokens"


def test_complaint_22_an_answer_of_calls_waits_for_their_results() -> None:
    assert encoded(ToolCall("a", "f", "{}"), finish=Finish(StopReason.END))["stop_reason"] == "tool_use"


def test_complaint_28_a_thought_signature_goes_along_with_its_call() -> None:
    (block,) = encoded(ToolCall("a.b", "f", "{}", signature="c2ln"))["content"]
    assert block["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert block["id"] == "a.b"


def test_declining_in_words_is_a_refusal() -> None:
    wire = encoded(Refusal("I will not."), finish=Finish(StopReason.END))
    assert wire["stop_reason"] == "refusal"
    assert wire["content"] == [{"type": "text", "text": "I will not."}]


def test_citations_of_other_dialects_are_places_on_the_web() -> None:
    (block,) = encoded(Text("x", citations=(Citation("https://x", None, 0, 1),)))["content"]
    assert block["citations"] == [
        {
            "type": "web_search_result_location",
            "cited_text": "",
            "url": "https://x",
            "title": None,
            "encrypted_index": "",
        }
    ]


def test_what_has_no_form_here_is_left_out() -> None:
    wire = encoded(
        Text(""),
        Image(UrlSource("u")),
        Audio(transcript="said"),
        RedactedThinking("d"),
        Thinking("", "s"),
        OpaquePart("gemini", "executableCode", msgspec.Raw(b"{}")),
    )
    assert [block["type"] for block in wire["content"]] == ["text", "redacted_thinking", "thinking"]


def test_usage_that_a_stage_has_changed_is_written_anew() -> None:
    usage = Usage(100, 9, 60, 10, 4)
    foreign = Opaque("openai_chat", {"usage": msgspec.Raw(b"{}")})
    for opaque in (None, foreign):
        assert encoded(usage=usage, usage_opaque=opaque)["usage"] == {
            "input_tokens": 30,
            "cache_creation_input_tokens": 10,
            "cache_read_input_tokens": 60,
            "output_tokens": 9,
            "output_tokens_details": {"thinking_tokens": 4},
        }


def test_a_reply_without_any_candidate_says_nothing() -> None:
    body = encode(Reply("r", "m", ()))
    OfficialMessage.model_validate_json(body)
    assert json.loads(body)["content"] == []
