"""Anthropic's Messages dialect under any chunking, any unknown member and any order of a stream's pieces."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.part import Citation
from stellwerk.core.reply import Finish, StopReason
from stellwerk.core.stream import (
    CitationAdded,
    Ended,
    Finished,
    RefusalDelta,
    Started,
    StreamEvent,
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
from stellwerk.dialects.anthropic_messages import request, response
from stellwerk.dialects.anthropic_messages.stream import EventDecoder, EventEncoder, PassThrough
from stellwerk.errors import InvalidRequest, UpstreamInvalid
from tests.golden.anthropic_messages.oracle import judge_order
from tests.property.wire import TEXTS, dump, objects_beside, only, values

WORDS = st.text(min_size=1, max_size=8)
UNKNOWN = st.dictionaries(st.sampled_from(["x_new", "y", "ümlaut", "x.y", "source.type"]), values(), max_size=2)
objects = objects_beside(UNKNOWN)


MARKS = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}, {"type": "odd"}, None])
CITED = st.one_of(
    objects(
        {
            "type": st.sampled_from(["char_location", "page_location", "content_block_location"]),
            "cited_text": TEXTS,
            "document_index": st.integers(0, 9),
            "document_title": st.one_of(st.none(), TEXTS),
        }
    ),
    objects({"type": only("web_search_result_location"), "cited_text": TEXTS, "url": TEXTS, "title": TEXTS}),
    objects({"type": only("search_result_location"), "cited_text": TEXTS, "source": TEXTS, "title": TEXTS}),
)
# Empty texts are refused by the provider, and left out.
TEXT = objects(
    {"type": only("text"), "text": WORDS},
    cache_control=MARKS,
    citations=st.one_of(st.none(), st.lists(CITED, max_size=2)),
)
IMAGES = objects(
    {
        "type": only("image"),
        "source": st.one_of(
            objects({"type": only("base64"), "media_type": only("image/png"), "data": TEXTS}),
            objects({"type": only("url"), "url": TEXTS}),
            objects({"type": only("file"), "file_id": TEXTS}),
            objects({"type": st.sampled_from(["new", "base64"])}),
        ),
    },
    cache_control=MARKS,
)
DOCUMENTS = objects(
    {
        "type": only("document"),
        "source": st.one_of(
            objects({"type": only("text"), "media_type": only("text/plain"), "data": TEXTS}),
            objects({"type": only("content"), "content": TEXTS}),
        ),
    },
    title=TEXTS,
    context=TEXTS,
    citations=objects({}, enabled=st.booleans()),
)
PASSAGES = objects(
    {"type": only("search_result"), "source": TEXTS, "title": TEXTS, "content": st.lists(TEXT, max_size=2)},
    citations=objects({"enabled": st.booleans()}),
).filter(lambda block: not any(text.get("citations") for text in block["content"]))
NEW = objects({"type": st.sampled_from(["new", "server_tool_use", "container_upload"])})
RESULTS = objects(
    {"type": only("tool_result"), "tool_use_id": st.sampled_from(["a", "b"])},
    content=st.one_of(TEXTS, st.lists(st.one_of(TEXT, IMAGES, NEW), max_size=2)),
    is_error=st.booleans(),
    cache_control=MARKS,
)
CALLS = objects(
    {
        "type": only("tool_use"),
        "id": st.sampled_from(["a", "b", "c"]),
        "name": TEXTS,
        "input": st.dictionaries(TEXTS, TEXTS, max_size=2),
    },
    cache_control=MARKS,
    extra_content=only({"other": 1}),
)
THOUGHTS = st.one_of(
    objects({"type": only("thinking"), "thinking": TEXTS, "signature": WORDS}),
    objects({"type": only("redacted_thinking"), "data": TEXTS}),
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Any]:
    """Turns that alternate, as the provider sees them: two of one speaker are one to it."""
    turns: list[Any] = []
    for index in range(draw(st.integers(0, 4))):
        if index % 2:
            answer = draw(st.lists(st.one_of(THOUGHTS, TEXT, CALLS, NEW), min_size=1, max_size=3))
            turn: dict[str, Any] = {"role": "assistant", "content": answer}
        else:
            # Results stand in call order and before everything else; those of no call come last.
            order = {block.get("id"): at for at, block in enumerate(turns[-1]["content"])} if turns else {}
            results = draw(st.lists(RESULTS, max_size=2))
            results.sort(key=lambda block: order.get(block["tool_use_id"], 9))
            blocks = [*results, *draw(st.lists(st.one_of(TEXT, IMAGES, DOCUMENTS, PASSAGES, NEW), max_size=2))]
            turn = {"role": "user", "content": blocks}
            if not blocks:
                turn["content"] = draw(WORDS)
        turns.append({**draw(UNKNOWN), **turn})
    return turns


TOOLS = st.one_of(
    objects(
        {"name": TEXTS, "input_schema": only({"type": "object", "properties": {}})},
        type=only("custom"),
        description=TEXTS,
        strict=st.booleans(),
        cache_control=MARKS,
    ),
    objects({"type": st.sampled_from(["web_search_20250305", "new"]), "name": TEXTS}),
)
REQUESTS = objects(
    {"model": TEXTS, "max_tokens": st.integers(0, 10**6), "messages": conversations()},
    system=st.one_of(WORDS, st.lists(TEXT, min_size=1, max_size=2)),
    tools=st.lists(TOOLS, min_size=1, max_size=2),
    tool_choice=st.one_of(
        objects({"type": st.sampled_from(["auto", "any"])}, disable_parallel_tool_use=st.booleans()),
        objects({"type": st.sampled_from(["none", "new"])}),
        objects({"type": only("tool"), "name": TEXTS}),
    ),
    thinking=st.one_of(
        objects(
            {"type": only("enabled"), "budget_tokens": st.integers(1, 10**6)},
            display=st.sampled_from(["summarized", "omitted"]),
        ),
        objects({"type": st.sampled_from(["disabled", "adaptive", "between_tools"])}),
    ),
    output_config=objects(
        {"effort": st.sampled_from(["low", "high", "max"])},
        format=st.one_of(
            objects({"type": only("json_schema"), "schema": st.dictionaries(TEXTS, TEXTS, max_size=1)}),
            objects({"type": only("new")}),
        ),
    ),
    temperature=st.floats(0, 1),
    top_p=st.integers(0, 1),
    top_k=st.integers(0, 500),
    stop_sequences=st.lists(TEXTS, min_size=1, max_size=2),
    metadata=objects({"user_id": TEXTS}),
    service_tier=st.sampled_from(["auto", "standard_only", "new"]),
    cache_control=MARKS,
    stream=only(True),
)


@given(REQUESTS)
def test_a_request_loses_nothing_on_its_way_through_the_neutral_form(wire: Any) -> None:
    decoded = request.decode(dump(wire))
    expected = json.loads(dump(wire))
    for tool in expected.get("tools", ()):
        if tool.get("strict") and "input_schema" in tool:  # what is strict has to be closed there
            tool["input_schema"]["additionalProperties"] = False
    assert json.loads(request.encode(decoded)) == expected
    again = request.decode(request.encode(decoded))
    assert again == decoded or expected != wire
    assert request.decode(request.encode(again)) == again


@given(REQUESTS, TEXTS)
def test_a_rewritten_request_differs_in_its_model_alone(wire: Any, model: str) -> None:
    envelope = request.read_envelope(dump(wire), max_depth=64)
    assert json.loads(request.rewrite(envelope, model)) == {**wire, "model": model}
    assert envelope.output_cap == wire["max_tokens"]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    for read in (lambda data: request.read_envelope(data, max_depth=8), request.decode):
        with contextlib.suppress(InvalidRequest):
            read(body)


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), TEXTS), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([
        "model", "messages", "max_tokens", "role", "content", "type", "text", "source", "data", "system", "citations",
        "thinking", "signature", "tool_use_id", "input", "name", "id", "usage", "input_tokens", "stop_reason", "error",
        "index", "delta", "content_block", "message", "tools", "tool_choice", "output_config", "metadata",
    ]), st.one_of(inner, st.sampled_from([
        "message_start", "content_block_start", "content_block_delta", "message_delta", "tool_use", "tool_result",
        "text", "user", "assistant", "document", "text_delta", "citations_delta", "enabled", "json_schema", "error",
    ])), max_size=6)), max_leaves=20))  # fmt: skip
def test_any_json_of_familiar_members_is_read_or_refused(value: Any) -> None:
    body = dump(value)
    for read in (lambda data: request.read_envelope(data, max_depth=64), request.decode):
        with contextlib.suppress(InvalidRequest):
            read(body)
    for read_reply in (response.read_usage, response.decode, response.decode_count):
        with contextlib.suppress(UpstreamInvalid):
            read_reply(body)
    for feed in (EventDecoder().feed, PassThrough().feed):
        with contextlib.suppress(UpstreamInvalid):
            feed(sse.encode(body))


REPLIES = objects(
    {
        "id": TEXTS,
        "type": only("message"),
        "role": only("assistant"),
        "model": TEXTS,
        "content": st.lists(st.one_of(THOUGHTS, TEXT, CALLS, NEW), max_size=3),
        "stop_sequence": st.none(),
        "usage": objects({"input_tokens": st.integers(0, 99), "output_tokens": st.integers(0, 99)}),
    },
    stop_details=st.one_of(st.none(), objects({"type": only("refusal")})),
    container=st.none(),
)


@given(REPLIES, st.sampled_from(["end_turn", "max_tokens", "tool_use", "refusal", "pause_turn", "new"]))
def test_a_reply_loses_nothing_on_its_way_through_the_neutral_form(wire: Any, reason: str) -> None:
    has_calls = any(block["type"] == "tool_use" for block in wire["content"])
    wire["stop_reason"] = "tool_use" if reason == "end_turn" and has_calls else reason
    decoded = response.decode(dump(wire))
    assert json.loads(response.encode(decoded)) == wire
    assert response.read_usage(dump(wire)).usage == decoded.usage


# ---------------------------------------------------------------------------------------------------------- streams

USAGE = {"input_tokens": 5, "output_tokens": 2}
DELTAS = st.one_of(
    st.fixed_dictionaries({"type": only("text_delta"), "text": TEXTS}),
    st.sampled_from([
        {"type": "text_delta", "text": '"type":"message_stop"'}, {"type": "text_delta", "text": "\n\ndata: error"},
        {"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": "s"},
        {"type": "input_json_delta", "partial_json": '{"a'}, {"type": "new", "x": 1},
        {"type": "citations_delta", "citation": {"type": "new"}},
    ]),
)  # fmt: skip
BLOCKS = st.sampled_from([
    {"type": "text", "text": ""}, {"type": "text", "text": "x"}, {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "tool_use", "id": "a", "name": "f", "input": {}}, {"type": "redacted_thinking", "data": "d"},
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
])  # fmt: skip
EVENTS = st.one_of(
    st.fixed_dictionaries({"type": only("content_block_delta"), "index": st.integers(0, 1), "delta": DELTAS}),
    st.fixed_dictionaries({"type": only("content_block_start"), "index": st.integers(0, 1), "content_block": BLOCKS}),
    st.fixed_dictionaries({"type": only("content_block_stop"), "index": st.integers(0, 1)}),
    st.sampled_from([
        {"type": "message_start", "message": {"id": "m", "usage": USAGE}}, {"type": "ping"}, {"type": "new"},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_delta", "delta": {"stop_reason": None}}, {"type": "error", "error": {"message": "m"}},
    ]),
)  # fmt: skip


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A stream in one of the spellings that hosts use, sometimes out of order, sometimes cut off."""
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    is_ascii, space, is_named = draw(st.booleans()), draw(st.sampled_from([b" ", b""])), draw(st.booleans())
    pieces = [draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))]
    closing = [{"type": "message_stop"}] if draw(st.booleans()) else []
    for wire in [*draw(st.lists(EVENTS, max_size=8)), *closing]:
        if is_named:
            pieces += [b"event:", space, wire["type"].encode(), end]
        pieces += [b"data:", space, json.dumps(wire, separators=separators, ensure_ascii=is_ascii).encode(), end, end]
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
    out = b"".join(relay.feed(piece) for piece in pieces) + relay.flush()
    noticed = (relay.usage, relay.finish, relay.error, relay.error_code)
    return out, *noticed, relay.has_content, relay.is_complete, relay.is_between_events


