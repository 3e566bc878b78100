"""Every dialect in, every dialect out: requests, replies and streams, judged by those who did not write them.

What is costly is chosen pairwise, every golden once or twice; the marker ``matrix`` takes the whole product.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest
from stellwerk.core.loss import judge
from stellwerk.core.part import Audio, Document, Part, Refusal, SearchResult, Text, TextSource, ToolCall
from stellwerk.core.reply import Reply
from stellwerk.core.stream import AudioDelta, RefusalDelta, StreamFault, TextDelta, ToolCallDelta, ToolCallStarted
from stellwerk.errors import InvalidRequest, UpstreamUnavailable
from stellwerk.gateway.translation import Translation
from tests.golden.matrix import IDENTITY, SIDES, Side, Told, pairs, pieces_of

ASKED = ChatRequest("m", ())
BROKEN = "The connection to the provider broke."
REQUESTS, REPLIES, STREAMS = (list(pairs(kind)) for kind in ("requests", "replies", "streams"))
CHOSEN = [pair for number, pair in enumerate(STREAMS) if number % 4 == (number // 4) % 4]
"""Each golden stream into one dialect, in turn."""
STEP = 61
"""Of the positions at which bytes are cut, one in so many; a prime, so that every place of a frame is met."""


def name(value: object) -> str:
    return value.name if isinstance(value, Side) else value.name if isinstance(value, Path) else str(value)


EACH_REQUEST = pytest.mark.parametrize(("origin", "path", "target"), REQUESTS, ids=name)
EACH_REPLY = pytest.mark.parametrize(("origin", "path", "target"), REPLIES, ids=name)
EACH_STREAM = pytest.mark.parametrize(("origin", "path", "target"), STREAMS, ids=name)
SOME_STREAMS = pytest.mark.parametrize(("origin", "path", "target"), CHOSEN, ids=name)


@EACH_REQUEST
def test_a_request_goes_out_as_the_other_dialect_has_it_or_is_refused_by_name(
    origin: Side, path: Path, target: Side
) -> None:
    asked = msgspec.structs.replace(origin.dialect.decode(origin.envelope(path.read_bytes())), model=target.model)
    losses = (*origin.dialect.bound, *target.losses)
    if any(loss.is_refused and loss.occurs(asked) for loss in losses):
        with pytest.raises(InvalidRequest) as refused:
            judge(losses, asked)
        assert refused.value.param
        return
    dropped, body = judge(losses, asked), target.encode(asked)
    target.judge_request(body, target.model)
    again = target.dialect.decode(target.envelope(body))
    before, after = said_in(asked), said_in(again)
    if {"messages.position", "messages.tool_result.media"} & {*dropped}:  # said, though elsewhere
        before, after = sorted(before), sorted(after)
    assert after == before


@EACH_REPLY
def test_a_reply_is_what_the_other_dialects_readers_take(origin: Side, path: Path, target: Side) -> None:
    reply = origin.speech.decode(path.read_bytes(), ASKED, IDENTITY)
    told = target.read_reply(target.dialect.encode(reply, target.envelope(plain(target))))
    expected = expected_of(reply, in_words=target.name != "gemini")
    assert told.is_complete
    assert told.text == expected.text
    assert_calls(told, expected, target)


@EACH_STREAM
def test_a_stream_is_what_the_other_dialects_readers_take(origin: Side, path: Path, target: Side) -> None:
    stream = b"".join(pieces_of(path))
    translation = between(origin, target)
    told = target.read_stream(translation.feed(stream) + translation.flush())
    decoder = origin.speech.decoder(ASKED, IDENTITY)
    expected = told_by([*decoder.feed(stream), *decoder.flush()])
    assert told.error == expected.error
    assert told.is_complete == (expected.error is None)
    if expected.error is None:
        assert told.text == expected.text
        assert_calls(told, expected, target)


@SOME_STREAMS
def test_a_stream_that_breaks_off_after_any_event_ends_with_an_error(origin: Side, path: Path, target: Side) -> None:
    break_off(origin, path, target)


@pytest.mark.matrix
@EACH_STREAM
def test_in_every_dialect_a_stream_that_breaks_off_after_any_event_ends_with_an_error(
    origin: Side, path: Path, target: Side
) -> None:
    break_off(origin, path, target)


@SOME_STREAMS
def test_a_translated_stream_is_the_same_wherever_its_bytes_are_cut(origin: Side, path: Path, target: Side) -> None:
    cut(origin, path, target, STEP)


@pytest.mark.matrix
@EACH_STREAM
def test_in_every_dialect_a_translated_stream_is_the_same_wherever_its_bytes_are_cut(
    origin: Side, path: Path, target: Side
) -> None:
    cut(origin, path, target, 1)


def break_off(origin: Side, path: Path, target: Side) -> None:
    """The provider's connection breaks after each of its events in turn: the caller hears of it."""
    pieces = pieces_of(path)
    for count in range(len(pieces)):
        translation = between(origin, target)
        out = b"".join(translation.feed(piece) for piece in pieces[:count]) + translation.flush()
        if translation.is_complete or translation.error is not None:
            return
        told = target.read_stream(out + translation.fault(UpstreamUnavailable(BROKEN)))
        assert told.error is not None
        assert BROKEN in told.error
        assert not told.is_complete


