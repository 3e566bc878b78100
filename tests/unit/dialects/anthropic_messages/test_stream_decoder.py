"""Events of this dialect into neutral ones: the cases beside the usual."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.part import OpaquePart
from stellwerk.core.stream import (
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    PartAdded,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    UsageReported,
)
from stellwerk.core.usage import Usage
from stellwerk.dialects.anthropic_messages.stream import EventDecoder
from stellwerk.errors import UpstreamInvalid

STOP = {"type": "message_stop"}


def event(wire: Any, name: str = "x") -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + json.dumps(wire, separators=(",", ":")).encode() + b"\n\n"


def decode(*wires: Any) -> list[StreamEvent]:
    decoder = EventDecoder()
    return [told for wire in wires for told in decoder.feed(event(wire))] + decoder.flush()


def start(usage: Any = None, **rest: Any) -> dict[str, Any]:
    return {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": usage, **rest}}


def block(content_block: Any, *deltas: Any, index: int = 0) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": content_block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def usages(*reports: Any) -> list[Usage]:
    first, *rest = reports
    deltas = [{"type": "message_delta", "delta": {}, "usage": report} for report in rest]
    return [told.usage for told in decode(start(first), *deltas) if isinstance(told, UsageReported)]


@pytest.mark.parametrize(
    ("first", "last", "usage"),
    [
        ({"input_tokens": 25, "output_tokens": 1}, {"output_tokens": 15}, Usage(25, 15)),
        ({"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 30, "output_tokens": 4}, Usage(30, 4)),
        ({"input_tokens": 30, "output_tokens": 1}, {"input_tokens": 30, "output_tokens": 4}, Usage(30, 4)),
        ({"input_tokens": 30, "output_tokens": 1}, {"input_tokens": 0, "output_tokens": 4}, Usage(30, 4)),
        (
            {"input_tokens": 3, "cache_read_input_tokens": 7, "output_tokens": 1},
            {"input_tokens": 3, "cache_read_input_tokens": 7, "output_tokens": 4},
            Usage(10, 4, 7),
        ),
        (
            {"input_tokens": 3},
            {"output_tokens": 4, "output_tokens_details": {"thinking_tokens": 2}},
            Usage(3, 4, 0, 0, 2),
        ),
        (
            {"input_tokens": 3, "output_tokens_details": {"thinking_tokens": 2}},
            {"output_tokens": 4},
            Usage(3, 4, 0, 0, 2),
        ),
    ],
)
def test_complaint_15_usage_of_the_first_and_the_last_event_is_one_and_never_added_up(
    first: Any, last: Any, usage: Usage
) -> None:
    assert usages(first, last)[-1] == usage


def test_an_event_of_usage_alone_is_usage() -> None:
    (report,) = decode({"type": "message_delta", "usage": {"output_tokens": 3}})
    assert isinstance(report, UsageReported)
    assert report.usage == Usage(0, 3)


def test_usage_of_another_shape_says_nothing() -> None:
    assert usages(None, 7, "x", []) == []


def test_a_block_that_is_told_whole_at_its_start_is_told() -> None:
    citation = {"type": "web_search_result_location", "url": "u", "encrypted_index": "e"}
    told = decode(
        *block({"type": "text", "text": "a", "citations": [citation]}),
        *block({"type": "thinking", "thinking": "t", "signature": "s"}),
        *block({"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}),
    )
    assert [type(one) for one in told] == [
        TextDelta, CitationAdded, ThinkingDelta, ThinkingSigned, ToolCallStarted, ToolCallDelta, ToolCallEnded,
    ]  # fmt: skip
    assert told[5] == ToolCallDelta(0, '{"a":1}')


def test_arguments_that_follow_replace_those_at_the_start() -> None:
    call = {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}
    told = decode(*block(call, {"type": "input_json_delta", "partial_json": "{}"}))
    assert told[1:] == [ToolCallDelta(0, "{}"), ToolCallEnded(0)]


def test_a_block_that_nobody_closed_is_closed_by_the_next_or_by_the_end() -> None:
    call = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
    opened = block(call)[:1]
    finish = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}
    told = decode(*opened, *opened, finish)
    assert [type(one) for one in told] == [
        ToolCallStarted, ToolCallEnded, ToolCallStarted, ToolCallEnded, Finished,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content_block",
    [
        {"type": "text", "text": 5},
        {"type": "text", "text": "", "citations": 5},
        {"type": "redacted_thinking"},
        {"type": "tool_use", "id": "", "name": "f", "input": {}},
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": 1}},
    ],
)
def test_a_block_of_an_unknown_shape_is_told_whole(content_block: dict[str, Any]) -> None:
    (told,) = decode(*block(content_block, {"type": "brand_new_delta"}))
    assert isinstance(told, PartAdded)
    assert isinstance(told.part, OpaquePart)
    assert json.loads(bytes(told.part.raw)) == content_block


@pytest.mark.parametrize(
    ("pieces", "input_"), [(['{"q":', '"x"}'], {"q": "x"}), (['{"q":"x","r'], {"q": "x"}), (["x"], {})]
)
def test_arguments_of_a_server_tool_are_put_into_its_block(pieces: list[str], input_: dict[str, Any]) -> None:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    (told,) = decode(*block({"type": "server_tool_use", "input": {}}, *deltas))
    assert isinstance(told, PartAdded)
    assert isinstance(told.part, OpaquePart)
    assert json.loads(bytes(told.part.raw)) == {"type": "server_tool_use", "input": input_}


@pytest.mark.parametrize(
    "delta",
    [
        {"type": "text_delta", "text": ""},
        {"type": "thinking_delta"},
        {"type": "signature_delta", "signature": ""},
        {"type": "input_json_delta", "partial_json": "{}"},
        {"type": "citations_delta"},
        {"type": "brand_new"},
        {},
    ],
)
def test_deltas_that_say_nothing_are_passed_over(delta: dict[str, Any]) -> None:
    assert decode(*block({"type": "text", "text": ""}, delta)) == []


def test_two_texts_in_a_row_stay_two_for_this_dialect() -> None:
    told = decode(*block({"type": "text", "text": "a"}), *block({"type": "text", "text": "b"}, index=1))
    assert [type(one) for one in told] == [TextDelta, OpaqueDelta, TextDelta]


def test_a_delta_in_another_spelling_is_read_as_well() -> None:
    decoder = EventDecoder()
    decoder.feed(event(block({"type": "text", "text": ""})[0]))
    assert decoder.feed(
        b'data: { "delta": {"type": "text_delta", "text": "a"}, "type": "content_block_delta"}\n\n'
    ) == [TextDelta("a")]


def test_the_name_of_an_event_counts_where_its_data_have_no_type() -> None:
    decoder = EventDecoder()
    assert decoder.feed(event({}, "message_stop")) == [Ended()]
    assert decoder.is_complete
    assert decoder.feed(event(STOP)) == []


def test_a_second_start_is_passed_over() -> None:
    told = decode(start(), start())
    assert told == [Started("msg_1", "m")]


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, StreamFault("Overloaded", "overloaded_error")),
        ("broke", StreamFault("broke")),
        (None, StreamFault("The provider broke the stream off with an error.")),
    ],
)
def test_an_error_event_is_a_fault(error: Any, fault: StreamFault) -> None:
    assert decode({"type": "error", "error": error}) == [fault]


@pytest.mark.parametrize(
    "data",
    [
        b"garbage",
        b"[]",
        b'{"type":5}',
        b'{"type":"message_start"}',
        b'{"type":"message_start","message":{"id":5}}',
        b'{"type":"content_block_start"}',
        b'{"type":"content_block_start","content_block":{}}',
        b'{"type":"content_block_delta"}',
        b'{"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":"x"}}',
        b'{"type": "content_block_delta","index":7,"delta":{"type":"text_delta","text":"x"}}',
        b'{"type":"content_block_delta","index":0,"delta":{"text":5}}',
        b'{"type":"message_delta","delta":5}',
        b'{"x":"\xff"}',
        b'{"x":' + b"[" * 100_000,
    ],
)
def test_an_event_that_cannot_be_read_is_the_providers_fault(data: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        EventDecoder().feed(b"data: " + data + b"\n\n")


def test_a_last_event_without_its_empty_line_counts_when_it_is_whole() -> None:
    decoder = EventDecoder()
    decoder.feed(b'data: {"type":"message_stop"}\n')
    assert decoder.flush() == [Ended()]
    decoder = EventDecoder()
    decoder.feed(b'data: {"type":"message_st')
    assert decoder.flush() == []
    decoder = EventDecoder()
    decoder.feed(b'data: {"type":"message_stop"}\r\r')
    assert decoder.flush() == [Ended()]
