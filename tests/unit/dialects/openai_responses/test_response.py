"""Whole replies: what accounting reads of them, and what becomes of them in the neutral form and out of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from openai.types.responses import Response

from stellwerk.core.chat import Message, Role
from stellwerk.core.part import (
    Audio,
    Citation,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolKind,
)
from stellwerk.core.reply import Candidate, Finish, Logprobs, Reply, StopReason, TokenLogprob
from stellwerk.core.usage import Usage
from stellwerk.dialects.openai_responses import request
from stellwerk.dialects.openai_responses.response import ReplyFacts, decode, encode, read_usage
from stellwerk.errors import UpstreamInvalid

MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "x", "annotations": [], "logprobs": []}],
}
RAW = msgspec.Raw(b"{}")


def reply(*output: Any, **rest: Any) -> bytes:
    return json.dumps({"id": "r", "model": "m", "status": "completed", "output": list(output), **rest}).encode()


def written(*parts: Part, finish: StopReason = StopReason.END, **rest: Any) -> Any:
    candidate = Candidate(Message(Role.ASSISTANT, parts), 0, Finish(finish), rest.pop("logprobs", None))
    wire = json.loads(encode(Reply("r", "m", (candidate,), 7, **rest)))
    Response.model_validate(wire)
    return wire


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        ({"input_tokens": 9, "output_tokens": 5, "total_tokens": 14}, Usage(9, 5)),
        (
            {
                "input_tokens": 9,
                "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2, "audio_tokens": 1},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 1},
                "total_tokens": 14,
            },
            Usage(9, 5, 3, 2, 4, 1, 1),
        ),
        ({"input_tokens": 9, "input_tokens_details": None}, Usage(9)),
        ({"input_tokens": 9.5, "output_tokens": "5", "input_tokens_details": []}, Usage()),
        ({"input_tokens": -9, "output_tokens": True}, Usage()),
        (None, None),
        ([], None),
    ],
)
def test_edge_7_usage_is_in_one_convention_however_a_host_writes_it(wire: Any, usage: Usage | None) -> None:
    body = reply(MESSAGE, usage=wire)
    assert read_usage(body) == ReplyFacts(usage, "completed", "r")
    assert decode(body).usage == usage


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        (b'{"output":[]}', ReplyFacts()),
        (b'{"output":[7],"id":7,"usage":"none","status":7}', ReplyFacts()),
        (b'{"output":[],"status":"incomplete","incomplete_details":{"reason":"x"}}', ReplyFacts(None, "x")),
        (b'{"output":[],"status":"incomplete","incomplete_details":{}}', ReplyFacts(None, "incomplete")),
        (b'{"output":[],"status":"incomplete","incomplete_details":7}', ReplyFacts(None, "incomplete")),
        (b'{"output":[],"status":"failed"}', ReplyFacts(None, "failed")),
        ('{"output":[],"status":"queued","id":"ü"}'.encode(), ReplyFacts(None, "queued", "ü")),
    ],
)
def test_the_thin_reading_takes_what_is_there(body: bytes, facts: ReplyFacts) -> None:
    assert read_usage(body) == facts


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b"<html><title>Bad gateway</title>", "Bad gateway"),
        (b'{"output":"\xff"}', "not JSON"),
        (b'{"output":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not JSON"),
        (b"[]", "no output"),
        (b'{"error":{"message":"no room"}}', "no room"),
        (b'{"error":"no room"}', "no room"),
        (b'{"output":{}}', "no output"),
    ],
)
def test_what_is_no_response_is_the_providers_fault(body: bytes, told: str) -> None:
    with pytest.raises(UpstreamInvalid) as caught:
        read_usage(body)
    assert told in caught.value.message
    with pytest.raises(UpstreamInvalid):
        decode(body)


@pytest.mark.parametrize(
    ("error", "told"), [({"code": "server_error", "message": "It broke."}, "It broke."), (None, "does not say why")]
)
def test_a_response_that_failed_is_no_answer(error: Any, told: str) -> None:
    with pytest.raises(UpstreamInvalid) as caught:
        decode(reply(status="failed", error=error))
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ({}, StopReason.END),
        ({"status": None}, StopReason.END),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, StopReason.LENGTH),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, StopReason.CONTENT_FILTER),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, StopReason.OTHER),
        ({"status": "incomplete", "incomplete_details": {"reason": 7}}, StopReason.OTHER),
        ({"status": "incomplete"}, StopReason.OTHER),
        ({"status": "in_progress"}, StopReason.OTHER),
        ({"status": "cancelled"}, StopReason.OTHER),
    ],
)
def test_why_it_ended_and_nothing_unknown_reads_as_success(rest: dict[str, Any], reason: StopReason) -> None:
    finish = decode(reply(MESSAGE, **rest)).candidates[0].finish
    assert finish is not None
    assert finish.reason is reason


def test_a_call_means_that_the_model_waits() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
    finish = decode(reply(call)).candidates[0].finish
    assert finish is not None
    assert finish.reason is StopReason.TOOL_CALLS


@pytest.mark.parametrize(
    ("reason", "status", "details"),
    [
        (StopReason.END, "completed", None),
        (StopReason.STOP_SEQUENCE, "completed", None),
        (StopReason.TOOL_CALLS, "completed", None),
        (StopReason.LENGTH, "incomplete", "max_output_tokens"),
        (StopReason.CONTEXT_WINDOW, "incomplete", "max_output_tokens"),
        (StopReason.PAUSE, "incomplete", "max_output_tokens"),
        (StopReason.CONTENT_FILTER, "incomplete", "content_filter"),
        (StopReason.REFUSAL, "incomplete", "content_filter"),
        (StopReason.MALFORMED_CALL, "incomplete", "content_filter"),
        (StopReason.OTHER, "incomplete", "content_filter"),
    ],
)
def test_edge_11_every_stop_reason_has_a_status_and_no_failure_looks_complete(
    reason: StopReason, status: str, details: str | None
) -> None:
    wire = written(Text("x"), finish=reason)
    assert wire["status"] == status
    assert wire["incomplete_details"] == (None if details is None else {"reason": details})
    assert wire["output"][0]["status"] == ("incomplete" if details == "max_output_tokens" else "completed")


def test_a_reply_of_another_dialect_fits_the_official_types_and_repeats_itself() -> None:
    parts = (
        Thinking("let me see", "sig"),
        RedactedThinking("secret"),
        Text("See ", citations=(Citation("https://example.com", "E", 0, 1),)),
        Refusal("but no"),
        ToolCall("c1", "f", '{"a":1}'),
        ToolCall("c2", "g", "x", ToolKind.CUSTOM),
        Image(InlineSource("image/png", "aGk=")),
        Text(""),
        OpaquePart("anthropic_messages", "server_tool_use", RAW),
        Audio(transcript="said"),
    )
    wire = written(*parts, usage=Usage(10, 5, 4, 3, 2), service_tier="default")
    url = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "https://example.com", "title": "E"}
    assert wire["output"] == [
        {
            "id": "rs_of_r_0",
            "type": "reasoning",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "let me see"}],
            "encrypted_content": "sig",
        },
        {"id": "redacted_of_r_1", "type": "reasoning", "summary": [], "encrypted_content": "secret"},
        {
            "id": "msg_of_r_2",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "See ", "annotations": [url], "logprobs": []},
                {"type": "refusal", "refusal": "but no"},
            ],
        },
        {
            "id": "fc_of_r_3",
            "type": "function_call",
            "status": "completed",
            "call_id": "c1",
            "name": "f",
            "arguments": '{"a":1}',
        },
        {
            "id": "ctc_of_r_4",
            "type": "custom_tool_call",
            "status": "completed",
            "call_id": "c2",
            "name": "g",
            "input": "x",
        },
        {"id": "ig_of_r_5", "type": "image_generation_call", "status": "completed", "result": "aGk="},
        {
            "id": "msg_of_r_6",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "said", "annotations": [], "logprobs": []},
            ],
        },
    ]
    assert wire["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 15,
    }
    assert (wire["created_at"], wire["service_tier"], wire["status"]) == (7, "default", "completed")
    assert wire == written(*parts, usage=Usage(10, 5, 4, 3, 2), service_tier="default")


def test_edge_1_foreign_signatures_survive_a_turn_through_a_caller_of_this_dialect() -> None:
    """What a caller sends back unchanged is again what the foreign model said, with its signatures, in its order."""
    said = (Thinking("let me see", "sig"), RedactedThinking("secret"), Thinking("", "only"), Text("x"))
    output = written(*said)["output"]
    turn = request.decode(json.dumps({"model": "m", "input": output}).encode()).messages[0].parts
    first, redacted, only, text = turn
    assert isinstance(first, Thinking)
    assert (first.text, first.signature) == ("let me see", "sig")
    assert isinstance(redacted, RedactedThinking)
    assert redacted.data == "secret"
    assert isinstance(only, Thinking)
    assert (only.text, only.signature) == ("", "only")
    assert isinstance(text, Text)


def test_edge_1_reasoning_with_an_invented_id_is_not_sent_to_a_host_of_this_dialect() -> None:
    output = written(Thinking("let me see", "sig"), RedactedThinking("secret"), Text("x"))["output"]
    asked = request.decode(json.dumps({"model": "m", "input": output}).encode())
    assert [item["type"] for item in json.loads(request.encode(asked))["input"]] == ["message"]


def test_edge_5_a_call_without_arguments_is_an_empty_object() -> None:
    assert written(ToolCall("c", "f", ""))["output"][0]["arguments"] == "{}"


def test_edge_6_truncated_arguments_are_handed_on_as_a_fragment_of_an_incomplete_call() -> None:
    wire = written(Text("x"), ToolCall("c", "f", '{"a": "b'), finish=StopReason.LENGTH)
    assert [item["status"] for item in wire["output"]] == ["completed", "incomplete"]
    assert wire["output"][1]["arguments"] == '{"a": "b'
    assert wire["incomplete_details"] == {"reason": "max_output_tokens"}


def test_edge_2_a_thought_signature_travels_with_its_call_and_its_text() -> None:
    wire = written(Text("x", signature="dA=="), ToolCall("c", "f", "{}", signature="c2ln"))["output"]
    assert wire[0]["content"][0]["extra_content"] == {"google": {"thought_signature": "dA=="}}
    assert wire[1]["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    back = request.decode(json.dumps({"model": "m", "input": wire}).encode()).messages[0].parts
    assert [getattr(part, "signature", None) for part in back] == ["dA==", "c2ln"]


def test_an_answer_without_a_candidate_is_an_empty_response() -> None:
    wire = json.loads(encode(Reply("r", "m", ())))
    assert (wire["output"], wire["status"]) == ([], "completed")
    Response.model_validate(wire)


def test_log_probabilities_belong_to_the_text_where_there_is_just_one() -> None:
    token = {"token": "x", "logprob": -0.5, "bytes": [120], "top_logprobs": []}
    weighed = {**MESSAGE, "content": [{**MESSAGE["content"][0], "logprobs": [token]}]}  # type: ignore[dict-item]
    one, two = decode(reply(weighed)), decode(reply(weighed, weighed))
    assert one.candidates[0].logprobs == Logprobs((TokenLogprob("x", -0.5, b"x"),))
    assert two.candidates[0].logprobs is None
    for given in (reply(weighed), reply(weighed, weighed)):
        assert json.loads(encode(decode(given)))["output"] == json.loads(given)["output"]
    logprobs = Logprobs((TokenLogprob("x", -0.5, b"x"),))
    texts = written(Text("x"), Thinking("t"), Text("y"), logprobs=logprobs)["output"]
    assert [item["content"][0].get("logprobs") for item in texts] == [[token], None, []]


def test_log_probabilities_of_another_shape_stay_where_they_are() -> None:
    odd = {**MESSAGE, "content": [{**MESSAGE["content"][0], "logprobs": [{"odd": 1}]}]}  # type: ignore[dict-item]
    decoded = decode(reply(odd))
    assert decoded.candidates[0].logprobs is None
    assert json.loads(encode(decoded))["output"] == [odd]


def test_items_that_callers_add_are_still_what_they_are_in_a_reply() -> None:
    output = {"type": "shell_call_output", "id": "sho_1", "output": []}
    decoded = decode(reply(output))
    assert isinstance(decoded.candidates[0].message.parts[0], OpaquePart)
    assert json.loads(encode(decoded))["output"] == [output]


def test_a_time_with_fractions_comes_back() -> None:
    decoded = decode(reply(MESSAGE, created_at=1.5))
    assert decoded.created_s == 1
    assert json.loads(encode(decoded))["created_at"] == 1.5
