"""The OpenAI chat dialect under any chunking, any unknown member and any spelling of the same JSON."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.stream import Ended, StreamEvent
from stellwerk.dialects import sse
from stellwerk.dialects.openai_chat import request, response
from stellwerk.dialects.openai_chat.stream import ChunkDecoder, ChunkEncoder, PassThrough
from stellwerk.errors import InvalidRequest, UpstreamInvalid
from tests.property.wire import TEXTS, dump, objects_beside, only, values

UNKNOWN = st.dictionaries(st.sampled_from(["x_new", "y", "ümlaut", "x.y", "function.name"]), values(), max_size=2)
objects = objects_beside(UNKNOWN)
MARKS = st.sampled_from([{}, {"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "odd"}}])


PARTS = st.one_of(
    st.tuples(objects({"type": only("text"), "text": TEXTS}), MARKS).map(lambda pair: {**pair[0], **pair[1]}),
    objects({"type": only("image_url"), "image_url": objects({"url": TEXTS}, detail=TEXTS)}),
    objects(
        {"type": only("input_audio"), "input_audio": objects({"data": TEXTS, "format": st.sampled_from(["wav", "x"])})}
    ),
    objects({"type": only("file"), "file": objects({"file_id": TEXTS}, filename=TEXTS)}),
    objects({"type": st.sampled_from(["new", "video_url", "refusal"])}),
)
# One bare text is written as a string: an array of it means the same.
CONTENT = st.one_of(
    TEXTS, st.lists(PARTS, max_size=3).filter(lambda parts: not (len(parts) == 1 and set(parts[0]) == {"type", "text"}))
)
CALLS = st.one_of(
    objects(
        {"id": TEXTS, "type": only("function"), "function": objects({"name": TEXTS, "arguments": TEXTS})},
        extra_content=st.sampled_from([{"google": {"thought_signature": "c2ln"}}, {"other": 1}]),
    ),
    objects({"id": TEXTS, "type": only("custom"), "custom": objects({"name": TEXTS, "input": TEXTS})}),
    objects({"id": TEXTS, "type": only("new")}),
)
MESSAGES = st.one_of(
    objects({"role": st.sampled_from(["system", "developer", "user"]), "content": CONTENT}, name=TEXTS),
    objects(
        {"role": only("assistant"), "content": st.one_of(st.none(), TEXTS)},
        tool_calls=st.lists(CALLS, min_size=1, max_size=3),
        refusal=TEXTS,
        reasoning_content=TEXTS,
        reasoning=TEXTS,
        audio=objects({"id": TEXTS}),
    ),
    objects({"role": only("tool"), "tool_call_id": TEXTS.filter(bool), "content": CONTENT}),
)
TOOLS = st.one_of(
    objects(
        {"type": only("function"), "function": objects({"name": TEXTS}, description=TEXTS, strict=st.booleans())},
        cache_control=only({"type": "ephemeral", "ttl": "1h"}),
    ),
    objects({"type": only("custom"), "custom": objects({"name": TEXTS}, description=TEXTS)}),
    objects({"type": only("web_search")}),
)
REQUESTS = objects(
    {"model": TEXTS, "messages": st.lists(MESSAGES, max_size=3)},
    tools=st.lists(TOOLS, min_size=1, max_size=2),
    tool_choice=st.sampled_from(
        ["auto", "none", "required", {"type": "function", "function": {"name": "f"}}, {"type": "x"}]
    ),
    temperature=st.floats(0, 2),
    top_p=st.integers(0, 1),
    seed=st.integers(-(2**40), 2**40),
    max_tokens=st.integers(0, 10**6),
    max_completion_tokens=st.integers(0, 10**6),
    n=st.integers(1, 5),
    stop=st.lists(TEXTS, min_size=1, max_size=2),
    stream=only(True),
    stream_options=objects({"include_usage": only(True)}),
    response_format=st.one_of(
        objects({"type": st.sampled_from(["text", "json_object"])}),
        objects(
            {"type": only("json_schema"), "json_schema": objects({"name": TEXTS.filter(bool)}, strict=st.booleans())}
        ),
    ),
    metadata=st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2),
    logit_bias=st.dictionaries(TEXTS, st.integers(-100, 100), max_size=2),
)


@given(REQUESTS)
def test_a_request_loses_nothing_on_its_way_through_the_neutral_form(wire: Any) -> None:
    decoded = request.decode(dump(wire))
    assert json.loads(request.encode(decoded)) == wire
    assert request.decode(request.encode(decoded)) == decoded


@given(REQUESTS, TEXTS)
def test_a_rewritten_request_differs_in_model_and_usage_alone(wire: Any, model: str) -> None:
    envelope = request.read_envelope(dump(wire), max_depth=64)
    expected = {**wire, "model": model}
    if envelope.is_stream and not envelope.wants_usage:
        expected["stream_options"] = {**wire.get("stream_options", {}), "include_usage": True}
    assert json.loads(request.rewrite(envelope, model)) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    for read in (lambda data: request.read_envelope(data, max_depth=8), request.decode):
        with contextlib.suppress(InvalidRequest):
            read(body)


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), TEXTS), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([
        "model", "messages", "role", "content", "type", "text", "tool_calls", "function", "choices", "message", "delta",
        "usage", "prompt_tokens", "finish_reason", "error", "index", "id", "logprobs", "tools", "stop", "audio",
    ]), inner, max_size=5)), max_leaves=20))  # fmt: skip
def test_any_json_of_familiar_members_is_read_or_refused(value: Any) -> None:
    body = dump(value)
    for read in (lambda data: request.read_envelope(data, max_depth=64), request.decode):
        with contextlib.suppress(InvalidRequest):
            read(body)
    for read_reply in (response.read_usage, response.decode, ChunkDecoder().feed, PassThrough(strip_usage=True).feed):
        with contextlib.suppress(UpstreamInvalid):
            read_reply(sse.encode(body) if read_reply.__name__ == "feed" else body)


CITATION = {"start_index": 0, "end_index": 1, "url": "u", "title": "t"}
# A reply names its calls, and arguments that are empty are said as an object.
NAMED_CALLS = CALLS.filter(lambda call: call["id"] and call.get("function", {}).get("arguments") != "")
ANSWERS = objects(
    {
        "role": only("assistant"),
        "content": st.one_of(st.none(), TEXTS),
        "refusal": st.one_of(st.none(), TEXTS.filter(bool)),
    },
    tool_calls=st.lists(NAMED_CALLS, min_size=1, max_size=2),
    reasoning_content=TEXTS,
    annotations=st.lists(objects({"type": only("url_citation"), "url_citation": only(CITATION)}), max_size=2),
)
REPLIES = objects(
    {
        "id": TEXTS,
        "object": only("chat.completion"),
        "created": st.integers(0, 2**40),
        "model": TEXTS,
        "choices": st.lists(
            objects(
                {
                    "index": st.integers(0, 5),
                    "message": ANSWERS,
                    "logprobs": st.sampled_from([None, {"content": None, "refusal": None}, {"odd": 1}]),
                    "finish_reason": st.sampled_from(["stop", "length", "tool_calls", "content_filter", "eos", "odd"]),
                }
            ),
            max_size=2,
        ),
    },
    usage=objects({"prompt_tokens": st.integers(0, 99), "completion_tokens": st.integers(0, 99)}),
    service_tier=TEXTS,
)


@given(REPLIES)
def test_a_reply_loses_nothing_on_its_way_through_the_neutral_form(wire: Any) -> None:
    decoded = response.decode(dump(wire))
    again = json.loads(response.encode(decoded))
    for choice in wire["choices"]:
        if choice["logprobs"] == {"odd": 1}:
            choice["logprobs"] = {"odd": 1, "content": None, "refusal": None}
    assert again == wire
    assert response.read_usage(dump(wire)).usage == decoded.usage


# ---------------------------------------------------------------------------------------------------------- streams

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
DELTAS = st.one_of(
    st.fixed_dictionaries({"content": TEXTS}),
    st.sampled_from([
        {"role": "assistant", "content": ""}, {}, {"content": '"usage":{}'}, {"content": '"},"finish_reason":"x'},
        {"content": "[DONE]"}, {"content": "\n\ndata: "}, {"reasoning_content": "hm"}, {"refusal": "no"}, {"x_new": 1},
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}]},
    ]),
)  # fmt: skip


@st.composite
def chunks(draw: st.DrawFn) -> Any:
    choice = {"index": draw(st.sampled_from([0, 0, 1])), "delta": draw(DELTAS)}
    choice["finish_reason"] = draw(st.sampled_from([None, None, None, "stop"]))
    wire: dict[str, Any] = {"id": "c", "choices": draw(st.sampled_from([[choice], [choice], [choice, choice], []]))}
    wire.update(draw(st.sampled_from([{}, {}, {"usage": None}, {"usage": USAGE}, {"x_groq": {"usage": USAGE}}])))
    wire.update(draw(st.sampled_from([{}, {}, {"obfuscation": "aB"}, {"error": None}, {"error": {"message": "m"}}])))
    return wire


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A stream in one of the spellings that hosts use, sometimes broken, sometimes cut off."""
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    is_ascii, space = draw(st.booleans()), draw(st.sampled_from([b" ", b""]))
    pieces = [draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))]
    for wire in draw(st.lists(chunks(), max_size=8)):
        payload = json.dumps(wire, separators=separators, ensure_ascii=is_ascii).encode()
        pieces += [b"data:", space, payload, end, end]
        pieces.append(draw(st.sampled_from([b"", b"", b": comment" + end + end, end])))
    if draw(st.booleans()):
        pieces += [b"data: [DONE]", end, end]
    stream = b"".join(pieces)
    return stream[: draw(st.integers(0, len(stream)))] if draw(st.booleans()) else stream


