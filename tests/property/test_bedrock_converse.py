"""The Converse dialect under any chunking, any unknown member, any order of neutral events, any bytes."""

from __future__ import annotations

import contextlib
import json
from base64 import b64encode
from itertools import pairwise
from typing import Any

from botocore.exceptions import EventStreamError  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import (
    CacheMark,
    Document,
    Image,
    InlineSource,
    RedactedThinking,
    Refusal,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
)
from stellwerk.core.reply import Finish, StopReason
from stellwerk.core.stream import (
    Ended,
    Finished,
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
from stellwerk.core.tool import FunctionTool, ToolChoice, ToolMode, ToolName
from stellwerk.core.usage import Usage
from stellwerk.dialects import aws_eventstream
from stellwerk.dialects.bedrock_converse import request, response
from stellwerk.dialects.bedrock_converse.frames import write_event
from stellwerk.dialects.bedrock_converse.stream import FrameDecoder, FrameEncoder, PassThrough
from stellwerk.errors import InvalidRequest, UpstreamInvalid
from tests.golden.bedrock_converse.judge import MODEL, assert_well_formed, faults, parsed_stream
from tests.property.wire import TEXTS, dump, objects_beside, only, values

WORDS = TEXTS.filter(lambda text: text.strip())  # blank text blocks are left out: Bedrock refuses them
BLOBS = st.binary(min_size=1, max_size=6).map(lambda data: b64encode(data).decode())
UNKNOWN = st.dictionaries(
    st.sampled_from(["x_new", "y", "ümlaut"]), values(st.one_of(st.booleans(), st.integers(), TEXTS)), max_size=1
)
objects = objects_beside(UNKNOWN)


def block(kind: str, value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return value.map(lambda inner: {kind: inner})


SOURCES = st.one_of(
    block("bytes", BLOBS), block("s3Location", objects({"uri": only("s3://bucket/key")}, bucketOwner=TEXTS))
)
IMAGES = block("image", objects({"format": st.sampled_from(["png", "jpeg", "tiff", "PNG"]), "source": SOURCES}))
TEXT = block("text", WORDS)
POINTS = block("cachePoint", objects({"type": st.sampled_from(["default", "odd"])}, ttl=st.sampled_from(["5m", "1h"])))
REASONING = block(
    "reasoningContent",
    st.one_of(block("reasoningText", objects({"text": TEXTS}, signature=TEXTS)), block("redactedContent", BLOBS)),
)
CALLS = block(
    "toolUse",
    objects(
        {"toolUseId": st.sampled_from(["a", "b"]), "name": st.sampled_from(["f", "g-1"]), "input": UNKNOWN},
        type=only("server_tool_use"),
    ),
)
RESULTS = block(
    "toolResult",
    objects(
        {
            "toolUseId": st.sampled_from(["a", "c"]),
            "content": st.lists(st.one_of(TEXT, IMAGES, block("json", UNKNOWN), block("new", TEXTS)), max_size=2),
        },
        status=st.sampled_from(["success", "error", "odd"]),
    ),
)
USER = st.lists(
    st.one_of(
        TEXT,
        IMAGES,
        POINTS,
        block("guardContent", block("text", objects({"text": WORDS}, qualifiers=only(["query"])))),
        block(
            "searchResult",
            objects({"source": TEXTS, "title": TEXTS, "content": st.lists(objects({"text": TEXTS}), max_size=2)}),
        ),
        block("hologram", UNKNOWN),
    ),
    min_size=1,
    max_size=4,
)
# Results of one turn stand in the order of their calls, which here is that of their ids.
ANSWERS = st.tuples(
    st.lists(RESULTS, max_size=2, unique_by=lambda result: result["toolResult"]["toolUseId"]), USER
).map(lambda pair: sorted(pair[0], key=lambda result: result["toolResult"]["toolUseId"]) + pair[1])
ASSISTANT = st.lists(st.one_of(REASONING, TEXT, CALLS, block("hologram", UNKNOWN)), min_size=1, max_size=4)
TOOLS = st.one_of(
    block(
        "toolSpec",
        objects(
            {"name": st.sampled_from(["f", "g-1"]), "inputSchema": block("json", UNKNOWN)},
            description=TEXTS.filter(bool),
            strict=st.booleans(),
        ),
    ),
    block("systemTool", objects({"name": TEXTS})),
    POINTS,
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    turns = []
    for number in range(draw(st.integers(0, 3))):
        content = draw(ASSISTANT if number % 2 else ANSWERS if number else USER)
        turns.append({"role": ("user", "assistant")[number % 2], "content": content, **draw(UNKNOWN)})
    wire: dict[str, Any] = draw(
        objects(
            {
                "toolConfig": objects(
                    {"tools": st.lists(TOOLS, min_size=1, max_size=3)},
                    toolChoice=st.sampled_from([{"auto": {}}, {"any": {}}, {"tool": {"name": "f"}}, {"odd": {}}]),
                )
            },
            system=st.lists(st.one_of(TEXT, POINTS), min_size=1, max_size=3),
            inferenceConfig=objects(
                {},
                maxTokens=st.integers(1, 2**31 - 1),
                temperature=st.floats(0, 1),
                topP=st.integers(0, 1),
                stopSequences=st.lists(TEXTS, min_size=1, max_size=2),
            ),
            guardrailConfig=UNKNOWN,
            additionalModelRequestFields=objects(
                {},
                top_k=st.integers(0, 500),
                thinking=st.sampled_from(
                    [{"type": "adaptive"}, {"type": "enabled", "budget_tokens": 5}, {"type": "odd"}]
                ),
            ),
            requestMetadata=st.dictionaries(st.sampled_from(["a", "b c"]), st.sampled_from(["", "x-1"]), min_size=1),
            serviceTier=objects({"type": st.sampled_from(["flex", "odd"])}),
            outputConfig=objects({}, effort=st.sampled_from(["low", "high"])),
            performanceConfig=UNKNOWN,
        )
    )
    return wire | {"messages": turns} if turns else wire


@given(requests())
def test_a_request_loses_nothing_on_its_way_through_the_neutral_form(wire: Any) -> None:
    decoded = request.decode(dump(wire), model=MODEL, is_stream=False)
    assert json.loads(request.encode(decoded)) == wire
    assert request.decode(request.encode(decoded), model=MODEL, is_stream=False) == decoded
    envelope = request.read_envelope(dump(wire), model=MODEL, is_stream=False, max_depth=64)
    assert envelope.output_cap == decoded.output_cap


PARTS = st.one_of(
    st.builds(Text, TEXTS, st.one_of(st.none(), st.builds(CacheMark, st.sampled_from([None, "5m", "1h"])))),
    st.builds(Image, st.sampled_from([InlineSource("image/png", "AAAA"), UrlSource("https://e.com/a.png")])),
    st.builds(Document, only(TextSource("x")), st.one_of(st.none(), TEXTS)),
    st.builds(Thinking, TEXTS, st.one_of(st.none(), TEXTS)),
    st.builds(RedactedThinking, st.one_of(BLOBS, TEXTS)),
    st.builds(Refusal, TEXTS),
)
NEUTRAL = st.lists(
    st.one_of(
        st.builds(
            Message,
            st.sampled_from([Role.USER, Role.SYSTEM, Role.DEVELOPER]),
            st.lists(PARTS.filter(lambda part: not isinstance(part, Thinking | RedactedThinking)), max_size=2).map(
                tuple
            ),
        ),
        st.builds(
            Message,
            only(Role.ASSISTANT),
            st.lists(st.one_of(PARTS, st.builds(ToolCall, TEXTS, TEXTS, TEXTS)), max_size=3).map(tuple),
        ),
        st.builds(
            Message,
            only(Role.TOOL),
            st.lists(
                st.builds(ToolResult, TEXTS, st.lists(st.builds(Text, TEXTS), max_size=2).map(tuple)), max_size=2
            ).map(tuple),
        ),
    ),
    max_size=6,
)


@given(
    NEUTRAL,
    st.lists(st.builds(FunctionTool, TEXTS), max_size=3),
    st.sampled_from(ToolMode),
    st.lists(TEXTS, max_size=2),
)
def test_whatever_is_asked_for_fits_the_services_model(
    messages: list[Message], tools: list[FunctionTool], mode: ToolMode, only_: list[str]
) -> None:
    choice = ToolChoice(mode, tuple(ToolName(tool.name) for tool in tools if tool.name in only_) or ())
    asked = ChatRequest(MODEL, tuple(messages), tuple(tools), choice if tools else None)
    body = request.encode(asked)
    wire = json.loads(body)
    assert [fault for fault in faults(body) if "system" not in fault or "bounds" not in fault] == []
    turns = wire.get("messages", [])
    assert all(one["role"] != two["role"] for one, two in pairwise(turns))
    for turn in turns:
        kinds = ["toolResult" in entry for entry in turn["content"] if "cachePoint" not in entry]
        assert kinds == sorted(kinds, reverse=True)
    if any("toolUse" in entry or "toolResult" in entry for turn in turns for entry in turn["content"]):
        assert wire["toolConfig"]["tools"]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    for read in (
        lambda data: request.read_envelope(data, model="m", is_stream=False, max_depth=8),
        lambda data: request.decode(data, model="m", is_stream=False),
    ):
        with contextlib.suppress(InvalidRequest):
            read(body)


FAMILIAR = [
    "messages",
    "role",
    "content",
    "text",
    "toolUse",
    "toolUseId",
    "name",
    "input",
    "toolResult",
    "output",
    "message",
    "usage",
    "inputTokens",
    "stopReason",
    "system",
    "toolConfig",
    "tools",
    "toolSpec",
    "inputSchema",
    "json",
    "image",
    "source",
    "bytes",
    "format",
    "inferenceConfig",
    "maxTokens",
    "delta",
    "start",
    "contentBlockIndex",
    "reasoningContent",
    "reasoningText",
    "signature",
    "citationsContent",
    "citations",
    "cachePoint",
    "type",
    "outputConfig",
    "textFormat",
]


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), TEXTS, st.sampled_from(["user", "default", "json_schema"])),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FAMILIAR), inner, max_size=5)
        ),
        max_leaves=20,
    ),
    st.sampled_from(
        ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]
    ),
)
def test_any_json_of_familiar_members_is_read_or_refused(value: Any, event: str) -> None:
    body = dump(value)
    with contextlib.suppress(InvalidRequest):
        request.read_envelope(body, model="m", is_stream=False, max_depth=64)
    with contextlib.suppress(InvalidRequest):
        request.encode(request.decode(body, model=MODEL, is_stream=False))
    for read_reply in (response.read_usage, lambda data: response.encode(response.decode(data))):
        with contextlib.suppress(UpstreamInvalid):
            read_reply(body)
    stop = write_event("messageStop", {"stopReason": "end_turn"})
    frames = [write_event(event, value), stop, write_event(event, value)]
    for reader in (FrameDecoder(), PassThrough()):
        with contextlib.suppress(UpstreamInvalid):
            for frame in frames:
                reader.feed(frame)


