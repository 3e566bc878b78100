"""Whatever the neutral form can say goes out in every dialect as that dialect has it, or is refused by name."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk.core.chat import (
    AudioOutput,
    ChatRequest,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    Reasoning,
    Role,
    Sampling,
)
from stellwerk.core.loss import judge
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    CacheMark,
    Citation,
    Document,
    Image,
    InlineSource,
    OpaquePart,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)
from stellwerk.core.reply import Finish, StopReason
from stellwerk.core.stream import (
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
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
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, ToolChoice, ToolMode
from stellwerk.core.usage import Usage
from stellwerk.errors import InvalidRequest
from tests.golden.matrix import SIDES, Side
from tests.golden.test_matrix import plain
from tests.property.requests import REQUESTS, conversations

EACH_SIDE = pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)


@EACH_SIDE
@given(REQUESTS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None, max_examples=60)
def test_any_request_is_encoded_or_refused_and_what_is_encoded_is_the_dialects(
    side: Side, asked_for: ChatRequest
) -> None:
    asked = msgspec.structs.replace(asked_for, model=side.model)
    with contextlib.suppress(InvalidRequest):
        side.dialect.decode(side.envelope(side.encode(asked)))


@EACH_SIDE
@given(conversations())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None, max_examples=60)
def test_any_conversation_is_what_those_who_judge_the_dialect_take_or_is_refused(
    side: Side, asked_for: ChatRequest
) -> None:
    asked = msgspec.structs.replace(asked_for, model=side.model)
    try:
        judge(side.losses, asked)
        body = side.encode(asked)
    except InvalidRequest:
        return
    side.judge_request(body, side.model)


# ------------------------------------------------------------------------------------------ nothing is lost silently

MARK = CacheMark()
IMAGE, SOUND = InlineSource("image/png", "aGk="), InlineSource("audio/wav", "aGk=")
PDF = InlineSource("application/pdf", "aGk=")
CALL = ToolCall("c1", "f", '{"a":1}')
TOOL = FunctionTool("f", None, msgspec.Raw(b'{"type":"object","properties":{}}'))


def user(*parts: Any, **more: Any) -> Message:
    return Message(Role.USER, parts, **more)


def said(*messages: Message, **more: Any) -> ChatRequest:
    return ChatRequest("m", messages, **more)


def assistant(*parts: Any) -> ChatRequest:
    return said(user(Text("q")), Message(Role.ASSISTANT, parts), user(Text("more")), tools=(TOOL,))


def answered(result: ToolResult) -> ChatRequest:
    turns = (user(Text("q")), Message(Role.ASSISTANT, (CALL,)), Message(Role.TOOL, (result,)))
    return said(*turns, tools=(TOOL,))


HELLO = user(Text("hello"))
PLAIN = said(HELLO)
FORMAT = JsonSchemaFormat(TOOL.parameters, "answer")
DOCUMENT = said(user(Text("h"), Document(PDF)))
RESULT = ToolResult("c1", (Text("r"),), "f")
PROBES: dict[str, tuple[ChatRequest, ChatRequest]] = {
    **{
        name: (PLAIN, said(HELLO, **{name: value}))
        for name, value in {
            "output_cap": 77,
            "stop": ("END",),
            "choices": 2,
            "output_format": FORMAT,
            "reasoning": Reasoning(effort="high"),
            "verbosity": "low",
            "modalities": ("text", "audio"),
            "audio": AudioOutput("alloy"),
            "wants_logprobs": True,
            "user": "u1",
            "safety_identifier": "s1",
            "metadata": {"a": "b"},
            "service_tier": "flex",
            "cache_key": "k",
            "is_stored": True,
            "tools": (TOOL,),
        }.items()
    },
    "top_logprobs": (said(HELLO, wants_logprobs=True), said(HELLO, wants_logprobs=True, top_logprobs=3)),
    "tool_choice": (said(HELLO, tools=(TOOL,)), said(HELLO, tools=(TOOL,), tool_choice=ToolChoice(ToolMode.REQUIRED))),
    "is_parallel_allowed": (said(HELLO, tools=(TOOL,)), said(HELLO, tools=(TOOL,), is_parallel_allowed=False)),
    **{f"sampling.{name}": (PLAIN, said(HELLO, sampling=Sampling(**{name: 1}))) for name in Sampling.__struct_fields__},
    "reasoning.budget_tokens": (PLAIN, said(HELLO, reasoning=Reasoning(budget_tokens=2048))),
    "reasoning.is_enabled": (PLAIN, said(HELLO, reasoning=Reasoning(is_enabled=True))),
    "reasoning.display": (
        said(HELLO, reasoning=Reasoning(effort="high")),
        said(HELLO, reasoning=Reasoning(effort="high", display="omitted")),
    ),
    "output_format.description": (
        said(HELLO, output_format=FORMAT),
        said(HELLO, output_format=msgspec.structs.replace(FORMAT, description="d")),
    ),
    "output_format.is_strict": (
        said(HELLO, output_format=FORMAT),
        said(HELLO, output_format=msgspec.structs.replace(FORMAT, is_strict=True)),
    ),
    "json_object": (PLAIN, said(HELLO, output_format=JsonObjectFormat())),
    "audio.format": (said(HELLO, audio=AudioOutput("v")), said(HELLO, audio=AudioOutput("v", "mp3"))),
    "tool.description": (
        said(HELLO, tools=(TOOL,)),
        said(HELLO, tools=(msgspec.structs.replace(TOOL, description="d"),)),
    ),
    "tool.is_strict": (said(HELLO, tools=(TOOL,)), said(HELLO, tools=(msgspec.structs.replace(TOOL, is_strict=True),))),
    "tool.cache": (said(HELLO, tools=(TOOL,)), said(HELLO, tools=(msgspec.structs.replace(TOOL, cache=MARK),))),
    "tool.custom": (PLAIN, said(HELLO, tools=(CustomTool("c"),))),
    "tool.opaque": (PLAIN, said(HELLO, tools=(OpaqueTool("another", "k", msgspec.Raw(b"{}")),))),
    "message.name": (PLAIN, said(user(Text("hello"), name="ann"))),
    "message.cache": (PLAIN, said(user(Text("hello"), cache=MARK))),
    "text.cache": (PLAIN, said(user(Text("hello", MARK)))),
    "text.citations": (assistant(Text("a")), assistant(Text("a", citations=(Citation("https://x", "t", 0, 1),)))),
    "image": (PLAIN, said(user(Text("hello"), Image(IMAGE)))),
    "image.detail": (said(user(Image(IMAGE))), said(user(Image(IMAGE, "low")))),
    "image.cache": (said(user(Image(IMAGE))), said(user(Image(IMAGE, cache=MARK)))),
    "sound": (PLAIN, said(user(Text("hello"), Audio(SOUND)))),
    "video": (PLAIN, said(user(Text("hello"), Video(InlineSource("video/mp4", "aGk="))))),
    "document": (PLAIN, said(user(Text("hello"), Document(PDF, "n")))),
    "document.name": (DOCUMENT, said(user(Text("h"), Document(PDF, "other")))),
    "document.context": (DOCUMENT, said(user(Text("h"), Document(PDF, context="c")))),
    "document.cites": (DOCUMENT, said(user(Text("h"), Document(PDF, cites=True)))),
    "search_result.cites": (
        said(user(SearchResult("https://x", "t", (Text("p"),)))),
        said(user(SearchResult("https://x", "t", (Text("p"),), cites=True))),
    ),
    "opaque": (PLAIN, said(user(Text("hello"), OpaquePart("another", "k", msgspec.Raw(b"{}"))))),
    "refusal": (assistant(Text("a")), assistant(Text("a"), Refusal("no"))),
    "thinking": (assistant(Text("a")), assistant(Thinking("hm"), Text("a"))),
    "thinking.signed": (assistant(Text("a")), assistant(Thinking("hm", "aGk="), Text("a"))),
    "thinking.redacted": (assistant(Text("a")), assistant(RedactedThinking("aGk="), Text("a"))),
    "tool_result.is_error": (answered(RESULT), answered(msgspec.structs.replace(RESULT, is_error=True))),
    "tool_result.cache": (answered(RESULT), answered(msgspec.structs.replace(RESULT, cache=MARK))),
    "tool_result.media": (answered(RESULT), answered(ToolResult("c1", (Text("r"), Image(IMAGE)), "f"))),
}
"""By field: a request without it, and the same with it."""

SILENT: dict[str, frozenset[str]] = {
    # Their schemas for the answer are always enforced: there is nothing to ask for.
    "anthropic_messages": frozenset({"output_format.is_strict"}),
    "gemini": frozenset({"output_format.is_strict"}),
    "bedrock_converse": frozenset({"output_format.is_strict"}),
}
"""What is left out without a word, deliberately."""


@EACH_SIDE
@pytest.mark.parametrize("field", PROBES)
def test_a_field_that_is_set_shows_in_the_body_or_in_the_list_of_losses(side: Side, field: str) -> None:
    without, with_it = (msgspec.structs.replace(probe, model=side.model) for probe in PROBES[field])
    try:
        news = {*judge(side.losses, with_it)} - {*judge(side.losses, without)}
        shows = side.encode(with_it) != side.encode(without)
    except InvalidRequest:
        return
    assert (shows or bool(news)) == (field not in SILENT.get(side.name, ()))


# -------------------------------------------------------------------------------------------------- streams

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=5)


@st.composite
def streams(draw: st.DrawFn) -> list[StreamEvent]:
    """What a decoder yields: deltas in the order of parts, calls that alternate, then the end."""
    events: list[StreamEvent] = [Started("r1", "m", 1)]
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["text", "thinking", "signed", "redacted", "refusal", "cited", "opaque"]))
        match kind:
            case "text":
                events += [TextDelta(word) for word in draw(st.lists(WORDS, min_size=1, max_size=3))]
            case "thinking":
                events.append(ThinkingDelta(draw(WORDS)))
            case "signed":
                events += [ThinkingDelta(draw(WORDS)), ThinkingSigned("aGk=")]
            case "redacted":
                events.append(ThinkingRedacted("aGk="))
            case "refusal":
                events.append(RefusalDelta(draw(WORDS)))
            case "cited":
                events += [TextDelta(draw(WORDS)), CitationAdded(Citation("https://example.com", "t", 0, 1))]
            case _:
                events.append(
                    OpaqueDelta(Opaque("another", {"x": msgspec.Raw(b"1")}), draw(st.sampled_from([None, 0])))
                )
    calls = draw(st.integers(0, 3))
    events += [ToolCallStarted(call, f"c{call}", f"f{call}") for call in range(calls)]
    for half in ('{"a":', "1}"):
        order = draw(st.permutations(range(calls)))
        events += [ToolCallDelta(call, half) for call in order]
    events += [ToolCallEnded(call) for call in draw(st.permutations(range(calls)))]
    reason = StopReason.TOOL_CALLS if calls else draw(st.sampled_from([StopReason.END, StopReason.LENGTH]))
    return [*events, Finished(Finish(reason)), UsageReported(Usage(3, 2)), Ended()]


@EACH_SIDE
@given(streams())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
def test_any_stream_is_well_formed_in_every_dialect_and_says_the_same(side: Side, events: list[StreamEvent]) -> None:
    encoder = side.dialect.encoder(side.envelope(plain(side), is_stream=True))
    told = side.read_stream(b"".join(encoder.feed(event) for event in events) + encoder.flush())
    assert told.is_complete
    assert told.error is None
    assert told.text == "".join(event.text for event in events if isinstance(event, TextDelta | RefusalDelta))
    started = [event for event in events if isinstance(event, ToolCallStarted)]
    assert sorted(told.calls) == [(event.name, {"a": 1}) for event in started]
