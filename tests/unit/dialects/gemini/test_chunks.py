"""Streams into and out of neutral events: the cases that hosts and clients stumble over."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation, Document, Image, InlineSource, OpaquePart
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
from stellwerk.dialects.gemini.stream import ChunkDecoder, ChunkEncoder
from stellwerk.errors import UpstreamInvalid

STARTED = Started("r", "m")
END = Finish(StopReason.END)


def chunk(*parts: Any, finish: str | None = None, **rest: Any) -> bytes:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    wire = {"candidates": [candidate | rest.pop("candidate", {})], "modelVersion": "m", "responseId": "r", **rest}
    return sse.encode(json.dumps(wire).encode())


def text(words: str, **rest: Any) -> Any:
    return {"text": words, **rest}


def decode(*events: bytes, is_sse: bool = True) -> list[StreamEvent]:
    decoder = ChunkDecoder(is_sse=is_sse)
    return [neutral for event in events for neutral in decoder.feed(event)] + decoder.flush()


def encode(*events: StreamEvent) -> list[Any]:
    encoder, array = ChunkEncoder(), ChunkEncoder(is_sse=False)
    stream = b"".join(encoder.feed(event) for event in events) + encoder.flush()
    chunks = [json.loads(event.data) for event in sse.Decoder().feed(stream)]
    elements = b"".join(array.feed(event) for event in events) + array.flush()
    if isinstance(events[-1], Ended | StreamFault):
        assert json.loads(elements) == chunks
    return chunks


def parts(chunks: list[Any]) -> list[Any]:
    return [
        part
        for one in chunks
        for candidate in one.get("candidates", ())
        for part in candidate.get("content", {}).get("parts", ())
    ]


# ------------------------------------------------------------------------------------------------------------ decoding


def test_a_stream_ends_when_every_candidate_has_its_reason_and_nothing_more_comes() -> None:
    decoder = ChunkDecoder()
    assert decoder.feed(chunk(text("a"), finish="STOP")) == [STARTED, TextDelta("a")]
    states = [decoder.is_complete]
    usage = {"promptTokenCount": 1}
    late = decoder.feed(sse.encode(json.dumps({"usageMetadata": usage}).encode()))
    assert [event.usage for event in late if isinstance(event, UsageReported)] == [Usage(1)]
    assert decoder.flush() == [Finished(END), Ended()]
    states.append(decoder.is_complete)
    assert states == [False, True]
    assert decoder.flush() == []


def test_a_stream_without_a_reason_for_each_candidate_was_cut_off() -> None:
    assert decode(chunk(text("a"))) == [STARTED, TextDelta("a")]
    second = chunk(text("b"), candidate={"index": 1})
    assert Ended() not in decode(chunk(text("a"), finish="STOP"), second)
    assert decode(b"") == []
    assert Ended() not in decode(chunk(text("a"), finish="STOP"), b'data: {"candi')


def test_a_last_chunk_without_its_empty_line_counts_when_it_is_whole() -> None:
    whole = chunk(text("a"), finish="STOP")
    for cut in (whole[:-1], whole[:-2], whole[:-2] + b"\r", whole[:-1] + b"\r"):
        assert decode(cut) == [STARTED, TextDelta("a"), Finished(END), Ended()]


def test_complaint_20_a_call_arrives_with_its_arguments() -> None:
    call = {"functionCall": {"name": "f", "args": {"city": "Paris"}}, "thoughtSignature": "c2ln"}
    events = decode(chunk(text("a"), call), chunk({"functionCall": {"id": "x", "name": "g"}}, finish="STOP"))
    assert events[2:] == [
        ToolCallStarted(0, "call_r_0_0", "f", signature="c2ln", opaque=Opaque("gemini", {"id": msgspec.Raw(b"null")})),
        ToolCallDelta(0, '{"city": "Paris"}'),
        ToolCallEnded(0),
        ToolCallStarted(1, "x", "g", opaque=Opaque("gemini", {"args": msgspec.Raw(b"null")})),
        ToolCallEnded(1),
        Finished(Finish(StopReason.TOOL_CALLS)),
        Ended(),
    ]


def test_thinking_comes_apart_from_text_and_its_signature_ends_it() -> None:
    events = decode(
        chunk(text("hm", thought=True)),
        chunk(text("", thought=True, thoughtSignature="YQ==")),
        chunk(text("a"), text("", thought=True), text("")),
        chunk(text("b", thoughtSignature="Yg==")),
    )
    signed = Opaque("gemini", {"part": msgspec.Raw(b'{"text":"","thoughtSignature":"Yg=="}')})
    assert events[1:] == [
        ThinkingDelta("hm", is_summary=True),
        ThinkingSigned("YQ=="),
        TextDelta("a"),
        TextDelta("b"),
        OpaqueDelta(signed, 0),
    ]


def test_what_chunks_repeat_is_told_once_and_what_is_new_is_told() -> None:
    ratings = {"safetyRatings": [1]}
    first = chunk(text("a"), candidate=ratings, newTop=1)
    again = chunk(text("b"), candidate=ratings, newTop=1)
    other = chunk(text("c"), candidate={"safetyRatings": [2]}, newTop=2)
    events = decode(first, again, other)
    told = [(event.candidate, event.opaque.members) for event in events if isinstance(event, OpaqueDelta)]
    assert told == [
        (0, {"safetyRatings": msgspec.Raw(b"[1]")}),
        (None, {"newTop": msgspec.Raw(b"2")}),
        (0, {"safetyRatings": msgspec.Raw(b"[2]")}),
    ]
    assert isinstance(events[0], Started)
    assert events[0].opaque == Opaque("gemini", {"newTop": msgspec.Raw(b"1")})


def test_usage_that_has_not_changed_is_not_reported_again() -> None:
    usage = {"promptTokenCount": 3}
    events = decode(
        chunk(text("a"), usageMetadata=usage), chunk(text("b"), usageMetadata=usage), chunk(text("c"), usageMetadata=[])
    )
    assert sum(isinstance(event, UsageReported) for event in events) == 1


def test_log_probabilities_without_text_are_told() -> None:
    result = {"chosenCandidates": [{"token": "a", "logProbability": -0.5}]}
    logprobs = Logprobs((TokenLogprob("a", -0.5),))
    told = decode(
        chunk(text("", x=1), candidate={"logprobsResult": result}),
        chunk({"new": 1}, candidate={"logprobsResult": result}),
    )
    assert told[1:] == [
        TextDelta("", logprobs=logprobs),
        PartAdded(OpaquePart("gemini", "part", msgspec.Raw(b'{"new": 1}'))),
        TextDelta("", logprobs=logprobs),
    ]


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ({"code": 503, "message": "Busy", "status": "UNAVAILABLE"}, StreamFault("Busy", "UNAVAILABLE")),
        ({"code": 500}, StreamFault("The provider broke the stream off with an error.", "500")),
        ("odd", StreamFault("odd")),
    ],
)
def test_an_error_ends_the_stream(error: Any, fault: StreamFault) -> None:
    broken = sse.encode(json.dumps({"error": error}).encode())
    assert decode(chunk(text("a"), finish="STOP"), broken, chunk(text("b")), chunk({"x": 1})) == [
        STARTED,
        TextDelta("a"),
        fault,
    ]
    assert decode(broken) == [fault]
    both = chunk(text("a"), error=error)
    assert decode(both) == [STARTED, TextDelta("a"), fault]


@pytest.mark.parametrize(
    "data",
    [
        *(b"no json", b"[]", b'{"candidates":5}', b'{"candidates":[5]}', b'{"candidates":[{"content":5}]}', b"\xff"),
        *(b'{"candidates":[{"content":{"parts":[5]}}]}', b'{"candidates":[{"index":"x"}]}', b'{"x":' + b"[" * 5_000),
        *(b'{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":5}]}', b'{"promptFeedback":5}'),
    ],
)
def test_what_is_no_chunk_is_the_providers_fault(data: bytes) -> None:
    for before in (b"", chunk(text("a"))):
        with pytest.raises(UpstreamInvalid):
            decode(before, sse.encode(data))


def test_the_closing_word_of_another_dialect_is_passed_over() -> None:
    assert decode(chunk(text("a"), finish="STOP"), b"data: [DONE]\n\n")[-1] == Ended()


def test_a_blocked_prompt_ends_where_a_blocked_prompt_with_an_answer_does_not() -> None:
    blocked = sse.encode(b'{"promptFeedback":{"blockReason":"SAFETY"},"responseId":"r"}')
    events = decode(blocked)
    assert [type(event) for event in events] == [Started, Finished, Ended]
    assert Ended() not in decode(chunk(text("a")), blocked)


def test_an_array_may_be_an_object_when_it_is_an_error() -> None:
    assert decode(b'{"error":{"message":"Busy"}}', is_sse=False) == [StreamFault("Busy")]
    assert decode(b"[]", is_sse=False) == []
    assert Ended() not in decode(b'[{"candidates":[{"finishReason":"STOP"}]},{"x"', is_sse=False)


@pytest.mark.parametrize(
    "data",
    [b"x", b"[1]", b"[[{}]]", b'["a"]', b"]", b"[{}]{}", b"[{}]x", b"[{}]]", b",{}", b'[{"a":1}[', b"data: {}\n\n"],
)
def test_what_is_no_array_of_objects_is_the_providers_fault(data: bytes) -> None:
    for pieces in ([data], [bytes((byte,)) for byte in data]):
        with pytest.raises(UpstreamInvalid):
            decode(*pieces, is_sse=False)


def test_an_element_or_event_over_the_limit_is_the_providers_fault() -> None:
    for is_sse in (True, False):
        decoder = ChunkDecoder(is_sse=is_sse, max_event_bytes=50)
        with pytest.raises(UpstreamInvalid, match="over 50 bytes"):
            decoder.feed(b'[{"a":"' + b"x" * 60)


def test_citations_that_grow_are_told_once_each() -> None:
    def grounding(end: int) -> Any:
        supports = [{"segment": {"endIndex": size}, "groundingChunkIndices": [0]} for size in range(1, end + 1)]
        return {"groundingMetadata": {"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": supports}}

    events = decode(
        chunk(text("ab"), candidate=grounding(1)), chunk(candidate=grounding(2)), chunk(candidate=grounding(2))
    )
    ends = [event.citation.end for event in events if isinstance(event, CitationAdded)]
    assert ends == [1, 2]
    assert not any(
        isinstance(event, CitationAdded) for event in decode(chunk(text("a"), candidate={"groundingMetadata": [1]}))
    )


# ------------------------------------------------------------------------------------------------------------ encoding


def test_finish_and_usage_stand_in_the_last_chunk() -> None:
    chunks = encode(STARTED, TextDelta("a"), Finished(END), UsageReported(Usage(3, 4, reasoning_tokens=1)), Ended())
    assert chunks == [
        {
            "candidates": [{"content": {"parts": [{"text": "a"}], "role": "model"}, "index": 0}],
            "modelVersion": "m",
            "responseId": "r",
        },
        {
            "candidates": [{"finishReason": "STOP", "index": 0}],
            "usageMetadata": {
                "promptTokenCount": 3,
                "candidatesTokenCount": 3,
                "totalTokenCount": 7,
                "thoughtsTokenCount": 1,
            },
            "modelVersion": "m",
            "responseId": "r",
        },
    ]
    assert encode(Started("", ""), Ended()) == [{}]


def test_complaint_20_a_function_call_goes_out_whole() -> None:
    chunks = encode(
        STARTED,
        ToolCallStarted(0, "a", "f", signature="c2ln"),
        ToolCallDelta(0, '{"x":'),
        ToolCallStarted(1, "b", "g"),
        ToolCallDelta(0, "1}"),
        ToolCallEnded(0),
        ToolCallEnded(1),
        ToolCallEnded(1),
        ToolCallDelta(7, "lost"),
        Finished(Finish(StopReason.TOOL_CALLS)),
        Ended(),
    )
    assert parts(chunks) == [
        {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "b", "name": "g", "args": {}}},
    ]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


def test_edge_6_a_call_that_the_limit_cut_off_is_an_object_and_the_limit_is_told() -> None:
    chunks = encode(
        STARTED,
        ToolCallStarted(0, "a", "f"),
        ToolCallDelta(0, '{"city":"Paris","unit":"C'),
        ToolCallStarted(0, "b", "g", candidate=1),
        Finished(Finish(StopReason.LENGTH)),
        Finished(Finish(StopReason.LENGTH), 1),
        Ended(),
    )
    assert [part["functionCall"]["args"] for part in parts(chunks)] == [{"city": "Paris"}, {}]
    assert [candidate["finishReason"] for candidate in chunks[-1]["candidates"]] == ["MAX_TOKENS"] * 2


def test_every_event_has_its_form_or_none() -> None:
    own = Opaque("gemini", {"safetyRatings": msgspec.Raw(b"[]")})
    chunks = encode(
        STARTED,
        ThinkingDelta("hm"),
        ThinkingSigned("c2ln"),
        ThinkingRedacted("x"),
        RefusalDelta("no"),
        AudioDelta("AA", "said"),
        AudioDelta(id="a"),
        PartAdded(Image(InlineSource("image/png", "AA"))),
        PartAdded(OpaquePart("anthropic_messages", "x", msgspec.Raw(b"{}"))),
        OpaqueDelta(Opaque("openai_chat", {"x": msgspec.Raw(b"1")}), 0),
        OpaqueDelta(own, 0),
        OpaqueDelta(Opaque("gemini", {"newTop": msgspec.Raw(b"1")})),
        TextDelta("a", logprobs=Logprobs((TokenLogprob("a", -0.5),))),
    )
    assert parts(chunks) == [
        {"text": "hm", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "no"},
        {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "AA"}},
        {"text": "said"},
        {"inlineData": {"mimeType": "image/png", "data": "AA"}},
        {"text": "a"},
    ]
    assert {"index": 0, "safetyRatings": []} in [one["candidates"][0] for one in chunks]
    assert chunks[-1]["newTop"] == 1
    assert chunks[-1]["candidates"][0]["logprobsResult"] == {
        "chosenCandidates": [{"token": "a", "logProbability": -0.5}]
    }


def test_sources_are_told_at_the_end_with_what_rests_on_them() -> None:
    chunks = encode(
        STARTED,
        TextDelta("Köln. "),
        CitationAdded(Citation("u", "t")),
        CitationAdded(Citation("v", "w")),
        TextDelta("Da"),
        CitationAdded(Citation("u", "t")),
        CitationAdded(Citation("x", opaque=Opaque("gemini", {"groundingMetadata": msgspec.Raw(b"null")}))),
        CitationAdded(
            Citation("y", opaque=Opaque("gemini", {"groundingMetadata": msgspec.Raw(b"null")}), start=1), candidate=1
        ),
        Finished(END),
        Finished(END, 1),
        Ended(),
    )
    grounding = chunks[-1]["candidates"][0]["groundingMetadata"]
    assert [one["web"]["uri"] for one in grounding["groundingChunks"]] == ["u", "v"]
    spans = [
        (one["segment"]["startIndex"], one["segment"]["endIndex"], one["groundingChunkIndices"])
        for one in grounding["groundingSupports"]
    ]
    assert spans == [(0, 7, [0]), (0, 7, [1]), (7, 9, [0])]
    assert "groundingMetadata" not in chunks[-1]["candidates"][1]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (StreamFault("Busy", "UNAVAILABLE"), {"code": 502, "message": "Busy", "status": "UNAVAILABLE"}),
        (StreamFault("Busy", "overloaded_error"), {"code": 500, "message": "Busy", "status": "INTERNAL"}),
        (StreamFault("Busy"), {"code": 500, "message": "Busy", "status": "INTERNAL"}),
    ],
)
def test_edge_11_a_fault_midway_is_an_error_in_the_stream(fault: StreamFault, error: Any) -> None:
    chunks = encode(STARTED, TextDelta("a"), Finished(END), fault)
    assert chunks[-1] == {"error": error}
    assert "finishReason" not in json.dumps(chunks)


def test_documents_are_media_too() -> None:
    assert parts(encode(PartAdded(Document(InlineSource("text/csv", "YQ=="))))) == [
        {"inlineData": {"mimeType": "text/csv", "data": "YQ=="}}
    ]