@st.composite
def split_streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    stream = draw(streams())
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    return stream, [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def relayed(pieces: list[bytes], *, strip_usage: bool) -> tuple[Any, ...]:
    relay = PassThrough(strip_usage=strip_usage)
    out = b"".join(relay.feed(piece) for piece in pieces) + relay.flush()
    noticed = (relay.usage, relay.finish, relay.error, relay.error_code)
    return out, *noticed, relay.has_content, relay.is_complete, relay.is_between_events


@given(split_streams())
def test_whatever_the_chunking_the_same_bytes_are_handed_on_and_the_same_is_noticed(
    split: tuple[bytes, list[bytes]],
) -> None:
    stream, pieces = split
    for strip_usage in (False, True):
        whole = relayed([stream], strip_usage=strip_usage)
        assert relayed(pieces, strip_usage=strip_usage) == whole
        assert relayed([bytes([byte]) for byte in stream], strip_usage=strip_usage) == whole
        assert relayed([*sse.Splitter().feed(stream), rest(stream)], strip_usage=strip_usage) == whole
        if not strip_usage:
            assert whole[0].startswith(stream)
            assert whole[0][len(stream) :] in {b"", b"\n", b"\n\n"}  # what a closing event lacks


@given(streams())
def test_stripping_takes_out_usage_and_nothing_else(stream: bytes) -> None:
    out = relayed([stream], strip_usage=True)[0]
    kept = [event for event in payloads(out) if event is not None]
    expected = []
    for wire in payloads(stream):
        if wire is None or not isinstance(wire.get("usage"), dict):
            expected.append(wire)
        elif wire["choices"]:
            expected.append({name: value for name, value in wire.items() if name != "usage"})
        elif wire.get("error"):
            expected.append(wire)
    assert kept == [wire for wire in expected if wire is not None]


@given(split_streams())
def test_whatever_the_chunking_the_neutral_events_are_the_same(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    assert neutral(pieces) == neutral([stream])


@given(streams())
def test_what_is_encoded_from_neutral_events_is_well_formed(stream: bytes) -> None:
    events = neutral([stream])
    encoder = ChunkEncoder(include_usage=True)
    out = b"".join(encoder.feed(event) for event in events)
    again = neutral([out])
    assert [text(event) for event in again if text(event)] == [text(event) for event in events if text(event)]
    assert (Ended() in again) == (Ended() in events)


def rest(stream: bytes) -> bytes:
    splitter = sse.Splitter()
    splitter.feed(stream)
    return splitter.pending


def payloads(stream: bytes) -> list[Any]:
    decoder = sse.Decoder()
    events = [*decoder.feed(stream), *decoder.flush()]
    if decoder.unfinished is not None:
        events.append(decoder.unfinished)
    return [load(event.data) for event in events]


def load(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def neutral(pieces: list[bytes]) -> list[StreamEvent]:
    decoder = ChunkDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()


def text(event: StreamEvent) -> tuple[str, int, str] | None:
    said = getattr(event, "text", None) or getattr(event, "arguments", None)
    return (type(event).__name__, getattr(event, "candidate", 0), said) if said else None
