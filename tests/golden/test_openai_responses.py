"""Real-shaped requests, replies and streams of the Responses dialect, through the neutral form and back."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from openai.types.responses import Response
from openai.types.responses.response_create_params import ResponseCreateParams
from pydantic import TypeAdapter

from stellwerk.core.stream import Ended, Finished, Started, StreamFault, TextDelta, UsageReported
from stellwerk.dialects import sse
from stellwerk.dialects.openai_responses import request, response
from stellwerk.dialects.openai_responses.stream import EventDecoder, EventEncoder, PassThrough
from tests.golden.cuts import CUTS, Cuts
from tests.golden.openai_responses.judge import EVENTS, check_items, final_response

HERE = Path(__file__).parent / "openai_responses"
REQUESTS = sorted((HERE / "requests").glob("*.json"))
REPLIES = sorted((HERE / "replies").glob("*.json"))
STREAMS = sorted((HERE / "streams").glob("*.sse"))
# The types of parameters have no audio, and want ids where the API takes items without.
UNOFFICIAL_REQUESTS = ("unknown_everywhere", "media", "reasoning_history")
UNOFFICIAL_REPLIES = ("signed_call",)
BROKEN = ("failed", "error_after_content")


def name(path: Path) -> str:
    return path.stem


def but(paths: list[Path], names: tuple[str, ...]) -> list[Path]:
    return [path for path in paths if path.stem not in names]


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
    assert envelope.choices == 1
    assert envelope.wants_usage
    assert envelope.previous_response_id == json.loads(body).get("previous_response_id")


@pytest.mark.parametrize("path", but(REQUESTS, UNOFFICIAL_REQUESTS), ids=name)
def test_what_is_encoded_as_a_request_fits_the_official_types(path: Path) -> None:
    encoded = request.encode(request.decode(path.read_bytes()))
    TypeAdapter(ResponseCreateParams).validate_json(encoded)


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
    assert facts.finish == (wire["incomplete_details"] or {}).get("reason", wire["status"])


@pytest.mark.parametrize("path", but(REPLIES, UNOFFICIAL_REPLIES), ids=name)
def test_what_is_encoded_as_a_reply_fits_the_official_types(path: Path) -> None:
    encoded = response.encode(response.decode(path.read_bytes()))
    completion = Response.model_validate_json(encoded)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # serializing unknown members may warn
        assert completion.model_dump(mode="json", exclude_unset=True) == json.loads(encoded)


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_becomes_well_formed_neutral_events(path: Path) -> None:
    events = decode(path.read_bytes())
    assert isinstance(events[0], Started)
    assert sum(isinstance(event, Started) for event in events) == 1
    assert isinstance(events[-1], StreamFault if path.stem in BROKEN else Ended)
    assert sum(isinstance(event, Finished) for event in events) == (path.stem not in BROKEN)
    assert all(event.text for event in events if isinstance(event, TextDelta))


@CUTS
@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_becomes_the_same_neutral_events_wherever_it_is_cut(path: Path, cuts: Cuts) -> None:
    body = path.read_bytes()
    whole = decode(body)
    for position in cuts(body):
        assert decode(body[:position], body[position:]) == whole
    assert decode(*(bytes([byte]) for byte in body)) == whole


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_decodes_to_the_same_neutral_events(path: Path) -> None:
    events = decode(path.read_bytes())
    again = decode(encode(events))
    kept = [event for event in events if not isinstance(event, StreamFault)]
    assert [event for event in again if not isinstance(event, StreamFault)] == kept
    assert isinstance(again[-1], type(events[-1]))


@pytest.mark.parametrize("path", but(STREAMS, BROKEN), ids=name)
def test_the_last_event_of_an_encoded_stream_holds_the_response_that_the_provider_closed_with(path: Path) -> None:
    body = path.read_bytes()
    given = [json.loads(event.data) for event in sse.Decoder().feed(body) if event.data != b"[DONE]"]
    told = payloads(encode(decode(body)))
    assert told[-1]["type"] == given[-1]["type"]
    assert told[-1]["response"] == given[-1]["response"]


@pytest.mark.parametrize("path", but(STREAMS, BROKEN), ids=name)
def test_an_encoded_stream_ends_with_what_the_whole_reply_would_be(path: Path) -> None:
    last = payloads(encode(decode(path.read_bytes())))[-1]["response"]
    assert json.loads(response.encode(response.decode(json.dumps(last).encode()))) == last


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_an_encoded_stream_is_well_formed_and_fits_the_official_types(path: Path) -> None:
    stream = encode(decode(path.read_bytes()))
    events = sse.Decoder().feed(stream)
    told = [json.loads(event.data) for event in events]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert [event.event for event in events] == [event["type"] for event in told]
    check_items(told)
    for event in told:
        assert EVENTS.validate_python(event).type == event["type"]


@pytest.mark.parametrize("path", but(STREAMS, BROKEN), ids=name)
def test_the_official_client_puts_an_encoded_stream_together(path: Path) -> None:
    stream = encode(decode(path.read_bytes()))
    final = final_response(stream)
    assert json.loads(final.to_json(exclude_unset=True))["output"] is not None
    assert final.output_text == "".join(
        part["text"]
        for item in payloads(stream)[-1]["response"]["output"]
        if item["type"] == "message"
        for part in item["content"]
        if part["type"] == "output_text"
    )


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_that_is_handed_on_tells_the_same_as_its_neutral_events(path: Path) -> None:
    body = path.read_bytes()
    events = decode(body)
    relay = PassThrough()
    assert relay.feed(body) is body
    assert relay.flush() == b""
    usages = [event.usage for event in events if isinstance(event, UsageReported)]
    assert relay.usage == (usages[-1] if usages else None)
    assert (relay.error is not None) == isinstance(events[-1], StreamFault)
    assert relay.is_complete == (path.stem != "error_after_content")
    assert relay.has_content
    assert relay.is_between_events


def decode(*pieces: bytes) -> list[Any]:
    decoder = EventDecoder()
    return [*(event for piece in pieces for event in decoder.feed(piece)), *decoder.flush()]


def encode(events: list[Any]) -> bytes:
    encoder = EventEncoder()
    return b"".join(encoder.feed(event) for event in events) + encoder.flush()


def payloads(stream: bytes) -> list[Any]:
    return [json.loads(event.data) for event in sse.Decoder().feed(stream)]
