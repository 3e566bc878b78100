"""Streams: well-formed out of whatever comes in, read with every oddity, relayed untouched."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EventStreamError  # type: ignore[import-untyped]

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Audio, Citation, FileSource, Image, InlineSource, ToolKind
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
from stellwerk.dialects import aws_eventstream
from stellwerk.dialects.bedrock_converse.frames import write_event, write_exception
from stellwerk.dialects.bedrock_converse.stream import FrameDecoder, FrameEncoder, PassThrough
from stellwerk.errors import UpstreamInvalid
from tests.golden.bedrock_converse.judge import assert_well_formed, parsed_stream

START = write_event("messageStart", {"role": "assistant"})
STOP = write_event("messageStop", {"stopReason": "end_turn"})
END = write_event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 1}, "metrics": {"latencyMs": 5}})
DONE: tuple[StreamEvent, ...] = (Finished(Finish(StopReason.END)), UsageReported(Usage(3, 1)), Ended())


def delta(told: Any, index: int = 0) -> bytes:
    return write_event("contentBlockDelta", {"delta": told, "contentBlockIndex": index})


def decode(*pieces: bytes, **given: Any) -> list[StreamEvent]:
    decoder = FrameDecoder(**given)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()


def encode(*events: StreamEvent, **given: Any) -> list[dict[str, Any]]:
    """The events that boto3 reads of what is encoded; well-formed in any case."""
    encoder = FrameEncoder(**given)
    read = list(parsed_stream(b"".join(encoder.feed(event) for event in events) + encoder.flush()))
    assert_well_formed(read)
    return read


def blocks(*events: StreamEvent) -> list[list[Any]]:
    """What each block says: its start, then its deltas."""
    found: list[list[Any]] = []
    for event in encode(Started("i", "m"), *events, *DONE)[1:-2]:
        ((kind, told),) = event.items()
        if len(found) <= told["contentBlockIndex"]:
            found.append([])
        if kind != "contentBlockStop":
            found[-1].append(told.get("start") or told.get("delta"))
    return found


# -------------------------------------------------------------------------------------------------------------- decoder


def test_edge_9_a_stream_is_complete_only_after_its_metadata() -> None:
    decoder = FrameDecoder()
    decoder.feed(START + delta({"text": "Hi"}) + STOP)
    states = [decoder.is_complete]
    assert decoder.feed(END)[-1] == Ended()
    assert [*states, decoder.is_complete] == [False, True]
    assert decoder.feed(START + delta({"text": "more"})) == []


def test_edge_9_an_exception_after_status_200_is_a_fault_with_its_name() -> None:
    events = decode(START, delta({"text": "Half"}), write_exception("ThrottlingException", "Too many tokens."), END)
    assert events[-1] == StreamFault("Too many tokens.", "ThrottlingException")


@pytest.mark.parametrize(
    ("headers", "payload", "fault"),
    [
        (
            {":message-type": "exception", ":exception-type": "internalServerException"},
            b"{}",
            StreamFault("{}", "InternalServerException"),
        ),
        (
            {":message-type": "exception", ":exception-type": "modelStreamErrorException"},
            b'{"originalMessage":"boom"}',
            StreamFault("boom", "ModelStreamErrorException"),
        ),
        (
            {":message-type": "exception"},
            b"",
            StreamFault("The provider broke the stream off: InternalServerException.", "InternalServerException"),
        ),
        (
            {":message-type": "error", ":error-code": "InternalError", ":error-message": "An internal error."},
            b"",
            StreamFault("An internal error.", "InternalError"),
        ),
        (
            {":message-type": "error", ":error-message": 7},
            b"",
            StreamFault("The provider broke the stream off: InternalServerException.", "InternalServerException"),
        ),
    ],
)
def test_errors_come_in_every_form_that_the_protocol_has(
    headers: dict[str, Any], payload: bytes, fault: StreamFault
) -> None:
    frame = aws_eventstream.encode(headers, payload)
    assert decode(frame) == [fault]
    relay = PassThrough()
    assert relay.feed(frame) is frame
    assert (relay.error, relay.error_code) == (fault.message, fault.code)
    assert not relay.has_content


def test_edge_1_a_signature_in_pieces_is_one_and_may_stand_alone() -> None:
    events = decode(
        START,
        delta({"reasoningContent": {"signature": "Eq"}}),
        delta({"reasoningContent": {"signature": "QB"}}),
        write_event("contentBlockStop", {"contentBlockIndex": 0}),
        delta({"reasoningContent": {"text": "Hm", "signature": "x"}}, 1),
        STOP,
        END,
    )
    assert events[1:4] == [ThinkingSigned("EqQB"), ThinkingDelta("Hm"), ThinkingSigned("x")]


def test_encrypted_reasoning_in_pieces_is_one_of_their_bytes() -> None:
    pieces = ["RW5j", "cnlwdA==", "ZWQ="]
    events = decode(START, *(delta({"reasoningContent": {"redactedContent": piece}}) for piece in pieces), STOP)
    assert events[1] == ThinkingRedacted("RW5jcnlwdGVk")
    with pytest.raises(UpstreamInvalid, match="not base64"):
        decode(START, *(delta({"reasoningContent": {"redactedContent": piece}}) for piece in ("a", "b")), STOP)


def test_edge_9_a_tool_that_was_asked_for_under_another_name_has_its_own_again() -> None:
    start = {"toolUse": {"toolUseId": "a", "name": "a_b_1"}}
    events = decode(
        START, write_event("contentBlockStart", {"start": start, "contentBlockIndex": 0}), names={"a_b_1": "a.b"}
    )
    assert events[1] == ToolCallStarted(0, "a", "a.b")


def test_a_call_ends_at_the_latest_with_the_answer() -> None:
    start = write_event(
        "contentBlockStart", {"start": {"toolUse": {"toolUseId": "a", "name": "f"}}, "contentBlockIndex": 0}
    )
    events = decode(
        START, start, delta({"toolUse": {"input": '{"cut'}}), write_event("messageStop", {"stopReason": "max_tokens"})
    )
    assert events[2:] == [ToolCallDelta(0, '{"cut'), ToolCallEnded(0), Finished(Finish(StopReason.LENGTH))]


def test_what_stands_before_its_start_or_twice_or_out_of_place_does_no_harm() -> None:
    events = decode(
        delta({"text": "early"}),
        START,
        START,
        write_event("contentBlockStop", {"contentBlockIndex": 9}),
        delta({"toolUse": {"input": "x"}}, 7),
        delta({"text": None}),
        delta({"image": {"source": {"bytes": "AAAA"}}}, 8),
        STOP,
        STOP,
        END,
        model="m",
        identity="i",
    )
    assert events[:2] == [Started("i", "m"), TextDelta("early")]
    assert [type(event) for event in events].count(Started) == 1
    assert [type(event) for event in events].count(Finished) == 1


def test_metadata_without_usage_and_with_more_is_read() -> None:
    events = decode(START, STOP, write_event("metadata", {"trace": {"x": 1}, "p": "abc", "metrics": None}))
    assert events[2:] == [OpaqueDelta(Opaque("bedrock_converse", {"trace": msgspec.Raw(b'{"x":1}')})), Ended()]
    assert decode(START, STOP, write_event("metadata", {"usage": 7}))[2:] == [Ended()]


def test_events_of_a_later_version_are_passed_over() -> None:
    frame = aws_eventstream.encode({":message-type": "event", ":event-type": "hologramStart"}, b"\xff")
    assert decode(START, frame) == [Started("", "")]
    assert decode(aws_eventstream.encode({":message-type": "event"}, b"")) == []


def test_pictures_in_pieces_are_whole_and_odd_pieces_add_nothing() -> None:
    start = write_event("contentBlockStart", {"start": {"image": {"format": "png"}}, "contentBlockIndex": 0})
    stop = write_event("contentBlockStop", {"contentBlockIndex": 0})
    odd = [
        delta({"image": image}) for image in ({}, {"source": 7}, {"source": {"bytes": 7}}, {"error": {"message": "x"}})
    ]
    assert decode(START, start, *odd, stop) == [Started("", "")]
    events = decode(START, start, *odd, delta({"image": {"source": {"bytes": "AAAA"}}}), stop)
    assert events[1:] == [PartAdded(Image(InlineSource("image/png", "AAAA")))]


def test_citations_that_nobody_can_read_and_new_deltas_stay_opaque() -> None:
    events = decode(START, delta({"citation": {"sourceContent": 7}}), delta({"hologram": {}}))
    assert [type(event) for event in events[1:]] == [OpaqueDelta, OpaqueDelta]


@pytest.mark.parametrize(
    "frame",
    [
        aws_eventstream.encode({":message-type": "event", ":event-type": "messageStart"}, b"{"),
        aws_eventstream.encode({":message-type": "event", ":event-type": "messageStart"}, b'"\xff"'),
        aws_eventstream.encode({":message-type": "event", ":event-type": "contentBlockDelta"}, b"7"),
        aws_eventstream.encode({":message-type": "event", ":event-type": "contentBlockDelta"}, b"[" * 9000),
        write_event("contentBlockStart", {"start": 7}),
        write_event("contentBlockStop", {}),
        write_event("messageStop", {}),
        END,
    ],
)
def test_events_that_cannot_be_read_are_the_providers_fault(frame: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        decode(frame)


# -------------------------------------------------------------------------------------------------------------- encoder


def test_edge_3_kinds_of_parts_open_and_close_blocks_in_order() -> None:
    assert blocks(
        ThinkingDelta("Hm"),
        ThinkingSigned("sig"),
        TextDelta("a"),
        TextDelta("b"),
        RefusalDelta("c"),
        ToolCallStarted(0, "x", "f"),
        ToolCallDelta(0, "{}"),
        ToolCallEnded(0),
        TextDelta("d"),
    ) == [
        [{"reasoningContent": {"text": "Hm"}}, {"reasoningContent": {"signature": "sig"}}],
        [{"text": "a"}, {"text": "b"}, {"text": "c"}],
        [{"toolUse": {"toolUseId": "x", "name": "f"}}, {"toolUse": {"input": "{}"}}],
        [{"text": "d"}],
    ]


def test_calls_beside_one_another_are_written_one_after_another() -> None:
    expected = [
        [{"toolUse": {"toolUseId": name, "name": name}}, {"toolUse": {"input": "{"}}, {"toolUse": {"input": "}"}}]
        for name in "abc"
    ]
    starts = [ToolCallStarted(call, name, name) for call, name in enumerate("abc")]
    halves = [[ToolCallDelta(call, half) for call in range(3)] for half in "{}"]
    ends = [ToolCallEnded(call) for call in range(3)]
    assert blocks(*starts, *halves[0], *halves[1], *ends) == expected
    assert blocks(*starts, *halves[0], *halves[1], *reversed(ends)) == expected
    assert blocks(*starts, *halves[0], *halves[1]) == expected
    assert blocks(*starts, *halves[0], *halves[1], TextDelta("x"))[3] == [{"text": "x"}]
    assert blocks(starts[0], starts[1], ends[0], halves[0][1], halves[1][1], ends[1])[1] == expected[1]


def test_edge_5_a_call_without_arguments_says_an_empty_object() -> None:
    assert blocks(ToolCallStarted(0, "x", "f"), ToolCallEnded(0))[0][1] == {"toolUse": {"input": "{}"}}
    assert blocks(ToolCallStarted(0, "x", "f"))[0][1] == {"toolUse": {"input": "{}"}}


def test_arguments_of_a_call_that_is_not_open_are_an_error_rather_than_lost() -> None:
    assert blocks(ToolCallEnded(3), TextDelta("")) == []
    with pytest.raises(UpstreamInvalid, match="not open"):
        blocks(ToolCallDelta(3, "{}"))
    with pytest.raises(UpstreamInvalid, match="not open"):
        blocks(ToolCallStarted(0, "a", "f"), ToolCallDelta(0, "{"), TextDelta("hm"), ToolCallDelta(0, "}"))


def test_free_text_for_a_tool_goes_as_a_string_in_an_object() -> None:
    told = blocks(
        ToolCallStarted(0, "a", "sql", ToolKind.CUSTOM),
        ToolCallDelta(0, 'SELECT "'),
        ToolCallDelta(0, '\n"'),
        ToolCallEnded(0),
        ToolCallStarted(1, "b", "sql", ToolKind.CUSTOM),
    )
    inputs = ["".join(delta["toolUse"].get("input", "") for delta in block) for block in told]
    assert [json.loads(text) for text in inputs] == [{"input": 'SELECT "\n"'}, {"input": ""}]


def test_edge_1_signatures_and_encrypted_reasoning_are_blocks_of_their_own() -> None:
    assert blocks(
        ThinkingSigned("sig"), ThinkingRedacted("AAAA"), ThinkingRedacted("no base64!"), ThinkingDelta("x")
    ) == [
        [{"reasoningContent": {"signature": "sig"}}],
        [{"reasoningContent": {"redactedContent": b"\0\0\0"}}],
        [{"reasoningContent": {"redactedContent": b"no base64!"}}],
        [{"reasoningContent": {"text": "x"}}],
    ]


def test_rare_parts_say_what_they_can() -> None:
    assert blocks(
        CitationAdded(Citation("https://e.com", "T")),
        AudioDelta("AAAA"),
        AudioDelta("AAAA", "words"),
        PartAdded(Image(InlineSource("image/png", "AAAA"))),
        PartAdded(Image(FileSource("x"))),
        PartAdded(Audio(id="x")),
        OpaqueDelta(Opaque("openai_chat", {"x": msgspec.Raw(b"1")}), 0),
        TextDelta("other", candidate=1),
    ) == [
        [{"citation": {"title": "T", "location": {"web": {"url": "https://e.com"}}}}, {"text": "words"}],
        [{"image": {"format": "png"}}, {"image": {"source": {"bytes": b"\0\0\0"}}}],
    ]


def test_opaque_blocks_of_this_dialect_go_back_under_the_numbers_that_they_get() -> None:
    own = {"contentBlockStart": msgspec.Raw(b'{"toolResult":{"toolUseId":"a"}}')}
    said = {"contentBlockDelta": msgspec.Raw(b'{"toolResult":[{"text":"x"}]}')}
    stop = {"contentBlockStop": msgspec.Raw(b"{}")}
    events = [OpaqueDelta(Opaque("bedrock_converse", members), 0) for members in (own, said, stop, said, said)]
    assert blocks(TextDelta("a"), *events) == [
        [{"text": "a"}],
        [{"toolResult": {"toolUseId": "a"}}, {"toolResult": [{"text": "x"}]}],
        [{"toolResult": [{"text": "x"}]}, {"toolResult": [{"text": "x"}]}],
    ]
    assert OpaqueDelta(Opaque("bedrock_converse", stop), 0) not in decode(
        *[FrameEncoder().feed(event) for event in events[2:3]]
    )


def test_edge_7_metadata_tells_usage_and_time_and_comes_last() -> None:
    trace = OpaqueDelta(Opaque("bedrock_converse", {"trace": msgspec.Raw(b"{}")}))
    read = encode(
        Started("i", "m"),
        TextDelta("a"),
        UsageReported(Usage(9, 2, 3, 4)),
        trace,
        DONE[0],
        Ended(),
        latency_ms=lambda: 250,
    )
    assert read[-1]["metadata"] == {
        "usage": {
            "inputTokens": 2,
            "outputTokens": 2,
            "totalTokens": 11,
            "cacheReadInputTokens": 3,
            "cacheWriteInputTokens": 4,
        },
        "metrics": {"latencyMs": 250},
        "trace": {},
    }
    bare = encode(
        Started("i", "m"), Finished(Finish(StopReason.STOP_SEQUENCE, "END")), Finished(Finish(StopReason.END)), Ended()
    )
    assert bare[1]["messageStop"] == {
        "stopReason": "stop_sequence",
        "additionalModelResponseFields": {"stop_sequence": "END"},
    }
    assert bare[-1]["metadata"]["usage"]["totalTokens"] == 0


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ((Started("i", "m"), TextDelta("a"), StreamFault("Gone.", "ThrottlingException")), "throttlingException"),
        ((StreamFault("Gone.", "overloaded_error"),), "internalServerException"),
        ((StreamFault("Gone."),), "internalServerException"),
        ((Started("i", "m"), TextDelta("a"), Ended()), "internalServerException"),
    ],
)
def test_complaint_24_a_stream_that_breaks_off_ends_in_an_exception_and_nothing_follows(
    events: tuple[StreamEvent, ...], code: str
) -> None:
    encoder = FrameEncoder()
    stream = b"".join(encoder.feed(event) for event in events)
    assert encoder.feed(TextDelta("more")) + encoder.feed(Ended()) + encoder.flush() == b""
    with pytest.raises(EventStreamError) as raised:
        list(parsed_stream(stream))
    assert raised.value.response["Error"]["Code"] == code


def test_an_answer_that_says_nothing_is_still_one() -> None:
    assert [next(iter(event)) for event in encode(*DONE)] == ["messageStart", "messageStop", "metadata"]


# ---------------------------------------------------------------------------------------------------------------- relay


def test_whole_frames_go_on_in_the_same_object_and_half_ones_wait() -> None:
    relay = PassThrough()
    both = START + delta({"text": "Hi"})
    assert relay.feed(both) is both
    frame = delta({"text": "there"})
    assert relay.feed(frame[:20]) == b""
    assert relay.feed(frame[20:] + END[:5]) == frame
    assert relay.feed(END[5:]) == END
    assert relay.is_complete


def test_a_frame_that_broke_off_is_for_nobody() -> None:
    relay = PassThrough()
    relay.feed(START + delta({"text": "Hi"})[:-1])
    assert relay.flush() == b""
    assert relay.is_between_events
    assert not relay.has_content


@pytest.mark.parametrize(
    ("told", "is_content"),
    [
        ({"text": ""}, False),
        ({"toolUse": {"input": ""}}, False),
        ({}, False),
        ({"text": "x"}, True),
        ({"reasoningContent": {"text": "x"}}, True),
        ({"toolUse": {"input": "{"}}, True),
    ],
)
def test_only_what_says_something_is_content(told: Any, is_content: bool) -> None:
    relay = PassThrough()
    relay.feed(START + delta(told))
    assert relay.has_content is is_content


def test_the_start_of_a_call_and_the_end_of_an_answer_are_content() -> None:
    start = {"toolUse": {"toolUseId": "a", "name": "f"}}
    for frame in (write_event("contentBlockStart", {"start": start, "contentBlockIndex": 0}), STOP):
        relay = PassThrough()
        relay.feed(START)
        assert not relay.has_content
        relay.feed(frame)
        assert relay.has_content


def test_what_cannot_be_read_is_the_providers_fault_before_content_and_damage_is_it_always() -> None:
    headers = {":message-type": "event", ":event-type": "contentBlockDelta"}
    for payload in (b"{", b'{"delta":{"\xff":1}}', b'{"delta":{"a":' + b"[" * 3000):
        with pytest.raises(UpstreamInvalid):
            PassThrough().feed(aws_eventstream.encode(headers, payload))
    relay = PassThrough()
    relay.feed(delta({"text": "x"}))
    damaged = bytearray(delta({"text": "y"}))
    damaged[-1] ^= 1
    with pytest.raises(UpstreamInvalid, match="checksum"):
        relay.feed(bytes(damaged))
    with pytest.raises(UpstreamInvalid, match="over 50 bytes"):
        PassThrough(max_event_bytes=50).feed(STOP)


def test_unknown_events_and_many_sorts_of_headers_are_handed_on() -> None:
    relay = PassThrough()
    frames = [aws_eventstream.encode({":event-type": f"new{number}"}, b"\xff") for number in range(100)]
    for frame in [*frames, *frames]:
        assert relay.feed(frame) is frame
    assert not relay.is_complete
    late = END + START
    relay.feed(late)
    assert relay.usage == Usage(3, 1)


def test_json_of_frames_is_as_short_as_it_can_be() -> None:
    frame = aws_eventstream.Decoder().feed(delta({"text": "ü"}))[0]
    assert (
        frame.payload
        == json.dumps(
            {"delta": {"text": "ü"}, "contentBlockIndex": 0}, separators=(",", ":"), ensure_ascii=False
        ).encode()
    )
