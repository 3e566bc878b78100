"""Streams into and out of neutral events: the cases that hosts and clients stumble over."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation, Document, Image, InlineSource, TextSource, ToolKind
from stellwerk.core.reply import Finish, StopReason
from stellwerk.core.stream import (
    AudioDelta,
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    PartAdded,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    ThinkingRedacted,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    UsageReported,
)
from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.openai_chat.stream import ChunkDecoder, ChunkEncoder
from stellwerk.errors import UpstreamInvalid

DONE = b"data: [DONE]\n\n"


def chunk(delta: Any = None, finish: Any = None, **rest: Any) -> bytes:
    wire = {"id": "c", "model": "m", "created": 7, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return sse.encode(json.dumps({**wire, **rest}).encode())


def decode(*events: bytes) -> list[StreamEvent]:
    decoder = ChunkDecoder()
    return [neutral for event in events for neutral in decoder.feed(event)] + decoder.flush()


def encode(*events: StreamEvent, include_usage: bool = False) -> list[Any]:
    encoder = ChunkEncoder(include_usage=include_usage)
    stream = b"".join(encoder.feed(event) for event in events) + encoder.flush()
    payloads = [event.data for event in sse.Decoder().feed(stream)]
    return [payload.decode() if payload == b"[DONE]" else json.loads(payload) for payload in payloads]


def deltas(wire: list[Any]) -> list[dict[str, Any]]:
    return [choice["delta"] for event in wire if event != "[DONE]" for choice in event["choices"]]


def call(**members: Any) -> bytes:
    return chunk({"tool_calls": [members]})


STARTED = Started("c", "m", 7)
ROLE = {"role": "assistant", "content": None}


def test_parts_of_one_delta_come_apart_and_what_is_empty_is_nothing() -> None:
    delta = {"role": "assistant", "reasoning_content": "hm", "content": "a", "refusal": "b", "tool_calls": []}
    assert decode(chunk(delta)) == [STARTED, ThinkingDelta("hm"), TextDelta("a"), RefusalDelta("b")]
    empty = {"role": "assistant", "content": "", "refusal": None, "reasoning": "", "x": None}
    assert decode(chunk(empty), chunk(), chunk({})) == [STARTED]


def test_calls_without_index_or_id_are_told_apart() -> None:
    first = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    events = decode(call(**first), call(function={"arguments": " "}), call(index=1, **first), chunk({}, "stop"))
    assert events[1:-1] == [
        ToolCallStarted(0, "call_c_0_0", "f"),
        ToolCallDelta(0, "{}"),
        ToolCallDelta(0, " "),
        ToolCallStarted(1, "call_c_0_1", "f"),
        ToolCallDelta(1, "{}"),
        ToolCallEnded(0),
        ToolCallEnded(1),
    ]


def test_a_call_goes_on_after_another_has_begun() -> None:
    events = decode(
        call(index=0, id="a", function={"name": "f", "arguments": "{"}),
        call(index=1, id="b", function={"name": "g", "arguments": "["}),
        call(index=0, function={"arguments": "}"}),
        call(index=1, function={"arguments": "]"}),
        chunk({}, "tool_calls"),
    )
    assert events[1:-1] == [
        ToolCallStarted(0, "a", "f"),
        ToolCallDelta(0, "{"),
        ToolCallStarted(1, "b", "g"),
        ToolCallDelta(1, "["),
        ToolCallDelta(0, "}"),
        ToolCallDelta(1, "]"),
        ToolCallEnded(0),
        ToolCallEnded(1),
    ]


def test_a_finish_that_is_repeated_ends_no_call_again() -> None:
    events = decode(call(index=0, id="a", function={"name": "f"}), chunk({}, "tool_calls"), chunk({}, "tool_calls"))
    assert sum(isinstance(event, ToolCallEnded) for event in events) == 1


def test_a_call_starts_when_its_name_is_known_and_at_the_latest_when_it_ends() -> None:
    events = decode(
        call(index=0, id="a"),
        call(index=0, function={"arguments": "{"}),
        call(index=0, function={"name": "f", "arguments": "}"}),
        call(index=1, id="b", function={"arguments": "{}"}),
        chunk({}, "tool_calls"),
    )
    assert events[1:-1] == [
        ToolCallStarted(0, "a", "f"),
        ToolCallDelta(0, "{}"),
        ToolCallEnded(0),
        ToolCallStarted(1, "b", ""),
        ToolCallDelta(1, "{}"),
        ToolCallEnded(1),
    ]


def test_a_repeated_id_and_name_are_the_same_call_and_a_new_id_under_the_same_index_is_a_new_one() -> None:
    one = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "x"}}
    events = decode(call(**one), call(**one), call(**{**one, "id": "b"}), chunk({}, "tool_calls"))
    assert [event for event in events if isinstance(event, ToolCallStarted)] == [
        ToolCallStarted(0, "a", "f"),
        ToolCallStarted(1, "b", "f"),
    ]


def test_arguments_that_come_late_still_name_their_call() -> None:
    events = decode(
        call(index=0, id="a", function={"name": "f"}),
        call(index=1, id="b", function={"name": "g"}),
        call(index=0, function={"arguments": "{}"}),
        chunk({}, "tool_calls"),
    )
    assert ToolCallDelta(0, "{}") in events
    assert events.count(ToolCallEnded(0)) == 1


def test_what_is_opaque_keeps_its_level_and_comes_once() -> None:
    events = decode(
        chunk({"content": "a", "x_delta": 1}, system_fingerprint="f"),
        chunk({"content": [{"type": "thinking"}]}, system_fingerprint="f", obfuscation="zz"),
        chunk({"annotations": [5]}, "stop", system_fingerprint="g"),
    )
    wire = encode(*events)
    assert {"content": [{"type": "thinking"}]} in deltas(wire)
    assert {"x_delta": 1} in deltas(wire)
    assert wire[0]["system_fingerprint"] == "f"
    assert sum(event.get("system_fingerprint") == "g" for event in wire) == 1
    assert all("obfuscation" not in event for event in wire)
    finish = next(event for event in wire if event["choices"] and event["choices"][0]["finish_reason"])
    assert finish["choices"][0]["delta"] == {"annotations": [5]}


def test_members_that_come_before_the_answer_begins_wait_for_it() -> None:
    early = b'data: {"id":"","choices":[],"prompt_filter_results":[]}\n\n'
    events = decode(early, early, chunk({"content": "a"}))
    assert events == [
        STARTED,
        OpaqueDelta(Opaque("openai_chat", {"prompt_filter_results": msgspec.Raw(b"[]")})),
        TextDelta("a"),
    ]


def test_an_error_event_is_a_fault() -> None:
    assert decode(b'data: {"error":{"message":"broke","code":5}}\n\n')[-1] == StreamFault("broke", "5")
    assert decode(b'data: {"error":{}}\n\n')[-1] == StreamFault("The provider broke the stream off with an error.")


def test_usage_that_is_none_says_nothing() -> None:
    assert decode(chunk({"content": "a"}, usage=[], x_groq={"id": "r"}))[1:] == [TextDelta("a")]


@pytest.mark.parametrize(
    "event",
    [
        b"data: garbage\n\n",
        b"data: []\n\n",
        b'data: {"choices":{}}\n\n',
        b'data: {"choices":[],"id":"\xff"}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[5]}}]}\n\n',
        b'data: {"choices":[{"delta":5}]}\n\n',
        b'data: {"choices":' + b"[" * 5000 + b"]" * 5000 + b"}\n\n",
    ],
)
def test_an_event_that_cannot_be_read_is_the_providers_fault(event: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        ChunkDecoder().feed(event)


def test_the_last_event_counts_without_its_empty_line_when_it_is_whole() -> None:
    assert decode(chunk({"content": "a"}), b"data: [DONE]")[-1] == Ended()
    assert decode(chunk({"content": "a"}), b'data: {"choices":[{"de') == [STARTED, TextDelta("a")]
    assert decode((chunk({"content": "a"}) + DONE).replace(b"\n", b"\r"))[-1] == Ended()
    assert decode(chunk({"content": "a"}), DONE, chunk({"content": "b"})) == [STARTED, TextDelta("a"), Ended()]


def test_the_role_is_said_once_for_each_candidate() -> None:
    wire = encode(STARTED, TextDelta("a"), TextDelta("b", 1), TextDelta("c"), ThinkingDelta("d", 2))
    assert [(event["choices"][0]["index"], event["choices"][0]["delta"].get("role")) for event in wire] == [
        (0, "assistant"),
        (0, None),
        (1, "assistant"),
        (1, None),
        (0, None),
        (2, "assistant"),
        (2, None),
    ]


def test_usage_comes_last_and_only_when_it_was_asked_for() -> None:
    events = (STARTED, TextDelta("a"), UsageReported(Usage(1, 1)), UsageReported(Usage(3, 2)), Ended())
    asked = encode(*events, include_usage=True)
    assert [event["usage"] for event in asked[:2]] == [None, None]
    assert asked[2]["choices"] == []
    assert asked[2]["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert asked[3] == "[DONE]"
    assert all(event == "[DONE]" or "usage" not in event for event in encode(*events))
    assert encode(STARTED, Ended(), include_usage=True) == ["[DONE]"]


def test_a_call_without_arguments_gets_an_empty_object_and_a_custom_one_stays_empty() -> None:
    wire = encode(
        ToolCallStarted(0, "a", "f", signature="s"),
        ToolCallEnded(0),
        ToolCallStarted(1, "b", "g", ToolKind.CUSTOM),
        ToolCallEnded(1),
    )
    assert deltas(wire) == [
        ROLE,
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "a",
                    "type": "function",
                    "function": {"name": "f", "arguments": ""},
                    "extra_content": {"google": {"thought_signature": "s"}},
                }
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
        {"tool_calls": [{"index": 1, "id": "b", "type": "custom", "custom": {"name": "g", "input": ""}}]},
    ]


def test_what_only_other_dialects_say_is_left_out() -> None:
    foreign = Opaque("anthropic_messages", {"x": msgspec.Raw(b"1")})
    assert (
        encode(
            Started("c", "m", opaque=foreign),
            ThinkingSigned("s"),
            ThinkingRedacted("d"),
            OpaqueDelta(foreign),
            OpaqueDelta(foreign, 0),
            PartAdded(Document(TextSource("x"))),
            UsageReported(Usage(1, 1), foreign),
        )
        == []
    )


def test_the_rest_is_said_as_the_dialect_says_it() -> None:
    wire = encode(
        PartAdded(Image(InlineSource("image/png", "AA"))),
        AudioDelta("AA", id="a"),
        CitationAdded(Citation("https://example.com/", "t", 0, 1)),
        Finished(Finish(StopReason.MALFORMED_CALL)),
        StreamFault("broke", "x"),
    )
    assert deltas(wire[:-1])[1:] == [
        {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
        {"audio": {"id": "a", "data": "AA"}},
        {
            "annotations": [
                {
                    "type": "url_citation",
                    "url_citation": {"start_index": 0, "end_index": 1, "url": "https://example.com/", "title": "t"},
                }
            ]
        },
        {},
    ]
    assert wire[-2]["choices"][0]["finish_reason"] == "content_filter"
    assert wire[-1]["error"] == {"message": "broke", "type": "server_error", "param": None, "code": "x"}
