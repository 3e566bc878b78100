"""Real-shaped requests, replies and streams of the OpenAI chat dialect, through the neutral form and back."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter

from stellwerk.core.stream import Ended, Finished, OpaqueDelta, Started, StreamFault, ToolCallDelta, UsageReported
from stellwerk.dialects import sse
from stellwerk.dialects.openai_chat import request, response
from stellwerk.dialects.openai_chat.stream import ChunkDecoder, ChunkEncoder, PassThrough

HERE = Path(__file__).parent / "openai_chat"
REQUESTS = sorted((HERE / "requests").glob("*.json"))
REPLIES = sorted((HERE / "replies").glob("*.json"))
STREAMS = sorted((HERE / "streams").glob("*.sse"))
OFFICIAL_REQUESTS = ("plain", "everything", "tool_turns", "json_schema", "deprecated_functions")
OFFICIAL_REPLIES = ("plain", "two_candidates", "parallel_tools", "logprobs", "refusal", "citations", "audio")


def name(path: Path) -> str:
    return path.stem


def pick(paths: list[Path], names: tuple[str, ...]) -> list[Path]:
    return [path for path in paths if path.stem in names]


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_a_request_comes_back_from_the_neutral_form_with_nothing_lost(path: Path) -> None:
    wire = path.read_bytes()
    decoded = request.decode(wire)
    assert json.loads(request.encode(decoded)) == json.loads(wire)
    assert request.decode(request.encode(decoded)) == decoded


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_the_thin_and_the_whole_reading_of_a_request_agree(path: Path) -> None:
    body = path.read_bytes()
    envelope, whole = request.read_envelope(body, max_depth=256), request.decode(body)
    assert envelope.model == whole.model
    assert envelope.is_stream == whole.is_stream
    assert envelope.output_cap == whole.output_cap
    assert envelope.choices == (whole.choices or 1)
    assert not envelope.is_stream or envelope.wants_usage == whole.wants_usage


@pytest.mark.parametrize("path", pick(REQUESTS, OFFICIAL_REQUESTS), ids=name)
def test_what_is_encoded_as_a_request_fits_the_official_types(path: Path) -> None:
    encoded = request.encode(request.decode(path.read_bytes()))
    TypeAdapter(CompletionCreateParams).validate_json(encoded)


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_a_reply_comes_back_from_the_neutral_form_with_nothing_lost(path: Path) -> None:
    wire = path.read_bytes()
    decoded = response.decode(wire)
    assert json.loads(response.encode(decoded)) == json.loads(wire)
    assert response.decode(response.encode(decoded)) == decoded


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_the_thin_and_the_whole_reading_of_a_reply_agree(path: Path) -> None:
    body = path.read_bytes()
    facts, whole = response.read_usage(body), response.decode(body)
    assert facts.usage == whole.usage
    assert facts.id == whole.id
    assert facts.finish == json.loads(body)["choices"][0]["finish_reason"]


@pytest.mark.parametrize("path", pick(REPLIES, OFFICIAL_REPLIES), ids=name)
def test_what_is_encoded_as_a_reply_fits_the_official_types(path: Path) -> None:
    encoded = response.encode(response.decode(path.read_bytes()))
    completion = ChatCompletion.model_validate_json(encoded)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # serializing unknown members may warn
        assert completion.model_dump(mode="json", exclude_unset=True) == json.loads(encoded)


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_becomes_well_formed_neutral_events(path: Path) -> None:
    events = decode(path.read_bytes())
    assert isinstance(events[0], Started)
    assert sum(isinstance(event, Started) for event in events) == 1
    assert isinstance(events[-1], Ended | StreamFault)
    finished = [event.candidate for event in events if isinstance(event, Finished)]
    assert len(finished) == len(set(finished))


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_decodes_to_the_same_neutral_events(path: Path) -> None:
    events = decode(path.read_bytes())
    again = decode(encode(events))
    # Usage that ran along comes once, at the end; every call has arguments; what is opaque may join the first event.
    reports = [event for event in events if isinstance(event, UsageReported)]
    expected = [event for event in events if not isinstance(event, UsageReported)]
    expected[-1:-1] = reports[-1:]
    assert texts(again) == texts(expected)
    assert kinds(again) == kinds(expected)
    assert usages(again)[-1:] == usages(events)[-1:]


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_fits_the_official_types_and_says_role_first_and_usage_last(path: Path) -> None:
    events = decode(path.read_bytes())
    payloads = [event.data for event in sse.Decoder().feed(encode(events))]
    chunks = [json.loads(payload) for payload in payloads if payload != b"[DONE]"]
    spoken: set[int] = set()
    finished: set[int] = set()
    for chunk in chunks:
        if "error" in chunk:
            continue
        if path.stem != "custom_tool":  # the SDK's chunk type has no custom tools yet
            ChatCompletionChunk.model_validate(chunk)
        for choice in chunk["choices"]:
            index = choice["index"]
            assert index in spoken or choice["delta"]["role"] == "assistant"
            assert index not in finished
            spoken.add(index)
            if choice["finish_reason"] is not None:
                finished.add(index)
    assert [chunk["usage"] is not None for chunk in chunks[:-1] if "error" not in chunk].count(True) == 0
    if usages(events):
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["total_tokens"] > 0
    assert (payloads[-1] == b"[DONE]") is isinstance(events[-1], Ended)


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_that_is_handed_on_tells_the_same_as_its_neutral_events(path: Path) -> None:
    body = path.read_bytes()
    events = decode(body)
    relay = PassThrough(strip_usage=False)
    assert relay.feed(body) is body
    assert relay.flush() == b""
    assert relay.is_complete == isinstance(events[-1], Ended)
    assert relay.usage == (usages(events)[-1].usage if usages(events) else None)
    assert (relay.error is not None) == isinstance(events[-1], StreamFault)
    assert relay.has_content
    assert relay.is_between_events


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stripped_stream_has_no_usage_and_lacks_nothing_else(path: Path) -> None:
    body = path.read_bytes()
    relay = PassThrough(strip_usage=True)
    stripped = relay.feed(body) + relay.flush()
    kept = [event for event in decode(body) if not isinstance(event, UsageReported)]
    if path.stem == "groq_no_space":  # Groq tells usage in its own member whether it was asked or not
        assert stripped == body
    else:
        assert usages(decode(stripped)) == []
        assert decode(stripped) == kept


def decode(body: bytes) -> list[Any]:
    decoder = ChunkDecoder()
    return [*decoder.feed(body), *decoder.flush()]


def encode(events: list[Any]) -> bytes:
    encoder = ChunkEncoder(include_usage=True)
    return b"".join(encoder.feed(event) for event in events) + encoder.flush()


def usages(events: list[Any]) -> list[UsageReported]:
    return [event for event in events if isinstance(event, UsageReported)]


def texts(events: list[Any]) -> list[tuple[type, Any]]:
    return [(type(event), event.text) for event in events if hasattr(event, "text")]


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events if not isinstance(event, ToolCallDelta | OpaqueDelta)]
