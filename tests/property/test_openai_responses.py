"""The Responses dialect under any chunking, any unknown member and any order of events."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation, Image, InlineSource, OpaquePart, ToolKind
from stellwerk.core.reply import Finish, Logprobs, StopReason, TokenLogprob
from stellwerk.core.stream import (
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    PartAdded,
    RefusalDelta,
    Started,
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
from stellwerk.dialects.openai_responses import request, response
from stellwerk.dialects.openai_responses.stream import EventDecoder, EventEncoder, PassThrough
from stellwerk.errors import InvalidRequest, UpstreamInvalid
from tests.property.wire import TEXTS, dump, objects_beside, only, values

WORDS = TEXTS.filter(bool)
UNKNOWN = st.dictionaries(st.sampled_from(["x_new", "y", "ümlaut", "x.y", "phase"]), values(), max_size=2)
objects = objects_beside(UNKNOWN)


IDS = {"id": TEXTS, "status": st.sampled_from(["completed", "incomplete"])}
SIGNED = st.sampled_from([{"google": {"thought_signature": "c2ln"}}, {"google": {"thought_signature": "s", "x": 1}}, 7])
MARKS = st.sampled_from([{"mode": "explicit"}, {"mode": "explicit", "ttl": "30m"}, {"mode": "odd"}, 7])
ANNOTATIONS = st.lists(
    st.one_of(
        objects({"type": only("url_citation"), "url": TEXTS}, title=TEXTS, start_index=st.integers(0, 9)),
        objects({"type": only("file_citation"), "filename": TEXTS, "index": st.integers(0, 9)}),
        objects({"type": st.sampled_from(["new", 7])}, filename=st.sampled_from([None, 7])),
    ),
    max_size=2,
)
INPUT_PARTS = st.one_of(
    objects({"type": only("input_text"), "text": TEXTS}, prompt_cache_breakpoint=MARKS),
    objects({"type": only("output_text"), "text": TEXTS}),
    objects({"type": only("input_image")}, image_url=TEXTS, file_id=TEXTS, detail=TEXTS),
    objects({"type": only("input_file")}, file_id=TEXTS, filename=TEXTS, file_data=TEXTS, file_url=TEXTS),
    objects({"type": only("input_audio"), "input_audio": objects({"data": TEXTS, "format": only("wav")})}),
    objects({"type": st.sampled_from(["new", "refusal"])}),
)
CONTENT = st.one_of(TEXTS, st.lists(INPUT_PARTS, max_size=3))
OUTPUT_PARTS = st.one_of(
    objects({"type": only("output_text"), "text": TEXTS}, annotations=ANNOTATIONS, extra_content=SIGNED),
    objects({"type": only("refusal"), "refusal": TEXTS}),
    objects({"type": only("new")}),
)
ANSWERS = objects(
    {"role": only("assistant"), "content": st.one_of(TEXTS, st.lists(OUTPUT_PARTS, max_size=3))},
    type=only("message"),
    **IDS,
)
ENTRIES = st.one_of(
    objects({"type": st.sampled_from(["summary_text", "summary_text", "new"]), "text": TEXTS}),
    st.fixed_dictionaries({"type": only("summary_text"), "text": WORDS}),
)
MADE = st.one_of(
    objects(
        {"type": only("reasoning"), "summary": st.lists(ENTRIES, max_size=2)},
        content=st.one_of(
            st.none(),
            st.lists(st.fixed_dictionaries({"type": only("reasoning_text"), "text": WORDS}), max_size=2),
        ),
        encrypted_content=st.one_of(st.none(), TEXTS),
        **IDS,
    ),
    objects(
        {"type": only("function_call"), "call_id": TEXTS, "name": TEXTS, "arguments": TEXTS},
        extra_content=SIGNED,
        **IDS,
    ),
    objects({"type": only("custom_tool_call"), "call_id": WORDS, "name": TEXTS, "input": TEXTS}, **IDS),
    objects({"type": st.sampled_from(["web_search_call", "new"])}, **IDS),
)
ITEMS = st.one_of(
    ANSWERS,
    MADE,
    objects({"role": st.sampled_from(["user", "system", "developer"]), "content": CONTENT}, type=only("message")),
    objects({"type": only("function_call_output"), "call_id": TEXTS, "output": CONTENT}, name=TEXTS, **IDS),
    objects({"type": only("custom_tool_call_output"), "call_id": TEXTS, "output": CONTENT}, **IDS),
    objects({"type": st.sampled_from(["computer_call_output", "mcp_approval_response"])}, **IDS),
    objects({"id": TEXTS}),
)
TOOLS = st.one_of(
    objects(
        {"type": only("function"), "name": TEXTS},
        description=TEXTS,
        parameters=st.sampled_from([None, {"type": "object"}]),
        strict=st.sampled_from([None, True, False]),
    ),
    objects(
        {"type": only("custom"), "name": TEXTS},
        format=st.sampled_from([{"type": "text"}, {"type": "grammar", "syntax": "lark", "definition": "d"}, None, 7]),
    ),
    objects({"type": st.sampled_from(["web_search", "mcp", "function"])}),
)
NAMES = st.sampled_from([{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}, {"type": "mcp"}])
REQUESTS = objects(
    {"model": TEXTS},
    input=st.one_of(st.none(), TEXTS, st.lists(ITEMS, max_size=4)),
    instructions=st.one_of(st.none(), TEXTS),
    tools=st.lists(TOOLS, min_size=1, max_size=2),
    tool_choice=st.one_of(
        st.sampled_from([None, "auto", "none", "required", "odd"]),
        NAMES,
        objects({"type": only("allowed_tools"), "mode": only("required"), "tools": st.lists(NAMES, max_size=2)}),
    ),
    temperature=st.one_of(st.none(), st.floats(0, 2)),
    top_p=st.integers(0, 1),
    max_output_tokens=st.one_of(st.none(), st.integers(0, 10**6)),
    stream=st.sampled_from([None, True]),
    store=st.sampled_from([None, True, False]),
    reasoning=objects({}, effort=TEXTS, summary=st.one_of(st.none(), TEXTS)),
    text=objects(
        {},
        verbosity=TEXTS,
        format=st.one_of(
            objects({"type": st.sampled_from(["text", "json_object", "new"])}),
            objects({"type": only("json_schema"), "name": WORDS, "schema": only({})}, strict=st.booleans()),
        ),
    ),
    include=st.lists(st.sampled_from(["message.output_text.logprobs", "reasoning.encrypted_content"]), max_size=2),
    metadata=st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2),
    previous_response_id=st.one_of(st.none(), TEXTS),
    conversation=st.one_of(TEXTS, objects({"id": TEXTS})),
)


@given(REQUESTS)
def test_a_request_loses_nothing_on_its_way_through_the_neutral_form(wire: Any) -> None:
    decoded = request.decode(dump(wire))
    assert json.loads(request.encode(decoded)) == wire
    assert request.decode(request.encode(decoded)) == decoded


@given(REQUESTS, TEXTS)
def test_a_rewritten_request_differs_in_its_model_alone(wire: Any, model: str) -> None:
    envelope = request.read_envelope(dump(wire), max_depth=64)
    assert json.loads(request.rewrite(envelope, model)) == {**wire, "model": model}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    for read in (lambda data: request.read_envelope(data, max_depth=8), request.decode):
        with contextlib.suppress(InvalidRequest):
            read(body)


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), TEXTS, st.sampled_from([
    "message", "reasoning", "function_call", "output_text", "input_text", "refusal", "assistant", "user",
    "response.created", "response.output_item.added", "response.output_item.done", "response.output_text.delta",
    "response.output_text.done", "response.function_call_arguments.delta", "response.completed", "response.failed",
    "response.content_part.added", "error", "incomplete", "failed", "function_call_output",
])), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([
        "model", "input", "role", "content", "type", "text", "output", "item", "response", "delta", "usage", "call_id",
        "input_tokens", "status", "error", "output_index", "id", "logprobs", "tools", "name", "arguments", "summary",
        "encrypted_content", "instructions", "incomplete_details", "created_at", "annotation", "annotations",
    ]), inner, max_size=5)), max_leaves=20))  # fmt: skip
def test_any_json_of_familiar_members_is_read_or_refused(value: Any) -> None:
    body = dump(value)
    for read in (lambda data: request.read_envelope(data, max_depth=64), request.decode):
        with contextlib.suppress(InvalidRequest):
            read(body)
    for read_reply in (response.read_usage, response.decode, EventDecoder().feed, PassThrough().feed):
        with contextlib.suppress(UpstreamInvalid):
            read_reply(sse.encode(body) if read_reply.__name__ == "feed" else body)


# What is streamed has its parts complete: those of replies are written so.
REPLY_ANSWERS = objects(
    {
        "id": TEXTS,
        "type": only("message"),
        "role": only("assistant"),
        "status": only("completed"),
        "content": st.lists(
            st.one_of(
                objects(
                    {"type": only("output_text"), "text": TEXTS, "annotations": ANNOTATIONS},
                    logprobs=st.sampled_from([[{"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": []}], [7]]),
                ).map(lambda part: {"logprobs": [], **part}),
                objects({"type": only("refusal"), "refusal": TEXTS}),
            ),
            min_size=1,
            max_size=2,
        ),
    }
)
REPLY_ITEMS = st.one_of(
    REPLY_ANSWERS,
    objects({"type": only("function_call"), "id": TEXTS, "status": only("completed"), "call_id": WORDS, "name": TEXTS,
             "arguments": WORDS}),
    objects({"type": only("reasoning"), "id": TEXTS, "summary": st.lists(ENTRIES, max_size=2)},
            encrypted_content=TEXTS),
    objects({"type": only("web_search_call"), "id": TEXTS}),
)  # fmt: skip
REPLIES = objects(
    {
        "id": TEXTS,
        "object": only("response"),
        "created_at": st.one_of(st.integers(0, 2**40), only(1.5)),
        "model": TEXTS,
        "output": st.lists(REPLY_ITEMS, max_size=3),
        "status": st.sampled_from(["completed", "incomplete", "cancelled"]),
        "incomplete_details": st.sampled_from([None, {"reason": "max_output_tokens"}, {"reason": "new"}, {"x": 1}]),
    },
    usage=objects({"input_tokens": st.integers(0, 99), "output_tokens": st.integers(0, 99)}),
    service_tier=TEXTS,
    tools=st.lists(TOOLS, max_size=1),
    instructions=st.one_of(st.none(), TEXTS),
)


@given(REPLIES)
def test_a_reply_loses_nothing_on_its_way_through_the_neutral_form(wire: Any) -> None:
    decoded = response.decode(dump(wire))
    again = json.loads(response.encode(decoded))
    if wire["status"] == "completed":  # then it is not incomplete
        again["incomplete_details"] = wire["incomplete_details"]
    assert again == wire
    assert response.read_usage(dump(wire)).usage == decoded.usage


# ---------------------------------------------------------------------------------------------------------- streams

USAGE = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}


@st.composite
def wires(draw: st.DrawFn) -> Any:
    """One event, seldom in its place."""
    place = {"output_index": draw(st.integers(0, 2)), "item_id": "i", "content_index": draw(st.integers(0, 1))}
    item = draw(
        st.sampled_from(
            [
                {"type": "message", "id": "i", "role": "assistant", "content": []},
                {"type": "message", "id": "i", "role": "assistant", "content": [{"type": "output_text", "text": "t"}]},
                {"type": "function_call", "id": "i", "call_id": "c", "name": "f", "arguments": "{}"},
                {"type": "reasoning", "id": "i", "summary": [{"type": "summary_text", "text": "s"}]},
                {"type": "reasoning", "id": "i", "summary": [], "encrypted_content": "e"},
                {"type": "web_search_call", "id": "i"},
            ]
        )
    )
    status = draw(st.sampled_from(["completed", "incomplete", "failed"]))
    closing = {"id": "r", "status": status, "output": [item], "usage": USAGE, "error": {"message": "m"}}
    words = draw(TEXTS)
    return draw(
        st.sampled_from(
            [
                {"type": "response.created", "response": {"id": "r", "model": "m", "output": []}},
                {"type": "response.in_progress", "response": {"id": "r"}},
                {"type": "response.output_item.added", "item": item, **place},
                {"type": "response.output_item.done", "item": item, **place},
                {"type": "response.content_part.added", "part": {}, **place},
                *({"type": f"response.{name}.delta", "delta": words, **place} for name in (
                    "output_text", "output_text", "refusal", "function_call_arguments", "reasoning_text",
                    "reasoning_summary_text", "custom_tool_call_input", "code_interpreter_call_code", "new",
                )),
                {"type": "response.output_text.done", "text": words, **place},
                {"type": "response.output_text.annotation.added", "annotation": {"type": "x"}, **place},
                {"type": "response.web_search_call.searching", **place},
                {"type": "keepalive"},
                {},
                {"type": "error", "message": words},
                {"type": f"response.{status}", "response": closing},
            ]
        )
    )  # fmt: skip


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A stream in one of the spellings that hosts use, mostly broken, sometimes cut off."""
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    is_ascii, space, is_named = draw(st.booleans()), draw(st.sampled_from([b" ", b""])), draw(st.booleans())
    pieces = [draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))]
    for wire in draw(st.lists(wires(), max_size=8)):
        payload = json.dumps(wire, separators=separators, ensure_ascii=is_ascii).encode()
        if is_named and "type" in wire:
            pieces += [b"event:", space, wire["type"].encode(), end]
        pieces += [b"data:", space, payload, end, end]
        pieces.append(draw(st.sampled_from([b"", b"", b": comment" + end + end, end])))
    stream = b"".join(pieces)
    return stream[: draw(st.integers(0, len(stream)))] if draw(st.booleans()) else stream


