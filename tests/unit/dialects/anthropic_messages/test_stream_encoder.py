"""Streams of other dialects, told to callers of this one: the cases that gateways stumble over."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import msgspec
import pytest

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation, Image, OpaquePart, ToolKind, UrlSource
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
from stellwerk.dialects.anthropic_messages.errors import encode_stream_error
from stellwerk.dialects.anthropic_messages.stream import EventDecoder, EventEncoder
from stellwerk.dialects.openai_chat.stream import ChunkDecoder
from stellwerk.errors import UpstreamInvalid, UpstreamTimeout
from tests.golden.anthropic_messages.oracle import accumulate, judge_order

START = Started("chatcmpl-1", "gpt-5.2", 1_763_900_000)
END = (Finished(Finish(StopReason.END)), Ended())


def encode(*events: StreamEvent) -> bytes:
    encoder = EventEncoder()
    return b"".join(encoder.feed(event) for event in events) + encoder.flush()


def told(*events: StreamEvent) -> dict[str, Any]:
    """The message that the official SDK makes of the events; they must be well-formed."""
    stream = encode(START, *events)
    judge_order(stream)
    return accumulate(stream)


def blocks(*events: StreamEvent) -> list[dict[str, Any]]:
    """Its content, without members that say nothing."""
    return [{name: value for name, value in block.items() if value is not None} for block in told(*events)["content"]]


def from_openai(*choices: dict[str, Any], usage: dict[str, Any] | None = None) -> list[StreamEvent]:
    """The neutral events of an OpenAI stream of these choices."""
    chunks: list[dict[str, Any]] = [
        {"id": "chatcmpl-1", "model": "gpt-5.2", "choices": [{"index": 0, **choice}]} for choice in choices
    ]
    if usage is not None:
        chunks.append({"id": "chatcmpl-1", "model": "gpt-5.2", "choices": [], "usage": usage})
    data = b"".join(sse.encode(json.dumps(chunk).encode()) for chunk in chunks) + b"data: [DONE]\n\n"
    return ChunkDecoder().feed(data)


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def test_complaint_15_usage_that_comes_last_is_whole_in_the_last_event() -> None:
    usage = UsageReported(Usage(1_200, 40, cache_read_tokens=1_000, cache_write_tokens=50, reasoning_tokens=7))
    message = told(TextDelta("hi"), END[0], usage, END[1])
    assert message["usage"]["input_tokens"] == 150
    assert message["usage"]["cache_read_input_tokens"] == 1_000
    assert message["usage"]["cache_creation_input_tokens"] == 50
    assert message["usage"]["output_tokens"] == 40
    assert message["usage"]["output_tokens_details"] == {"thinking_tokens": 7}


def test_complaint_15_usage_that_is_known_first_stands_in_the_first_event_and_is_not_doubled() -> None:
    first, last = UsageReported(Usage(100, 1)), UsageReported(Usage(100, 9))
    events = sse.Decoder().feed(encode(START, first, TextDelta("hi"), END[0], last, END[1]))
    assert json.loads(events[0].data)["message"]["usage"]["input_tokens"] == 100
    assert told(first, TextDelta("hi"), END[0], last, END[1])["usage"]["input_tokens"] == 100


def test_complaint_20_arguments_of_a_tool_that_come_whole_are_not_lost() -> None:
    call = ToolCallStarted(0, "call_0", "weather", signature="c2ln")
    content = blocks(call, ToolCallDelta(0, '{"place":"Ulm"}'), ToolCallEnded(0), *END)
    assert content == [
        {
            "type": "tool_use",
            "id": "call_0",
            "name": "weather",
            "input": {"place": "Ulm"},
            "extra_content": {"google": {"thought_signature": "c2ln"}},
        }
    ]


def test_complaint_21_text_and_a_call_in_one_delta_are_a_block_each() -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    events = from_openai(
        {"delta": {"role": "assistant", "content": ""}},
        {"delta": {"content": "I look.", "tool_calls": [call]}},
        {"delta": {"content": "", "tool_calls": []}},
        {"delta": {}, "finish_reason": "tool_calls"},
    )
    stream = encode(*events)
    judge_order(stream)
    message = accumulate(stream)
    assert [block["type"] for block in message["content"]] == ["text", "tool_use"]
    assert message["content"][1]["name"] == "f"
    assert message["content"][1]["input"] == {"a": 1}
    assert stream.count(b"input_json_delta") == 1


def test_complaint_22_a_stream_that_ends_with_calls_waits_for_their_results_and_has_no_empty_text() -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    for reason in ("tool_calls", "stop"):
        events = from_openai(
            {"delta": {"role": "assistant", "content": None, "tool_calls": [call]}},
            {"delta": {}, "finish_reason": reason},
        )
        message = accumulate(encode(*events))
        assert message["stop_reason"] == "tool_use"
        assert [block["type"] for block in message["content"]] == ["tool_use"]


def test_complaint_23_there_is_one_start_also_where_several_events_claim_it() -> None:
    stream = encode(START, Started("other", "m"), TextDelta("hi"), *END)
    assert stream.count(b"event: message_start") == 1
    assert accumulate(stream)["id"] == "chatcmpl-1"


def test_complaint_24_a_provider_that_breaks_off_with_an_error_is_an_error_event_and_nothing_after_it() -> None:
    fault = StreamFault("Overloaded", "overloaded_error")
    stream = encode(START, TextDelta("Once"), fault, TextDelta("more"), fault, *END)
    judge_order(stream)
    assert stream.endswith(b'data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n')
    with pytest.raises(anthropic.APIStatusError):
        accumulate(stream)


def test_complaint_24_a_stream_that_just_ends_has_no_ending_and_takes_the_gateways_error_after_it() -> None:
    stream = encode(START, TextDelta("Once"))
    assert b"message_stop" not in stream
    half = stream[:-5]
    events = sse.Decoder().feed(half + encode_stream_error(UpstreamTimeout("late"), close_half_event=True))
    assert (events[-1].event, json.loads(events[-1].data)["error"]["type"]) == ("error", "timeout_error")


def test_a_fault_of_a_foreign_word_has_a_type_of_the_dialect() -> None:
    for code in (None, "server_error", "429"):
        assert b'"type":"api_error"' in encode(StreamFault("m", code))


def test_edge_1_signed_redacted_and_signature_only_reasoning_comes_through_byte_for_byte() -> None:
    content = blocks(
        ThinkingDelta("hm"), ThinkingDelta(" …"), ThinkingSigned("sig="), ThinkingRedacted("ENC="),
        ThinkingSigned("only="), TextDelta("yes"), *END,
    )  # fmt: skip
    assert content == [
        {"type": "thinking", "thinking": "hm …", "signature": "sig="},
        {"type": "redacted_thinking", "data": "ENC="},
        {"type": "thinking", "thinking": "", "signature": "only="},
        text("yes"),
    ]


def test_edge_1_reasoning_that_nobody_signed_is_told_without_a_signature() -> None:
    content = blocks(ThinkingDelta("hm"), TextDelta("yes"), *END)
    assert content == [{"type": "thinking", "thinking": "hm", "signature": ""}, text("yes")]


def test_edge_4_blocks_are_opened_and_closed_in_the_order_of_their_kinds() -> None:
    content = blocks(
        ThinkingDelta("a"), TextDelta("b"), TextDelta(""), ToolCallStarted(0, "c", "f"), ToolCallEnded(0),
        TextDelta("d"), ThinkingDelta("e"), TextDelta("f"), *END,
    )  # fmt: skip
    assert [block["type"] for block in content] == ["thinking", "text", "tool_use", "text", "thinking", "text"]


def test_edge_4_text_amid_a_call_waits_until_the_call_is_whole() -> None:
    content = blocks(
        TextDelta("a"), ToolCallStarted(0, "c", "f"), ToolCallDelta(0, '{"x"'), TextDelta("b"), ToolCallDelta(0, ":1}"),
        TextDelta("c"), ThinkingDelta("d"), ThinkingSigned("s"), TextDelta("e"), ToolCallEnded(0), *END,
    )  # fmt: skip
    assert [block.get("text", block["type"]) for block in content] == ["a", "tool_use", "bc", "thinking", "e"]
    assert content[1]["input"] == {"x": 1}


def test_edge_4_parallel_calls_whose_pieces_alternate_come_out_one_after_another() -> None:
    content = blocks(
        ToolCallStarted(0, "c0", "f"), ToolCallStarted(1, "c1", "g"), ToolCallDelta(0, '{"a"'),
        ToolCallDelta(1, '{"b"'), ToolCallStarted(2, "c2", "h"),
        ToolCallDelta(0, ":0}"), ToolCallDelta(2, "{}"), ToolCallDelta(1, ":1}"),
        ToolCallEnded(2), ToolCallEnded(0), *END,
    )  # fmt: skip
    assert [(block["id"], block["input"]) for block in content] == [("c0", {"a": 0}), ("c1", {"b": 1}), ("c2", {})]


def test_the_first_of_parallel_calls_is_told_as_it_comes() -> None:
    encoder = EventEncoder()
    for event in (START, ToolCallStarted(0, "c0", "f"), ToolCallStarted(1, "c1", "g")):
        encoder.feed(event)
    assert encoder.feed(ToolCallDelta(1, "{}")) == b""
    assert b"partial_json" in encoder.feed(ToolCallDelta(0, "{}"))
    assert encoder.feed(ToolCallEnded(0)).count(b"event: ") == 3


def test_arguments_for_a_call_that_is_whole_are_not_dropped_in_silence() -> None:
    with pytest.raises(UpstreamInvalid, match="not open"):
        encode(START, ToolCallStarted(0, "c", "f"), ToolCallEnded(0), ToolCallDelta(0, "{}"))


def test_a_call_that_ends_twice_or_never_began_ends_nothing() -> None:
    content = blocks(ToolCallStarted(0, "c", "f"), ToolCallEnded(0), ToolCallEnded(0), ToolCallEnded(5), *END)
    assert len(content) == 1


def test_edge_5_a_tool_without_arguments_takes_an_empty_object() -> None:
    stream = encode(START, ToolCallStarted(0, "c", "now"), ToolCallDelta(0, ""), ToolCallEnded(0), *END)
    assert b"input_json_delta" not in stream
    assert accumulate(stream)["content"][0]["input"] == {}


def test_edge_6_arguments_that_were_cut_off_are_told_as_they_are_and_the_stop_reason_says_so() -> None:
    length = Finished(Finish(StopReason.LENGTH))
    message = told(ToolCallStarted(0, "c", "f"), ToolCallDelta(0, '{"a":1,"b":"on'), length, Ended())
    assert message["stop_reason"] == "max_tokens"
    assert message["content"][0]["input"] == {"a": 1}


def test_edge_7_input_counts_leave_out_what_the_cache_gave() -> None:
    usage = {
        "prompt_tokens": 1_000,
        "completion_tokens": 30,
        "total_tokens": 1_030,
        "prompt_tokens_details": {"cached_tokens": 900},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    events = from_openai({"delta": {"content": "hi"}}, {"delta": {}, "finish_reason": "stop"}, usage=usage)
    told_usage = accumulate(encode(*events))["usage"]
    assert told_usage["input_tokens"] == 100
    assert told_usage["cache_read_input_tokens"] == 900
    assert told_usage["output_tokens"] == 30


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (StopReason.END, "end_turn"),
        (StopReason.LENGTH, "max_tokens"),
        (StopReason.TOOL_CALLS, "tool_use"),
        (StopReason.STOP_SEQUENCE, "end_turn"),
        (StopReason.PAUSE, "pause_turn"),
        (StopReason.REFUSAL, "refusal"),
        (StopReason.CONTEXT_WINDOW, "model_context_window_exceeded"),
        (StopReason.CONTENT_FILTER, "refusal"),
        (StopReason.MALFORMED_CALL, "refusal"),
        (StopReason.OTHER, "refusal"),
    ],
)
def test_edge_11_why_an_answer_ended_is_said_in_the_dialects_words_and_no_failure_reads_as_success(
    reason: StopReason, word: str
) -> None:
    foreign = Opaque("gemini", {"finishReason": msgspec.Raw(b'"RECITATION"')})
    assert told(TextDelta("x"), Finished(Finish(reason, opaque=foreign)), Ended())["stop_reason"] == word


def test_edge_11_the_sequence_that_stopped_it_is_named() -> None:
    message = told(TextDelta("x"), Finished(Finish(StopReason.STOP_SEQUENCE, "END")), Ended())
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "END")


def test_edge_11_declining_in_words_is_a_refusal() -> None:
    message = told(RefusalDelta("I will not."), *END)
    assert message["stop_reason"] == "refusal"
    assert message["content"][0]["text"] == "I will not."


def test_a_stream_that_does_not_say_why_it_ended_has_ended() -> None:
    assert told(TextDelta("x"), Ended())["stop_reason"] == "end_turn"
    assert told(Ended())["content"] == []


def test_deltas_without_a_start_are_told_all_the_same() -> None:
    stream = encode(TextDelta("x"), *END)
    judge_order(stream)
    assert accumulate(stream)["content"][0]["text"] == "x"


def test_other_candidates_are_passed_over() -> None:
    content = blocks(
        TextDelta("a", candidate=1), TextDelta("b"), ToolCallStarted(0, "c", "f", candidate=1),
        ToolCallDelta(0, "{}", candidate=1), Finished(Finish(StopReason.LENGTH), candidate=1), *END,
    )  # fmt: skip
    assert content == [text("b")]


def test_citations_of_any_origin_are_places_on_the_web_or_in_a_document() -> None:
    web = Citation("https://example.com", "Example", 0, 1)
    document = Citation(title="Note", cited_text="x", document_index=2)
    content = blocks(TextDelta("a"), CitationAdded(web), CitationAdded(document), *END)
    assert [citation["type"] for citation in content[0]["citations"]] == ["web_search_result_location", "char_location"]
    assert content[0]["citations"][0]["url"] == "https://example.com"
    assert content[0]["citations"][1]["document_index"] == 2


def test_a_citation_of_nothing_is_left_out() -> None:
    assert blocks(CitationAdded(Citation("u")), *END) == []
    assert len(blocks(ToolCallStarted(0, "c", "f"), CitationAdded(Citation("u")), *END)) == 1


def test_what_was_said_aloud_is_told_in_words_and_media_are_left_out() -> None:
    image = PartAdded(Image(UrlSource("https://example.com/x.png")))
    foreign = PartAdded(OpaquePart("gemini", "executableCode", msgspec.Raw(b"{}")))
    content = blocks(AudioDelta("AAA="), AudioDelta(transcript="hello"), image, foreign, *END)
    assert content == [text("hello")]


def test_the_free_text_of_a_custom_tool_is_one_member_of_an_object() -> None:
    started = ToolCallStarted(0, "c", "sql", ToolKind.CUSTOM)
    for ending in ((ToolCallEnded(0), *END), END, (Ended(),)):
        content = blocks(started, ToolCallDelta(0, 'select "a'), ToolCallDelta(0, '\\n"'), *ending)
        assert content[0]["input"] == {"input": 'select "a\\n"'}


def test_what_only_another_dialect_understands_is_left_out() -> None:
    foreign = Opaque("openai_chat", {"system_fingerprint": msgspec.Raw(b'"fp"')})
    content = blocks(TextDelta("a"), OpaqueDelta(foreign), OpaqueDelta(foreign, 0), TextDelta("b"), *END)
    assert content == [text("ab")]


def test_a_citation_of_a_new_kind_goes_back_as_it_came() -> None:
    wire = {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {"type": "x"}}}
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "a"}}
    decoder = EventDecoder()
    events = [event for data in (start, wire) for event in decoder.feed(sse.encode(json.dumps(data).encode()))]
    stream = encode(START, *events, *END)
    assert b'"citation":{"type": "x"}' in stream