@given(split_streams())
def test_whatever_the_chunking_the_same_bytes_are_handed_on_and_the_same_is_noticed(
    split: tuple[bytes, list[bytes]],
) -> None:
    stream, pieces = split
    whole = relayed([stream])
    assert whole[0].startswith(stream)
    assert relayed(pieces) == whole
    assert relayed([bytes([byte]) for byte in stream]) == whole
    assert relayed([*sse.Splitter().feed(stream), rest(stream)]) == whole


@given(split_streams())
def test_whatever_the_chunking_the_neutral_events_are_the_same(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    assert neutral(pieces) == neutral([stream])


def rest(stream: bytes) -> bytes:
    splitter = sse.Splitter()
    splitter.feed(stream)
    return splitter.pending


def neutral(pieces: list[bytes]) -> list[StreamEvent] | None:
    """The neutral events; ``None`` for a stream that is refused."""
    decoder = EventDecoder()
    try:
        return [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()
    except UpstreamInvalid:
        return None


SAID: st.SearchStrategy[StreamEvent] = st.sampled_from([TextDelta("a"), TextDelta(""), RefusalDelta("b")])


@st.composite
def tellings(draw: st.DrawFn) -> list[StreamEvent]:
    """Neutral events in any order that a decoder may yield them in: pieces of several calls and of text alternate."""
    events: list[StreamEvent] = [Started("r", "m")]
    count = 0
    open_: set[int] = set()
    for _ in range(draw(st.integers(0, 14))):
        match draw(
            st.sampled_from(["text", "thinking", "signed", "redacted", "call", "argue", "end", "cite", "usage"])
        ):
            case "text":
                events.append(draw(SAID))
            case "thinking":
                events.append(ThinkingDelta("t"))
            case "signed":
                events.append(ThinkingSigned("s"))
            case "redacted":
                events.append(ThinkingRedacted("d"))
            case "cite":
                events.append(CitationAdded(Citation("u")))
            case "usage":
                events.append(UsageReported(Usage(5, 2)))
            case "call":
                events.append(ToolCallStarted(count, f"c{count}", "f"))
                open_.add(count)
                count += 1
            case "argue" if open_:
                events.append(
                    ToolCallDelta(draw(st.sampled_from(sorted(open_))), draw(st.sampled_from(["{", "1", ""])))
                )
            case "end" if open_:
                call = draw(st.sampled_from(sorted(open_)))
                open_.discard(call)
                events.append(ToolCallEnded(call))
            case _:
                pass
    return [*events, Finished(Finish(draw(st.sampled_from(StopReason)))), Ended()]


@given(tellings())
def test_whatever_the_order_of_its_pieces_an_encoded_stream_is_well_formed_and_loses_nothing(
    events: list[StreamEvent],
) -> None:
    encoder = EventEncoder()
    stream = b"".join(encoder.feed(event) for event in events) + encoder.flush()
    judge_order(stream)
    again = neutral([stream])
    assert again is not None
    for kind, name in ((TextDelta, "text"), (ThinkingDelta, "text"), (ThinkingSigned, "signature")):
        assert said(again, kind, name) == said(events, kind, name)
    assert arguments(again) == arguments(events)


def said(events: list[StreamEvent], kind: type, name: str) -> str:
    kinds = (kind, RefusalDelta) if kind is TextDelta else kind
    return "".join(getattr(event, name) for event in events if isinstance(event, kinds))


def arguments(events: list[StreamEvent]) -> dict[int, str]:
    told: dict[int, str] = {}
    for event in events:
        if isinstance(event, ToolCallStarted):
            told[event.call] = ""
        elif isinstance(event, ToolCallDelta):
            told[event.call] += event.arguments
    return told
