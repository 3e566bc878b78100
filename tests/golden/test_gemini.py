"""Real-shaped requests, replies and streams of the Gemini dialect, through the neutral form and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stellwerk.core.part import ToolCall
from stellwerk.core.stream import (
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    PartAdded,
    Started,
    StreamFault,
    ToolCallDelta,
    UsageReported,
)
from stellwerk.dialects.gemini import request, response
from stellwerk.dialects.gemini.stream import ChunkDecoder, ChunkEncoder, PassThrough
from tests.golden.cuts import CUTS, Cuts
from tests.golden.gemini.judge import judge_reply, judge_request, sdk_chunks

HERE = Path(__file__).parent / "gemini"
REQUESTS = sorted((HERE / "requests").glob("*.json"))
REPLIES = sorted((HERE / "replies").glob("*.json"))
STREAMS = sorted((HERE / "streams").iterdir())
MODEL = "gemini-3-pro-preview"
# Of a shape that the SDK's types do not know.
UNOFFICIAL_REQUESTS = ("unknown_everywhere",)
UNOFFICIAL_REPLIES = ("unknown_finish",)


def name(path: Path) -> str:
    return path.name


def model_of(path: Path) -> str:
    return "gemini-2.5-flash" if path.stem in {"json_object", "thinking_history"} else MODEL


def read(path: Path, body: bytes | None = None) -> Any:
    return request.decode(path.read_bytes() if body is None else body, model=model_of(path), is_stream=False)


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_a_request_comes_back_from_the_neutral_form_with_nothing_lost(path: Path) -> None:
    decoded = read(path)
    assert json.loads(request.encode(decoded)) == json.loads(path.read_bytes())
    assert read(path, request.encode(decoded)) == decoded


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_a_request_in_snake_case_says_the_same(path: Path) -> None:
    body = json.dumps(snake(json.loads(path.read_bytes()))).encode()
    # What stays opaque stays as it was spelled.
    assert snake(json.loads(request.encode(read(path, body)))) == json.loads(body)
    assert envelope(body)[1:] == envelope(path.read_bytes())[1:]


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_the_thin_and_the_whole_reading_of_a_request_agree(path: Path) -> None:
    body = path.read_bytes()
    thin, whole = request.read_envelope(body, model=MODEL, is_stream=True, max_depth=256), read(path)
    assert (thin.model, thin.is_stream, thin.body) == (MODEL, True, body)
    assert thin.output_cap == whole.output_cap
    assert thin.choices == (whole.choices or 1)


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_what_is_encoded_as_a_request_fits_the_official_types(path: Path) -> None:
    if path.stem not in UNOFFICIAL_REQUESTS:
        judge_request(json.loads(request.encode(read(path))))


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_a_reply_comes_back_from_the_neutral_form_with_nothing_lost(path: Path) -> None:
    wire = path.read_bytes()
    decoded = response.decode(wire)
    assert json.loads(response.encode(decoded)) == json.loads(wire)
    assert response.decode(response.encode(decoded)) == decoded


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_the_thin_and_the_whole_reading_of_a_reply_agree(path: Path) -> None:
    body = path.read_bytes()
    facts, whole, wire = response.read_usage(body), response.decode(body), json.loads(body)
    assert facts.usage == whole.usage
    assert facts.id == whole.id
    if "candidates" in wire:
        assert facts.finish == wire["candidates"][0]["finishReason"]
    else:
        assert facts.finish == wire["promptFeedback"]["blockReason"]


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_what_is_encoded_as_a_reply_fits_the_official_types(path: Path) -> None:
    if path.stem not in UNOFFICIAL_REPLIES:
        judge_reply(json.loads(response.encode(response.decode(path.read_bytes()))))


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_a_reply_without_what_only_this_dialect_knows_fits_the_official_types_too(path: Path) -> None:
    foreign = without_opaque(response.decode(path.read_bytes()))
    judge_reply(json.loads(response.encode(foreign)))


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_becomes_well_formed_neutral_events(path: Path) -> None:
    events = decode(path)
    assert isinstance(events[0], Started)
    assert sum(isinstance(event, Started) for event in events) == 1
    assert isinstance(events[-1], Ended | StreamFault)
    finished = [event.candidate for event in events if isinstance(event, Finished)]
    assert len(finished) == len(set(finished))
    assert bool(finished) == isinstance(events[-1], Ended)


@CUTS
@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_gives_the_same_events_wherever_its_bytes_are_cut(path: Path, cuts: Cuts) -> None:
    body = path.read_bytes()
    events = decode(path)
    for at in cuts(body):
        decoder = ChunkDecoder(is_sse=is_sse(path))
        assert [*decoder.feed(body[:at]), *decoder.feed(body[at:]), *decoder.flush()] == events
    decoder = ChunkDecoder(is_sse=is_sse(path))
    singly = [event for byte in body for event in decoder.feed(bytes((byte,)))]
    assert [*singly, *decoder.flush()] == events


@pytest.mark.parametrize("framing", [True, False], ids=["events", "array"])
@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_decodes_to_the_same_neutral_events(path: Path, framing: bool) -> None:
    events = decode(path)
    decoder = ChunkDecoder(is_sse=framing)
    again = [*decoder.feed(encode(events, is_sse=framing)), *decoder.flush()]
    # Usage that ran along comes once, in the last chunk.
    assert texts(again) == texts(events)
    assert kinds(again) == kinds(events)
    assert usages(again) == (usages(events)[-1:] if isinstance(events[-1], Ended) else [])
    assert [event for event in again if isinstance(event, Finished)] == [
        event for event in events if isinstance(event, Finished)
    ]


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_is_what_the_official_client_reads(path: Path) -> None:
    events = decode(path)
    chunks = list(sdk_chunks(encode(events)))
    said = "".join(event.text for event in events if type(event).__name__ == "TextDelta" and event.candidate == 0)
    read_text, calls = "", []
    for chunk in chunks:
        for candidate in (chunk.candidates or ())[:1]:
            for part in (candidate.content.parts if candidate.content else None) or ():
                calls += [part.function_call] if part.function_call else []
                read_text += part.text if part.text and not part.thought and candidate.index in {0, None} else ""
    assert read_text == said
    assert [call.name for call in calls] == [
        event.name for event in events if type(event).__name__ == "ToolCallStarted"
    ]
    assert all(call.args is not None for call in calls)
    if isinstance(events[-1], Ended) and chunks[-1].candidates:
        assert chunks[-1].candidates[0].finish_reason is not None
    if isinstance(events[-1], Ended) and usages(events):
        assert chunks[-1].usage_metadata is not None


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_fits_the_official_types(path: Path) -> None:
    for chunk in json.loads(encode(decode(path), is_sse=False)):
        if "error" not in chunk:
            judge_reply(chunk)


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_that_is_handed_on_tells_the_same_as_its_neutral_events(path: Path) -> None:
    body = path.read_bytes()
    events = decode(path)
    relay = PassThrough(is_sse=is_sse(path))
    out = relay.feed(body)
    assert out is body or not is_sse(path)
    assert relay.flush() == b""
    assert relay.is_complete == isinstance(events[-1], Ended)
    assert relay.usage == (usages(events)[-1].usage if usages(events) else None)
    assert (relay.error is not None) == isinstance(events[-1], StreamFault)
    assert relay.has_content
    assert relay.is_between_events
    if not is_sse(path):
        assert json.loads(out) == json.loads(body)


# ------------------------------------------------------------------------------------------------------------ helpers


def envelope(body: bytes) -> tuple[Any, ...]:
    read = request.read_envelope(body, model=MODEL, is_stream=False, max_depth=256)
    return read.body, read.output_cap, read.choices


def snake(value: Any) -> Any:
    """The same in snake_case, except where names are the caller's own."""
    if isinstance(value, list):
        return [snake(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    own = {"args", "response", "labels", "parametersJsonSchema", "responseJsonSchema", "properties"}
    kept = {"newTop", "newMember", "newSetting", "newTool", "newKind", "partMetadata"}
    return {
        key if key in kept else snake_name(key): entry if key in own - {"properties"} else snake(entry)
        for key, entry in value.items()
    }


def snake_name(key: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in key)


def without_opaque(value: Any) -> Any:
    """The same as another dialect would have decoded it."""
    import msgspec

    if isinstance(value, tuple):
        return tuple(without_opaque(entry) for entry in value)
    if not isinstance(value, msgspec.Struct):
        return value
    fields = {field: without_opaque(getattr(value, field)) for field in value.__struct_fields__}
    fields |= {field: None for field in ("opaque", "usage_opaque") if field in fields}
    if isinstance(value, ToolCall):
        fields["signature"] = None
    return type(value)(**fields)


def is_sse(path: Path) -> bool:
    return path.suffix == ".sse"


def decode(path: Path) -> list[Any]:
    decoder = ChunkDecoder(is_sse=is_sse(path))
    return [*decoder.feed(path.read_bytes()), *decoder.flush()]


def encode(events: list[Any], *, is_sse: bool = True) -> bytes:
    encoder = ChunkEncoder(is_sse=is_sse)
    return b"".join(encoder.feed(event) for event in events) + encoder.flush()


def usages(events: list[Any]) -> list[UsageReported]:
    return [event for event in events if isinstance(event, UsageReported)]


def texts(events: list[Any]) -> list[tuple[type, Any]]:
    return [
        (type(event), getattr(event, "text", None) or getattr(event, "arguments", None))
        for event in events
        if hasattr(event, "text") or isinstance(event, ToolCallDelta)
    ]


def kinds(events: list[Any]) -> list[type]:
    left_out = UsageReported | OpaqueDelta | CitationAdded
    return [type(event) for event in events if not isinstance(event, left_out)] + [
        type(event) for event in events if isinstance(event, PartAdded)
    ]