@st.composite
def split_streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    stream = draw(streams())
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    return stream, [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def relayed(pieces: list[bytes]) -> tuple[Any, ...]:
    relay = PassThrough()
    out = b"".join(relay.feed(piece) for piece in pieces)
    out += relay.flush()
    noticed = (relay.usage, relay.finish, relay.error, relay.error_code)
    return out, *noticed, relay.has_content, relay.is_complete, relay.is_between_events


@given(split_streams())
def test_whatever_the_chunking_the_same_bytes_are_handed_on_and_the_same_is_noticed(
    split: tuple[bytes, list[bytes]],
) -> None:
    stream, pieces = split
    whole = relayed([stream])
    assert relayed(pieces) == whole
    assert relayed([bytes([byte]) for byte in stream]) == whole
    splitter = sse.Splitter()
    raws = splitter.feed(stream)
    assert relayed([*raws, splitter.pending]) == whole
    assert whole[0].startswith(stream)
    assert not whole[0][len(stream) :].strip()


@given(split_streams())
def test_whatever_the_chunking_the_neutral_events_are_the_same(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    assert neutral(pieces) == neutral([stream])


def neutral(pieces: list[bytes]) -> list[Any]:
    decoder = EventDecoder()
    events: list[Any] = []
    try:
        for piece in pieces:
            events.extend(decoder.feed(piece))
        events.extend(decoder.flush())
    except UpstreamInvalid as error:
        return [type(error)]
    return events


OWN = [
    Opaque("openai_responses", {"item": Opaque("openai_responses", {})}),
    Opaque("openai_responses", {"part": json.loads("null")}),
    Opaque("other", {}),
]
NEUTRAL = st.one_of(
    st.builds(TextDelta, TEXTS, st.sampled_from([0, 0, 0, 1])),
    st.builds(TextDelta, TEXTS, only(0), only(Logprobs((TokenLogprob("t", -1.0),)))),
    st.builds(RefusalDelta, TEXTS),
    st.builds(RefusalDelta, TEXTS, only(0), only(Logprobs(None, (TokenLogprob("t", -1.0),)))),
    st.builds(ThinkingDelta, TEXTS),
    st.builds(ThinkingSigned, WORDS),
    st.builds(ThinkingRedacted, WORDS),
    st.builds(ToolCallStarted, st.integers(0, 2), WORDS, WORDS, st.sampled_from(ToolKind)),
    st.builds(ToolCallDelta, st.integers(0, 2), TEXTS),
    st.builds(ToolCallEnded, st.integers(0, 2)),
    st.builds(CitationAdded, only(Citation("u", "t", 0, 1))),
    st.sampled_from(
        [
            PartAdded(Image(InlineSource("image/png", "aGk="))),
            PartAdded(OpaquePart("other", "x", json.loads("null"))),
            UsageReported(Usage(1, 2)),
            Started("r", "m", 5),
            *(OpaqueDelta(opaque, 0) for opaque in OWN),
        ]
    ),
)
ENDS = st.one_of(
    st.tuples(st.builds(Finished, st.builds(Finish, st.sampled_from(StopReason))), only(Ended())),
    st.tuples(only(StreamFault("m"))),
    st.tuples(),
)


@given(st.booleans(), st.lists(NEUTRAL, max_size=12), ENDS)
def test_whatever_comes_in_the_events_are_well_formed(is_begun: bool, events: list[Any], end: tuple[Any, ...]) -> None:
    encoder = EventEncoder()
    start = [Started("r", "m")] if is_begun else []
    out = b"".join(encoder.feed(event) for event in [*start, *events, *end, *events])
    told = [json.loads(event.data) for event in sse.Decoder().feed(out)]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    opened: list[Any] = []
    closed: dict[int, Any] = {}
    parts: dict[tuple[int, str, int], str] = {}
    for event in told:
        place, kind = event.get("output_index"), event["type"]
        if kind == "response.output_item.added":
            assert place == len(opened)
            opened.append(event["item"]["id"])
            continue
        if place is None:
            continue
        assert place not in closed
        assert event.get("item_id", opened[place]) == opened[place]
        if kind == "response.output_item.done":
            closed[place] = event["item"]
        index = "summary_index" if "summary_index" in event else "content_index"
        if index in event:
            key = (place, index, event[index])
            if kind.endswith("part.added"):
                assert key not in parts
                parts[key] = ""
            elif kind.endswith(".delta"):
                parts[key] += event["delta"]
            elif kind.endswith(("text.done", "refusal.done")):
                assert parts[key] == event.get("text", event.get("refusal"))
    if told and told[-1]["type"] in {"response.completed", "response.incomplete"}:
        assert len(closed) == len(opened)
        assert told[-1]["response"]["output"] == [closed[place] for place in range(len(opened))]
        assert json.loads(response.encode(response.decode(dump(told[-1]["response"])))) == told[-1]["response"]
        assert neutral([out])[-1] == Ended()


FOREIGN = st.lists(
    st.one_of(
        st.builds(TextDelta, WORDS),
        st.builds(RefusalDelta, WORDS),
        st.builds(ThinkingDelta, WORDS),
        st.builds(ThinkingSigned, WORDS),
        st.builds(ThinkingRedacted, WORDS),
    ),
    max_size=8,
)


@given(FOREIGN, st.sampled_from(StopReason))
def test_a_stream_ends_with_what_the_whole_reply_would_be_encoded_as(events: list[Any], reason: StopReason) -> None:
    finish = Finish(reason)
    encoder = EventEncoder()
    closing = (Finished(finish), UsageReported(Usage(1, 2)), Ended())
    out = b"".join(encoder.feed(event) for event in (Started("r", "m", 5), *events, *closing))
    last = json.loads(sse.Decoder().feed(out)[-1].data)["response"]
    assert last == json.loads(response.encode(gathered(events, finish)))


def gathered(events: list[Any], finish: Finish) -> Any:
    """The whole reply that these events are."""
    from stellwerk.core.chat import Message, Role
    from stellwerk.core.part import Part, RedactedThinking, Refusal, Text, Thinking
    from stellwerk.core.reply import Candidate, Reply

    parts: list[Part] = []
    is_open = False
    for event in events:
        last = parts[-1] if parts else None
        match event, last:
            case TextDelta(), Text():
                parts[-1] = Text(last.text + event.text)
            case TextDelta(), _:
                parts.append(Text(event.text))
            case RefusalDelta(), Refusal():
                parts[-1] = Refusal(last.text + event.text)
            case RefusalDelta(), _:
                parts.append(Refusal(event.text))
            case ThinkingDelta(), Thinking() if is_open:
                parts[-1] = Thinking(last.text + event.text)
            case ThinkingDelta(), _:
                parts.append(Thinking(event.text))
            case ThinkingSigned(), Thinking() if is_open:
                parts[-1] = Thinking(last.text, event.signature)
            case ThinkingSigned(), _:
                parts.append(Thinking("", event.signature))
            case _:
                parts.append(RedactedThinking(event.data))
        is_open = isinstance(event, ThinkingDelta)
    return Reply("r", "m", (Candidate(Message(Role.ASSISTANT, tuple(parts)), 0, finish),), 5, Usage(1, 2))
