"""A streamed answer from a whole one and back, for the replies and streams of every dialect."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation, Image, Text, Thinking, ToolCall, ToolResult, UrlSource
from stellwerk.core.replay import events_of, gather
from stellwerk.core.reply import Candidate, Finish, Logprobs, Reply, StopReason, TokenLogprob
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.core.stream import (
    AudioDelta,
    Ended,
    Finished,
    OpaqueDelta,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from stellwerk.gateway.speeches import speech_of

GOLDEN = Path(__file__).parents[2] / "golden"
ASKED = ChatRequest("m", ())
DIALECTS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini", "bedrock_converse")
END = Finish(StopReason.END)


def of(kind: str) -> Iterator[tuple[str, Path]]:
    for dialect in DIALECTS:
        for path in sorted((GOLDEN / dialect / kind).glob("*.sse" if kind == "streams" else "*")):
            yield dialect, path


def texts(reply: Reply) -> list[str]:
    parts = (part for candidate in reply.candidates for part in candidate.message.parts)
    return ["".join(part.text for part in parts if isinstance(part, Text))]


@pytest.mark.parametrize(("dialect", "path"), list(of("replies")), ids=lambda value: getattr(value, "stem", value))
def test_a_whole_answer_survives_being_told_as_a_stream(dialect: str, path: Path) -> None:
    reply = speech_of(dialect, LimitsSpec()).decode(path.read_bytes(), ASKED, "id")
    again = gather(events_of(reply))
    assert again is not None
    assert texts(again) == texts(reply)
    assert (again.id, again.model, again.usage) == (reply.id, reply.model, reply.usage)
    for former, latter in zip(reply.candidates, again.candidates, strict=True):
        assert latter.finish == (former.finish or END)
        assert [part for part in latter.message.parts if isinstance(part, ToolCall)] == [
            msgspec.structs.replace(part, cache=None) for part in former.message.parts if isinstance(part, ToolCall)
        ]


@pytest.mark.parametrize(("dialect", "path"), list(of("streams")), ids=lambda value: getattr(value, "stem", value))
def test_a_stream_survives_being_gathered_and_told_again(dialect: str, path: Path) -> None:
    decoder = speech_of(dialect, LimitsSpec()).decoder(ASKED, "id")
    events = [*decoder.feed(path.read_bytes()), *decoder.flush()]
    reply = gather(events)
    if reply is None:
        assert any(isinstance(event, StreamFault | AudioDelta) for event in events) or Ended() not in events
        return
    spoken = sorted((event for event in events if isinstance(event, TextDelta)), key=lambda event: event.candidate)
    said = "".join(event.text for event in spoken)
    assert texts(reply) == [said]
    assert gather(events_of(reply)) == reply


def test_parts_keep_their_order_and_what_belongs_to_them() -> None:
    opaque = Opaque("openai_chat", {"name": msgspec.Raw(b"1")})
    link = Image(UrlSource("https://example.com/a.png"))
    events: list[StreamEvent] = [
        Started("id", "m", 5),
        ThinkingDelta("hm", is_summary=True),
        ThinkingDelta("m", is_summary=True),
        ThinkingDelta("other"),
        ThinkingSigned("sig"),
        ThinkingSigned("alone"),
        TextDelta("a"),
        TextDelta("b", logprobs=Logprobs((TokenLogprob("b", -1.0),))),
        RefusalDelta("no", logprobs=Logprobs(None, (TokenLogprob("no", -2.0),))),
        RefusalDelta(" way"),
        TextDelta(""),
        ToolCallStarted(0, "c0", "f"),
        ToolCallStarted(1, "c1", "g"),
        ToolCallDelta(0, '{"a":'),
        ToolCallDelta(1, "{}"),
        ToolCallDelta(0, "1}"),
        ToolCallDelta(9, "nobody's"),
        ToolCallEnded(0),
        OpaqueDelta(opaque),
        OpaqueDelta(opaque, 0),
        Finished(END),
        Ended(),
    ]
    reply = gather(events)
    assert reply is not None
    (candidate,) = reply.candidates
    assert candidate.message.parts[:3] == (
        Thinking("hmm", is_summary=True),
        Thinking("other", signature="sig"),
        Thinking(signature="alone"),
    )
    assert [getattr(part, "text", None) for part in candidate.message.parts[3:5]] == ["ab", "no way"]
    assert [part.arguments for part in candidate.message.parts if isinstance(part, ToolCall)] == ['{"a":1}', "{}"]
    assert candidate.message.opaque == opaque
    assert candidate.logprobs == Logprobs((TokenLogprob("b", -1.0),), (TokenLogprob("no", -2.0),))
    assert gather(events_of(reply)) == reply
    picture = Reply("id", "m", (Candidate(Message(Role.ASSISTANT, (link, Text("x", citations=(Citation("u"),))))),))
    assert gather(events_of(picture)) == msgspec.structs.replace(
        picture, candidates=(msgspec.structs.replace(picture.candidates[0], finish=END),)
    )


def test_what_has_not_ended_or_is_broken_is_no_answer() -> None:
    begun: list[StreamEvent] = [Started("id", "m"), TextDelta("a")]
    assert gather([]) is None
    assert gather([Ended()]) is None
    assert gather(begun) is None
    assert gather([*begun, StreamFault("no"), Ended()]) is None
    assert gather([*begun, AudioDelta("AAAA"), Ended()]) is None
    whole = gather([*begun, Ended()])
    assert whole is not None
    assert whole.candidates[0].finish is None


def test_results_of_tools_are_no_part_of_an_answer() -> None:
    odd = Reply("id", "m", (Candidate(Message(Role.ASSISTANT, (ToolResult("c", ()),))),))
    assert gather(events_of(odd)) == Reply("id", "m", (Candidate(Message(Role.ASSISTANT, ()), 0, END),))
