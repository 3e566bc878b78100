"""Real-shaped requests, replies and streams of Anthropic's Messages dialect, through the neutral form and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, MessageCountTokensParams, MessageTokensCount
from pydantic import TypeAdapter

from stellwerk.core.stream import Ended, Finished, Started, StreamEvent, StreamFault, UsageReported
from stellwerk.dialects.anthropic_messages import request, response
from stellwerk.dialects.anthropic_messages.stream import EventDecoder, EventEncoder, PassThrough
from tests.golden.anthropic_messages.oracle import accumulate, judge_order, judge_request
from tests.golden.cuts import CUTS, Cuts

HERE = Path(__file__).parent / "anthropic_messages"
REQUESTS = sorted((HERE / "requests").glob("*.json"))
REPLIES = sorted((HERE / "replies").glob("*.json"))
STREAMS = sorted((HERE / "streams").glob("*.sse"))
CREATED = [path for path in REQUESTS if path.stem != "count_tokens"]
# What is only in a beta of the interface, or in none at all, is not in its official types.
OFFICIAL_REQUESTS = [path for path in CREATED if path.stem != "beta_members"]
OFFICIAL_REPLIES = [path for path in REPLIES if path.stem != "unknown_stop"]
OFFICIAL_STREAMS = [path for path in STREAMS if path.stem not in {"unknown_events", "error_after_content"}]


def name(path: Path) -> str:
    return path.stem


def read(path: Path) -> Any:
    return request.decode(path.read_bytes(), is_count=path.stem == "count_tokens")


@pytest.mark.parametrize("path", CREATED, ids=name)
def test_a_request_comes_back_from_the_neutral_form_with_nothing_lost(path: Path) -> None:
    wire = path.read_bytes()
    decoded = read(path)
    assert json.loads(request.encode(decoded)) == json.loads(wire)
    assert request.decode(request.encode(decoded)) == decoded


def test_a_request_to_count_tokens_comes_back_with_nothing_lost() -> None:
    wire = (HERE / "requests" / "count_tokens.json").read_bytes()
    encoded = request.encode_count(request.decode(wire, is_count=True))
    assert json.loads(encoded) == json.loads(wire)
    TypeAdapter(MessageCountTokensParams).validate_json(encoded)


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_the_thin_and_the_whole_reading_of_a_request_agree(path: Path) -> None:
    envelope, whole = request.read_envelope(path.read_bytes(), max_depth=256), read(path)
    assert envelope.model == whole.model
    assert envelope.is_stream == whole.is_stream
    assert envelope.output_cap == whole.output_cap
    assert envelope.wants_usage
    assert whole.wants_usage


@pytest.mark.parametrize("path", OFFICIAL_REQUESTS, ids=name)
def test_what_is_encoded_as_a_request_fits_the_official_types(path: Path) -> None:
    encoded = json.loads(request.encode(read(path)))
    judge_request(encoded)


@pytest.mark.parametrize("path", CREATED, ids=name)
def test_what_is_encoded_to_count_tokens_fits_the_official_types(path: Path) -> None:
    encoded = json.loads(request.encode_count(read(path)))
    assert "max_tokens" not in encoded
    assert "stream" not in encoded
    if path in OFFICIAL_REQUESTS:
        TypeAdapter(MessageCountTokensParams).validate_python(encoded)


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
    assert facts.finish == json.loads(body)["stop_reason"]


@pytest.mark.parametrize("path", OFFICIAL_REPLIES, ids=name)
def test_what_is_encoded_as_a_reply_fits_the_official_types(path: Path) -> None:
    encoded = response.encode(response.decode(path.read_bytes()))
    message = Message.model_validate_json(encoded)
    assert message.model_dump(mode="json", exclude_unset=True) == json.loads(encoded)


def test_a_count_of_tokens_is_written_and_read() -> None:
    wire = response.encode_answered_count(2095)
    assert MessageTokensCount.model_validate_json(wire).input_tokens == 2095
    assert response.decode_count(wire) == 2095


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_becomes_well_formed_neutral_events(path: Path) -> None:
    events = decode(path.read_bytes())
    assert isinstance(events[0], Started)
    assert sum(isinstance(event, Started) for event in events) == 1
    assert isinstance(events[-1], Ended | StreamFault)
    assert sum(isinstance(event, Finished) for event in events) == isinstance(events[-1], Ended)


@CUTS
@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_gives_the_same_events_wherever_its_bytes_are_cut(path: Path, cuts: Cuts) -> None:
    body = path.read_bytes()
    whole = decode(body)
    for position in cuts(body):
        assert decode(body[:position], body[position:]) == whole
    assert decode(*(bytes([byte]) for byte in body)) == whole


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_decodes_to_the_same_neutral_events(path: Path) -> None:
    events = decode(path.read_bytes())
    assert decode(encode(events)) == events


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_opens_and_closes_its_blocks_in_order(path: Path) -> None:
    judge_order(encode(decode(path.read_bytes())))


@pytest.mark.parametrize("path", OFFICIAL_STREAMS, ids=name)
def test_the_official_sdk_reads_an_encoded_stream_as_it_reads_the_original(path: Path) -> None:
    body = path.read_bytes()
    original = accumulate(encode(decode(body)) if path.stem == "crlf_no_names" else body)
    assert accumulate(encode(decode(body))) == original


def test_the_official_sdk_raises_the_error_that_ends_a_stream() -> None:
    events = decode((HERE / "streams" / "error_after_content.sse").read_bytes())
    with pytest.raises(anthropic.APIStatusError) as raised:
        accumulate(encode(events))
    assert raised.value.body == {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_that_is_handed_on_tells_the_same_as_its_neutral_events(path: Path) -> None:
    body = path.read_bytes()
    events = decode(body)
    relay = PassThrough()
    assert relay.feed(body) is body
    assert relay.flush() == b""
    assert relay.is_complete == isinstance(events[-1], Ended)
    assert relay.usage == [event for event in events if isinstance(event, UsageReported)][-1].usage
    assert (relay.error is not None) == isinstance(events[-1], StreamFault)
    assert relay.has_content
    assert relay.is_between_events


def decode(*pieces: bytes) -> list[StreamEvent]:
    decoder = EventDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()


def encode(events: list[StreamEvent]) -> bytes:
    encoder = EventEncoder()
    return b"".join(encoder.feed(event) for event in events) + encoder.flush()