EVENTS = st.one_of(
    st.builds(TextDelta, TEXTS),
    st.builds(RefusalDelta, TEXTS),
    st.builds(ThinkingDelta, TEXTS.filter(bool)),
    st.builds(ThinkingSigned, TEXTS.filter(bool)),
    st.builds(ThinkingRedacted, BLOBS),
    st.builds(ToolCallStarted, st.integers(0, 3), TEXTS, TEXTS),
    st.builds(ToolCallDelta, st.integers(0, 3), TEXTS),
    st.builds(ToolCallEnded, st.integers(0, 3)),
    st.builds(UsageReported, st.builds(Usage, st.integers(0, 9), st.integers(0, 9))),
    st.builds(Finished, st.builds(Finish, st.sampled_from(StopReason))),
    only(Started("i", "m")),
)


@given(st.lists(EVENTS, max_size=12))
def test_whatever_the_events_the_stream_is_well_formed_or_ends_in_an_exception(events: list[StreamEvent]) -> None:
    encoder = FrameEncoder()
    try:
        stream = b"".join(encoder.feed(event) for event in [*events, Ended()])
    except UpstreamInvalid:
        assert any(isinstance(event, ToolCallDelta) for event in events)  # of a call that is not open
        return
    try:
        read = list(parsed_stream(stream))
    except EventStreamError:
        assert not any(isinstance(event, Finished) for event in events)
        return
    kinds = [next(iter(event)) for event in read]
    assert kinds.count("messageStart") == kinds.count("messageStop") == kinds.count("metadata") == 1
    if isinstance(events[-1], Finished) and sum(isinstance(event, Finished) for event in events) == 1:
        assert_well_formed(read)
        said = "".join(event.text for event in events if isinstance(event, TextDelta | RefusalDelta))
        deltas = [event["contentBlockDelta"]["delta"] for event in read if "contentBlockDelta" in event]
        assert "".join(delta.get("text", "") for delta in deltas) == said


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    events = [
        *draw(st.lists(EVENTS, max_size=8)),
        draw(st.sampled_from([Ended(), StreamFault("Gone.", "ThrottlingException")])),
    ]
    encoder = FrameEncoder()
    stream = b""
    with contextlib.suppress(UpstreamInvalid):  # arguments of a call that is not open
        for event in events:
            stream += encoder.feed(event)
    if draw(st.booleans()):
        stream = stream[: draw(st.integers(0, len(stream)))]
    if draw(st.booleans()):
        stream += draw(st.sampled_from([b"x" * 20, aws_eventstream.encode({":event-type": "new"}, b"")]))
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    return stream, [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def relayed(pieces: list[bytes]) -> tuple[Any, ...]:
    relay = PassThrough()
    out = b""
    with contextlib.suppress(UpstreamInvalid):
        for piece in pieces:
            out += relay.feed(piece)
        out += relay.flush()
    return relay.usage, relay.finish, relay.error, relay.has_content, relay.is_complete


@given(streams())
def test_whatever_the_chunking_the_neutral_events_and_what_is_noticed_are_the_same(
    split: tuple[bytes, list[bytes]],
) -> None:
    stream, pieces = split

    def neutral(parts: list[bytes]) -> list[StreamEvent] | None:
        decoder = FrameDecoder()
        try:
            return [event for part in parts for event in decoder.feed(part)]
        except UpstreamInvalid:
            return None

    assert neutral(pieces) == neutral([stream])
    if neutral([stream]) is not None:
        assert relayed(pieces) == relayed([stream])
        relay = PassThrough()
        out = b"".join(relay.feed(piece) for piece in pieces)
        assert stream.startswith(out)
        assert aws_eventstream.Decoder().feed(out) == aws_eventstream.Decoder().feed(stream)
