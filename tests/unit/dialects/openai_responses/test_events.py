"""Streams read into neutral events, and written from them: also from those of other dialects."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import msgspec
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation, Image, InlineSource, OpaquePart, ToolKind, UrlSource
from stellwerk.core.reply import Finish, Logprobs, StopReason, TokenLogprob
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
from stellwerk.dialects.openai_chat.stream import ChunkDecoder
from stellwerk.dialects.openai_responses.stream import EventDecoder, EventEncoder
from stellwerk.errors import UpstreamInvalid

OFFICIAL: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
START = Started("r", "m", 7)
END = (Finished(Finish(StopReason.END)), UsageReported(Usage(3, 2)), Ended())
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""}
CALLED = {**CALL, "arguments": "{}"}


def event(kind: str, **members: Any) -> bytes:
    return sse.encode(json.dumps({"type": kind, **members}).encode(), kind)


def added(item: Any, place: int = 0) -> bytes:
    return event("response.output_item.added", output_index=place, item=item)


def done(item: Any, place: int = 0) -> bytes:
    return event("response.output_item.done", output_index=place, item=item)


CREATED = event("response.created", response={"id": "r", "model": "m", "created_at": 7})
COMPLETED = event("response.completed", response={"id": "r", "status": "completed", "output": []})
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}


def read(*pieces: bytes) -> list[Any]:
    decoder = EventDecoder()
    return [neutral for piece in pieces for neutral in decoder.feed(piece)] + decoder.flush()


def said(*pieces: bytes) -> list[Any]:
    """What matters to other dialects."""
    return [neutral for neutral in read(*pieces) if not isinstance(neutral, OpaqueDelta)]


def write(*events: StreamEvent) -> list[Any]:
    """The events' payloads, numbered and judged by the official types, the last also by the official client."""
    encoder = EventEncoder()
    out = b"".join(encoder.feed(neutral) for neutral in events) + encoder.flush()
    raw = sse.Decoder().feed(out)
    told = [json.loads(one.data) for one in raw]
    assert [one.event for one in raw] == [payload["type"] for payload in told]
    assert [payload["sequence_number"] for payload in told] == list(range(len(told)))
    for payload in told:
        OFFICIAL.validate_python(payload)
    if told and told[-1]["type"] == "response.completed":
        assert put_together(out) == told[-1]["response"]
    return told


