"""Real-shaped requests, replies and streams of the Converse dialect, through the neutral form and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EventStreamError  # type: ignore[import-untyped]

from stellwerk.core.stream import Ended, Finished, OpaqueDelta, Started, StreamFault, ToolCallDelta, UsageReported
from stellwerk.dialects.bedrock_converse import request, response
from stellwerk.dialects.bedrock_converse.stream import FrameDecoder, FrameEncoder, PassThrough
from tests.golden.bedrock_converse.judge import (
    MODEL,
    assert_well_formed,
    body_of,
    faults,
    framed,
    frames,
    params_of,
    parsed_reply,
    parsed_stream,
)
from tests.golden.cuts import CUTS, Cuts

HERE = Path(__file__).parent / "bedrock_converse"
REQUESTS = sorted((HERE / "requests").glob("*.json"))
REPLIES = sorted((HERE / "replies").glob("*.json"))
STREAMS = sorted((HERE / "streams").glob("*.jsonl"))
BROKEN = ("throttled_after_content", "refused_at_once", "model_error")


def name(path: Path) -> str:
    return path.stem


def without(paths: list[Path], *names: str) -> list[Path]:
    return [path for path in paths if path.stem not in names]


def read(path: Path) -> Any:
    return request.decode(path.read_bytes(), model=MODEL, is_stream=False)


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_a_request_comes_back_from_the_neutral_form_with_nothing_lost(path: Path) -> None:
    decoded = read(path)
    assert json.loads(request.encode(decoded)) == json.loads(path.read_bytes())
    assert request.decode(request.encode(decoded), model=MODEL, is_stream=False) == decoded


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_the_thin_and_the_whole_reading_of_a_request_agree(path: Path) -> None:
    body = path.read_bytes()
    envelope = request.read_envelope(body, model=MODEL, is_stream=True, max_depth=256)
    whole = request.decode(body, model=MODEL, is_stream=True)
    assert (envelope.model, envelope.is_stream) == (whole.model, whole.is_stream) == (MODEL, True)
    assert envelope.output_cap == whole.output_cap
    assert request.rewrite(envelope, "another") is body


@pytest.mark.parametrize("path", without(REQUESTS, "unknown_everywhere"), ids=name)
def test_what_is_encoded_as_a_request_fits_the_services_model(path: Path) -> None:
    assert faults(request.encode(read(path))) == []


@pytest.mark.parametrize("path", without(REQUESTS, "unknown_everywhere"), ids=name)
def test_a_request_is_read_alike_as_boto3_sends_it(path: Path) -> None:
    sent = body_of(params_of(path.read_bytes()))
    assert json.loads(request.encode(request.decode(sent, model=MODEL, is_stream=False))) == json.loads(
        path.read_bytes()
    )


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_a_reply_comes_back_from_the_neutral_form_with_nothing_lost(path: Path) -> None:
    decoded = response.decode(path.read_bytes(), model="m", identity="i")
    assert (decoded.model, decoded.id) == ("m", "i")
    assert json.loads(response.encode(decoded)) == json.loads(path.read_bytes())
    assert response.decode(response.encode(decoded), model="m", identity="i") == decoded


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_the_thin_and_the_whole_reading_of_a_reply_agree(path: Path) -> None:
    facts, whole = response.read_usage(path.read_bytes()), response.decode(path.read_bytes())
    assert facts.usage == whole.usage
    assert facts.finish == json.loads(path.read_bytes())["stopReason"]


@pytest.mark.parametrize("path", REPLIES, ids=name)
def test_boto3_reads_an_encoded_reply_as_it_reads_the_original(path: Path) -> None:
    encoded = response.encode(response.decode(path.read_bytes()))
    assert parsed_reply(encoded) == parsed_reply(path.read_bytes())


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_becomes_well_formed_neutral_events(path: Path) -> None:
    events = decode([framed(path)])
    assert isinstance(events[-1], Ended | StreamFault)
    assert sum(isinstance(event, Started) for event in events) == (path.stem != "refused_at_once")
    assert isinstance(events[0], Started) == (path.stem != "refused_at_once")
    assert sum(isinstance(event, Finished) for event in events) == (path.stem not in BROKEN)


@CUTS
@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_wherever_it_is_cut_a_stream_gives_the_same_events_and_the_same_bytes(path: Path, cuts: Cuts) -> None:
    stream = framed(path)
    whole = decode([stream])
    assert decode([bytes((byte,)) for byte in stream]) == whole
    for at in cuts(stream, frames(path)):
        assert decode([stream[:at], stream[at:]]) == whole
        relay = PassThrough()
        assert relay.feed(stream[:at]) + relay.feed(stream[at:]) + relay.flush() == stream


@pytest.mark.parametrize("path", without(STREAMS, "server_tool"), ids=name)
def test_an_encoded_stream_decodes_to_the_same_neutral_events(path: Path) -> None:
    events = decode([framed(path)])
    again = decode([encode(events)])
    assert kinds(again) == kinds(events)
    assert texts(again) == texts(events)
    assert [event for event in again if isinstance(event, UsageReported)] == [
        event for event in events if isinstance(event, UsageReported)
    ]


@pytest.mark.parametrize("path", without(STREAMS, *BROKEN), ids=name)
def test_boto3_reads_an_encoded_stream_in_the_order_that_the_service_keeps(path: Path) -> None:
    events = list(parsed_stream(encode(decode([framed(path)]))))
    assert_well_formed(events)
    assert events[-1] == list(parsed_stream(framed(path)))[-1]


@pytest.mark.parametrize("path", [path for path in STREAMS if path.stem in BROKEN], ids=name)
def test_boto3_raises_the_same_error_for_an_encoded_stream_that_breaks_off(path: Path) -> None:
    told = []
    for stream in (framed(path), encode(decode([framed(path)]))):
        with pytest.raises(EventStreamError) as raised:
            list(parsed_stream(stream))
        told.append(raised.value.response["Error"])
    assert told[0] == told[1]


@pytest.mark.parametrize("path", STREAMS, ids=name)
def test_a_stream_that_is_handed_on_tells_the_same_as_its_neutral_events(path: Path) -> None:
    stream = framed(path)
    events = decode([stream])
    relay = PassThrough()
    assert b"".join([relay.feed(stream), relay.flush()]) == stream
    usages = [event.usage for event in events if isinstance(event, UsageReported)]
    faults_ = [event for event in events if isinstance(event, StreamFault)]
    assert relay.usage == (usages[-1] if usages else None)
    assert (relay.error, relay.error_code) == ((faults_[0].message, faults_[0].code) if faults_ else (None, None))
    assert relay.has_content == (path.stem != "refused_at_once")
    assert relay.is_complete
    assert relay.is_between_events


def decode(pieces: list[bytes]) -> list[Any]:
    decoder = FrameDecoder(model="m")
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()


def encode(events: list[Any]) -> bytes:
    encoder = FrameEncoder()
    return b"".join(encoder.feed(event) for event in events) + encoder.flush()


def texts(events: list[Any]) -> list[tuple[type, Any]]:
    return [(type(event), event.text) for event in events if hasattr(event, "text")]


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events if not isinstance(event, ToolCallDelta | OpaqueDelta)]