def cut(origin: Side, path: Path, target: Side, step: int) -> None:
    """The same bytes in two pieces, and byte by byte."""
    stream = b"".join(pieces_of(path))
    whole = translated(origin, target, [stream])
    assert translated(origin, target, [bytes((byte,)) for byte in stream]) == whole
    for at in range(1, len(stream), step):
        assert translated(origin, target, [stream[:at], stream[at:]]) == whole


def between(origin: Side, target: Side) -> Translation:
    decoder = origin.speech.decoder(ASKED, IDENTITY)
    return Translation(decoder, target.dialect.encoder(target.envelope(plain(target), is_stream=True)))


def translated(origin: Side, target: Side, pieces: list[bytes]) -> tuple[Any, ...]:
    translation = between(origin, target)
    out = b"".join(translation.feed(piece) for piece in pieces) + translation.flush()
    return out, translation.usage, translation.finish, translation.error, translation.is_complete


def plain(side: Side) -> bytes:
    """A caller's request that asks for a stream with usage where that has to be said."""
    body = json.loads((Path(__file__).parent / side.name / "requests" / "plain.json").read_bytes())
    if side.name == "openai_chat":
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body).encode()


def said_in(request: ChatRequest) -> list[str]:
    """Words of the conversation, in order."""
    return [text for message in request.messages for part in message.parts if (text := words_of(part))]


def words_of(part: Part) -> str:
    """What it says, as dialects say it that have no such part."""
    match part:
        case Text() | Refusal():
            return part.text
        case Audio(transcript=str(transcript)):
            return transcript
        case Document(source=TextSource(text=text)):
            return text
        case SearchResult():
            return "\n".join((part.title, part.source, *(text.text for text in part.texts)))
        case _:
            return ""


def assert_calls(told: Told, expected: Told, target: Side) -> None:
    """The same calls. Dialects of objects have free text in one, and of arguments that were cut off what there is."""
    takes_text = target.name.startswith("openai")
    assert [name_ for name_, _ in told.calls] == [name_ for name_, _ in expected.calls]
    for (_, found), (_, arguments) in zip(told.calls, expected.calls, strict=True):
        if takes_text or isinstance(arguments, dict):
            assert found == arguments
        else:
            assert found == {"input": arguments} or str(arguments).startswith("{")


def expected_of(reply: Reply, *, in_words: bool) -> Told:
    """What a reader shall understand of a reply's first candidate. ``in_words`` is sound for who cannot hear it."""
    told = Told(is_complete=True)
    for part in reply.candidates[0].message.parts if reply.candidates else ():
        match part:
            case Text() | Refusal():
                told.text += part.text
            case Audio() if in_words:
                told.text += words_of(part)
            case ToolCall():
                told.calls.append((part.name, read(part.arguments)))
            case _:
                pass
    return told


def told_by(events: list[Any]) -> Told:
    """The same of a stream."""
    told = Told()
    calls: dict[int, list[str]] = {}
    for event in events:
        if getattr(event, "candidate", 0):
            continue
        match event:
            case TextDelta() | RefusalDelta():
                told.text += event.text
            case AudioDelta():
                told.text += event.transcript or ""
            case ToolCallStarted():
                calls[event.call] = [event.name, ""]
            case ToolCallDelta():
                calls[event.call][1] += event.arguments
            case StreamFault():
                told.error = event.message
            case _:
                pass
    told.calls = [(name_, read(text)) for name_, text in calls.values()]
    return told


def read(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


assert len(SIDES) == 5