def put_together(stream: bytes) -> Any:
    """The final response as the official client accumulates it."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as http,
        openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=http) as client,
        client.responses.stream(model="m", input="x") as events,
    ):
        final = events.get_final_response().to_dict(mode="json")
    Response.model_validate(final)
    return unparsed(final)


def unparsed(value: Any) -> Any:
    """Without what the client adds."""
    if isinstance(value, list):
        return [unparsed(one) for one in value]
    if isinstance(value, dict):
        return {name: unparsed(one) for name, one in value.items() if not name.startswith("parsed")}
    return value


def kinds(told: list[Any]) -> list[str]:
    return [payload["type"].removeprefix("response.") for payload in told]


# -------------------------------------------------------------------------------------------------------- decoding


def test_complaint_20_arguments_of_a_call_arrive_between_its_start_and_its_end() -> None:
    events = said(
        CREATED,
        added(CALL),
        event("response.function_call_arguments.delta", output_index=0, delta='{"a"'),
        event("response.function_call_arguments.delta", output_index=0, delta=":1}"),
        event("response.function_call_arguments.done", output_index=0, arguments='{"a":1}'),
        done({**CALL, "arguments": '{"a":1}'}),
        COMPLETED,
    )
    start, *rest = events[1:6]
    assert (start.id, start.name, start.call) == ("c", "f", 0)
    assert rest[:3] == [ToolCallDelta(0, '{"a"'), ToolCallDelta(0, ":1}"), ToolCallEnded(0)]
    assert rest[3].finish == Finish(StopReason.TOOL_CALLS)
    assert events[-1] == Ended()


@pytest.mark.parametrize(
    "pieces",
    [
        (added(CALL), event("response.function_call_arguments.done", arguments="{}"), done(CALLED)),
        (added(CALL), done(CALLED)),
        (done(CALLED),),
        (added({**CALL, "name": ""}), done(CALLED)),
        (event("response.function_call_arguments.delta", delta="{}"), done(CALLED)),
        (event("response.function_call_arguments.delta", output_index="x", delta="{}"), done(CALLED)),
    ],
)  # fmt: skip
def test_a_call_is_whole_however_little_of_it_is_streamed(pieces: tuple[bytes, ...]) -> None:
    events = said(CREATED, *pieces, COMPLETED)
    assert [type(one) for one in events[1:4]] == [ToolCallStarted, ToolCallDelta, ToolCallEnded]
    assert events[2].arguments == "{}"


def test_a_call_that_nobody_closes_ends_with_the_response() -> None:
    events = said(CREATED, added(CALL), COMPLETED)
    assert [type(one) for one in events[1:]] == [ToolCallStarted, ToolCallEnded, Finished, Ended]


def test_a_custom_tools_input_is_its_arguments() -> None:
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "f", "input": ""}
    events = said(
        CREATED,
        added(item),
        event("response.custom_tool_call_input.delta", output_index=0, delta="x"),
        done({**item, "input": "x"}),
        COMPLETED,
    )
    assert events[1].kind is ToolKind.CUSTOM
    assert events[2:4] == [ToolCallDelta(0, "x"), ToolCallEnded(0)]


def test_texts_of_each_sort_become_their_deltas() -> None:
    events = said(
        CREATED,
        added({"type": "reasoning", "id": "rs_1", "summary": []}),
        event("response.reasoning_summary_text.delta", output_index=0, delta="a"),
        event("response.reasoning_summary_part.added", output_index=0, summary_index=1),
        event("response.reasoning_summary_text.done", output_index=0, text="b"),
        event("response.reasoning_text.delta", output_index=0, delta="c"),
        done({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "s"}),
        added(MESSAGE, 1),
        event("response.output_text.delta", output_index=1, delta="d", logprobs=[]),
        event("response.output_text.delta", output_index=1, delta=""),
        event("response.refusal.delta", output_index=1, delta="e"),
        event("response.refusal.delta", output_index=1, delta=""),
        done(MESSAGE, 1),
        COMPLETED,
    )
    texts = events[1:-2]
    assert [getattr(one, "text", None) or getattr(one, "signature", None) for one in texts] == list("abcsde")
    assert [type(one) for one in texts] == [
        ThinkingDelta,
        ThinkingDelta,
        ThinkingDelta,
        ThinkingSigned,
        TextDelta,
        RefusalDelta,
    ]


def test_an_item_that_comes_whole_is_said_whole() -> None:
    url = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
    message = {
        **MESSAGE,
        "content": [
            {"type": "output_text", "text": "x", "annotations": [url]},
            {"type": "refusal", "refusal": "no"},
        ],
    }
    reasoning = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "s"}],
        "content": [{"type": "reasoning_text", "text": "r"}],
    }
    secret = {"type": "reasoning", "id": "redacted_of_r_0", "summary": [], "encrypted_content": "e"}
    empty = {**MESSAGE, "content": []}
    closing = event(
        "response.completed", response={"status": "completed", "output": [reasoning, message, secret, empty]}
    )
    for pieces in ((closing,), (done(reasoning), done(message, 1), done(secret, 2), done(empty, 3), closing)):
        events = said(CREATED, *pieces)
        assert [type(one) for one in events[1:8]] == [
            ThinkingDelta,
            ThinkingDelta,
            TextDelta,
            CitationAdded,
            RefusalDelta,
            ThinkingSigned,
            PartAdded,
        ]
        assert [type(one) for one in events[8:]] == [Finished, Ended]


def test_an_item_is_closed_once() -> None:
    events = said(CREATED, done({**CALL, "arguments": "{}"}), done({**CALL, "arguments": "{}"}), COMPLETED)
    assert sum(isinstance(one, ToolCallEnded) for one in events) == 1


def test_log_probabilities_go_with_their_text() -> None:
    token = {"token": "x", "logprob": -0.5, "bytes": [120], "top_logprobs": []}
    delta = {"output_index": 0, "delta": "x"}
    good = event("response.output_text.delta", logprobs=[token], **delta)
    odd = event("response.output_text.delta", logprobs=[{"odd": 1}], **delta)
    told = [one.logprobs for one in said(CREATED, added(MESSAGE), good, odd) if isinstance(one, TextDelta)]
    assert told == [Logprobs((TokenLogprob("x", -0.5, b"x"),)), None]


def test_edge_11_events_that_nobody_knows_are_tolerated_and_handed_on() -> None:
    events = read(CREATED, event("response.new", output_index=3, delta={"x": 1}), event("keepalive"), b"data: {}\n\n")
    assert [type(one) for one in events] == [Started, OpaqueDelta]
    encoder = EventEncoder()
    out = b"".join(encoder.feed(one) for one in (*events, *END))
    assert kinds([json.loads(one.data) for one in sse.Decoder().feed(out)]) == [
        "created",
        "in_progress",
        "new",
        "completed",
    ]


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (event("error", code="c", message="m", param=None), StreamFault("m", "c")),
        (event("error", error={"message": "m", "code": "c"}), StreamFault("m", "c")),
        (b'data: {"error":{"message":"m","code":"c"}}\n\n', StreamFault("m", "c")),
        (event("error"), StreamFault("The provider broke the stream off with an error.")),
        (event("response.failed", response={"error": {"code": "c", "message": "m"}}), StreamFault("m", "c")),
        (event("response.failed", response={}), StreamFault("The provider broke the stream off with an error.")),
    ],
)
def test_a_fault_is_the_last_event(broken: bytes, fault: StreamFault) -> None:
    events = read(CREATED, broken, added(MESSAGE), COMPLETED)
    assert events[1:] == [fault]


def test_a_response_that_failed_still_tells_what_it_cost() -> None:
    usage = {"input_tokens": 3, "output_tokens": 0}
    events = read(CREATED, event("response.failed", response={"usage": usage}))
    assert events[1].usage == Usage(3, 0)


@pytest.mark.parametrize(
    "first", [event("response.output_text.delta", delta="x"), event("response.in_progress", response={"id": "r"})]
)
def test_a_stream_begins_whichever_event_is_first(first: bytes) -> None:
    assert isinstance(read(first)[0], Started)


@pytest.mark.parametrize(
    "bad",
    [
        b"data: {\n\n",
        b"data: 5\n\n",
        b"data: \xff\n\n",
        b"data: " + b"[" * 100_000 + b"\n\n",
        event("response.completed"),
        event("response.completed", response={"status": "failed"}),
        event("response.output_item.added", item=5),
        done({**CALL, "call_id": ""}),
    ],
)
def test_what_is_not_the_dialects_is_the_providers_fault(bad: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        read(CREATED, bad)


def test_a_stream_without_its_last_empty_line_is_read_to_its_end_and_a_half_event_is_not_read() -> None:
    assert read(CREATED, COMPLETED[:-2])[-1] == Ended()
    assert len(read(CREATED, COMPLETED[:-9])) == 1
    assert read(CREATED, COMPLETED[:-2] + b"\r\r")[-1] == Ended()
    decoder = EventDecoder()
    decoder.feed(CREATED)
    assert not decoder.is_complete
    decoder.feed(COMPLETED + COMPLETED + b"data: [DONE]\n\n")
    assert decoder.is_complete


# -------------------------------------------------------------------------------------------------------- encoding


def test_a_text_is_framed_by_its_item_and_its_part() -> None:
    told = write(START, TextDelta("Hel"), TextDelta("lo\n"), *END)
    assert kinds(told) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [payload["delta"] for payload in told if "delta" in payload] == ["Hel", "lo\n"]
    assert told[6]["text"] == "Hello\n"
    final = told[-1]["response"]
    assert final["output"] == [told[8]["item"]]
    assert (final["id"], final["status"], final["usage"]["total_tokens"]) == ("r", "completed", 5)
    assert told[0]["response"]["status"] == "in_progress"


def test_complaint_21_text_and_calls_in_one_chunk_of_chat_lose_neither() -> None:
    chunk = {"id": "r", "model": "m", "choices": [{"index": 0, "delta": {"content": "I look.", "tool_calls": [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": '{"a":1}'}},
    ]}}]}  # fmt: skip
    empty = {"id": "r", "choices": [{"index": 0, "delta": {"tool_calls": [], "content": ""}}]}
    finish = {"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    stream = b"".join(sse.encode(json.dumps(wire).encode()) for wire in (chunk, empty, finish)) + b"data: [DONE]\n\n"
    told = write(*ChunkDecoder().feed(stream))
    output = told[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "function_call"]
    assert [(item["call_id"], item["name"], item["arguments"]) for item in output[1:]] == [
        ("c1", "f", "{}"),
        ("c2", "g", '{"a":1}'),
    ]


def test_complaint_22_there_is_no_empty_text_before_a_call() -> None:
    told = write(START, ToolCallStarted(0, "c", "f"), ToolCallDelta(0, "{}"), ToolCallEnded(0), *END)
    assert [payload["item"]["type"] for payload in told if payload["type"].endswith("item.added")] == ["function_call"]


def test_complaint_23_a_second_start_changes_nothing() -> None:
    told = write(START, TextDelta("a"), Started("other", "x"), TextDelta("b"), *END)
    assert kinds(told).count("created") == 1
    assert told[-1]["response"]["id"] == "r"


def test_edge_4_kinds_that_take_turns_open_and_close_their_items_in_order() -> None:
    told = write(
        START,
        ThinkingDelta("t"),
        ThinkingSigned("s"),
        TextDelta("a"),
        RefusalDelta("b"),
        ThinkingDelta("u"),
        ThinkingRedacted("x"),
        ToolCallStarted(0, "c1", "f"),
        ToolCallStarted(1, "c2", "g", ToolKind.CUSTOM),
        ToolCallDelta(1, "y"),
        ToolCallDelta(0, "{}"),
        TextDelta("z"),
        ToolCallDelta(7, "nobody's"),
        ToolCallEnded(7),
        *END,
    )
    output = told[-1]["response"]["output"]
    assert [item["type"] for item in output] == [
        "reasoning",
        "message",
        "reasoning",
        "reasoning",
        "function_call",
        "custom_tool_call",
        "message",
    ]
    assert output[0]["encrypted_content"] == "s"
    assert [part["type"] for part in output[1]["content"]] == ["output_text", "refusal"]
    assert (output[4]["arguments"], output[5]["input"]) == ("{}", "y")


def test_edge_5_a_call_without_arguments_streams_an_empty_object() -> None:
    told = write(START, ToolCallStarted(0, "c", "f"), ToolCallEnded(0), *END)
    assert [payload["delta"] for payload in told if "delta" in payload] == ["{}"]
    assert told[-1]["response"]["output"][0]["arguments"] == "{}"
    custom = write(START, ToolCallStarted(0, "c", "f", ToolKind.CUSTOM), ToolCallEnded(0), *END)
    assert custom[-1]["response"]["output"][0]["input"] == ""


@pytest.mark.parametrize("ended", [(), (ToolCallEnded(0),), (ToolCallEnded(0), ToolCallEnded(1))])
def test_edge_6_a_call_that_is_cut_is_incomplete_with_its_fragment(ended: tuple[StreamEvent, ...]) -> None:
    cut = (Finished(Finish(StopReason.LENGTH)), Ended())
    calls = (ToolCallStarted(0, "c", "f"), ToolCallStarted(1, "d", "g"), ToolCallDelta(1, '{"a'))
    told = write(START, TextDelta("x"), *calls, *ended, *cut)
    assert told[-1]["type"] == "response.incomplete"
    assert told[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    output = told[-1]["response"]["output"]
    assert [item["status"] for item in output] == ["completed", "completed", "incomplete"]
    assert output[2]["arguments"] == '{"a'


def test_a_call_that_begins_anew_closes_the_one_before() -> None:
    told = write(START, ToolCallStarted(0, "c", "f"), ToolCallStarted(0, "d", "g"), *END)
    assert [item["call_id"] for item in told[-1]["response"]["output"]] == ["c", "d"]


def test_sources_stand_in_the_text_that_they_are_for() -> None:
    told = write(START, CitationAdded(Citation("u", "t", 0, 1)), TextDelta("x"), CitationAdded(Citation("v")), *END)
    places = [payload["annotation_index"] for payload in told if "annotation_index" in payload]
    assert places == [0, 1]
    (item,) = told[-1]["response"]["output"]
    assert [annotation["url"] for annotation in item["content"][0]["annotations"]] == ["u", "v"]


def test_log_probabilities_are_in_the_delta_and_in_the_whole() -> None:
    logprobs = Logprobs((TokenLogprob("x", -0.5, b"x"),), (TokenLogprob("n", -1.0),))
    told = write(START, TextDelta("x", 0, logprobs), RefusalDelta("n", 0, logprobs), *END)
    token = {"token": "x", "logprob": -0.5, "bytes": [120], "top_logprobs": []}
    assert [payload["logprobs"] for payload in told if payload["type"] == "response.output_text.delta"] == [[token]]
    assert told[-1]["response"]["output"][0]["content"][0]["logprobs"] == [token]
    assert [payload["delta"] for payload in told if "delta" in payload] == ["x", "n"]


def test_generated_media_and_foreign_parts() -> None:
    told = write(
        START,
        PartAdded(Image(InlineSource("image/png", "aGk="))),
        PartAdded(Image(UrlSource("u"))),
        PartAdded(OpaquePart("gemini", "code", msgspec.Raw(b"{}"))),
        OpaqueDelta(Opaque("gemini", {"x": msgspec.Raw(b"1")}), 0),
        AudioDelta("aGk="),
        TextDelta("other", 1),
        *END,
    )
    (image,) = told[-1]["response"]["output"]
    assert (image["type"], image["result"]) == ("image_generation_call", "aGk=")


def test_only_the_first_candidate_is_said() -> None:
    told = write(START, TextDelta("a"), TextDelta("b", 1), Finished(Finish(StopReason.END), 1), *END)
    assert [payload["delta"] for payload in told if "delta" in payload] == ["a"]


def test_after_the_end_nothing_is_said() -> None:
    assert kinds(write(START, TextDelta("a"), *END, TextDelta("b"), START, StreamFault("late")))[-1] == "completed"
    finished = write(START, TextDelta("a"), Finished(Finish(StopReason.END)), TextDelta("b"), Ended())
    assert [payload["delta"] for payload in finished if "delta" in payload] == ["a"]


@pytest.mark.parametrize("finish", [(), (Finished(Finish(StopReason.END)),)])
def test_an_end_closes_whatever_is_open(finish: tuple[StreamEvent, ...]) -> None:
    told = write(START, TextDelta("a"), *finish, Ended())
    assert kinds(told)[-2:] == ["output_item.done", "completed"]
    assert kinds(write(*finish, Ended())) == ["created", "in_progress", "completed"]


def test_edge_11_a_stream_that_breaks_off_ends_in_a_response_that_failed() -> None:
    told = write(START, TextDelta("half"), ToolCallStarted(0, "c", "f"), StreamFault("It broke.", "rate_limit_error"))
    response = told[-1]["response"]
    assert told[-1]["type"] == "response.failed"
    assert (response["status"], response["error"]) == (
        "failed",
        {"code": "rate_limit_exceeded", "message": "It broke."},
    )
    assert [item["status"] for item in response["output"]] == ["completed", "incomplete"]


def test_complaint_24_a_fault_before_anything_else_is_an_error_event() -> None:
    (told,) = write(StreamFault("no room", "overloaded"))
    assert (told["type"], told["message"], told["code"]) == ("error", "no room", "overloaded")


def test_a_summary_of_another_dialects_thoughts_is_one_streamed_or_not() -> None:
    told = write(START, ThinkingDelta("hm", is_summary=True), ThinkingDelta(" so", is_summary=True), *END)
    assert [payload["delta"] for payload in told if payload["type"] == "response.reasoning_summary_text.delta"] == [
        "hm",
        " so",
    ]
    assert told[-1]["response"]["output"][0]["summary"] == [{"type": "summary_text", "text": "hm so"}]


def test_edge_2_a_thought_signature_is_on_the_call_while_it_streams() -> None:
    told = write(START, ToolCallStarted(0, "c", "f", signature="c2ln"), ToolCallEnded(0), *END)
    signed = {"google": {"thought_signature": "c2ln"}}
    assert [payload["item"]["extra_content"] for payload in told if "item" in payload] == [signed, signed]
    item = {**CALL, "extra_content": signed}
    (start,) = [one for one in read(CREATED, added(item)) if isinstance(one, ToolCallStarted)]
    assert start.signature == "c2ln"


def test_the_same_events_give_the_same_bytes() -> None:
    events = (START, ThinkingDelta("t"), TextDelta("a"), ToolCallStarted(0, "c", "f"), *END)
    assert write(*events) == write(*events)


def test_an_item_handed_on_without_its_beginning_gets_one() -> None:
    raw = msgspec.Raw(
        b'{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}}'
    )
    told = write(START, PartAdded(OpaquePart("openai_responses", "web_search_call", raw)), *END)
    assert kinds(told)[2:4] == ["output_item.added", "output_item.done"]


def test_a_part_mark_without_an_open_item_and_an_unread_mark_say_nothing() -> None:
    nothing = [Opaque("openai_responses", {"part": msgspec.Raw(b"null")}), Opaque("openai_responses", {})]
    told = write(START, *(OpaqueDelta(opaque, 0) for opaque in nothing), *END)
    assert kinds(told) == ["created", "in_progress", "completed"]


def test_a_signature_without_any_text_is_reasoning_all_the_same() -> None:
    told = write(START, TextDelta("a"), ThinkingSigned("s"), *END)
    assert told[-1]["response"]["output"][1]["encrypted_content"] == "s"


@pytest.mark.parametrize("content", [[], [{"type": "output_new"}]])
def test_a_message_whose_content_nobody_knows_is_handed_on_as_it_came(content: Any) -> None:
    message = {**MESSAGE, "status": "completed", "content": content}
    encoder = EventEncoder()
    events = read(CREATED, added(MESSAGE), done(message), COMPLETED)
    out = b"".join(encoder.feed(one) for one in events)
    told = [json.loads(one.data) for one in sse.Decoder().feed(out)]
    assert kinds(told)[2:] == ["output_item.added", "output_item.done", "completed"]
    assert told[-1]["response"]["output"] == [message]


def test_what_is_only_said_when_it_is_done_is_said_once() -> None:
    events = said(
        CREATED,
        added(MESSAGE),
        event("response.refusal.done", output_index=0, refusal="no"),
        event("response.refusal.done", output_index=0, refusal="no"),
        added(MESSAGE, 1),
        event("response.output_text.done", output_index=1, text=""),
        event("response.output_text.done", output_index=1, text="x"),
        event("response.content_part.done", output_index=1),
        COMPLETED,
    )
    assert events[1:3] == [RefusalDelta("no"), TextDelta("x")]
    assert len(events) == 5
