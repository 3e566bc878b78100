"""Errors: bodies, events in streams, and what a response that failed says."""

from __future__ import annotations

import json

import pytest
from openai.types.responses import ResponseErrorEvent

from stellwerk.core.wire import FailureKind
from stellwerk.dialects import sse
from stellwerk.dialects.openai_responses.errors import (
    encode_error,
    encode_stream_error,
    read_failure,
    response_error,
)
from stellwerk.errors import InvalidRequest, UpstreamRefused, UpstreamTimeout


def test_a_body_is_that_of_all_of_openais_dialects() -> None:
    told = {"message": "m", "type": "invalid_request_error", "param": "model", "code": "invalid_request"}
    assert json.loads(encode_error(InvalidRequest("m", param="model"))) == {"error": told}


@pytest.mark.parametrize("half", [b"", b'data: {"type":"respo', b"event: x\n"])
def test_edge_11_an_error_in_a_stream_is_an_event_of_its_own(half: bytes) -> None:
    event = encode_stream_error(UpstreamTimeout("late\nline"), close_half_event=bool(half))
    last = sse.Decoder().feed(half + event)[-1]
    assert last.event == "error"
    told = ResponseErrorEvent.model_validate_json(last.data)
    assert (told.message, told.code, told.type) == ("late\nline", "upstream_timeout", "error")


def test_the_providers_own_code_is_handed_on() -> None:
    event = encode_stream_error(UpstreamRefused("m", upstream_status=400, code="odd"), close_half_event=False)
    assert json.loads(sse.Decoder().feed(event)[0].data)["code"] == "odd"


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("server_error", "server_error"),
        ("upstream_rate_limited", "rate_limit_exceeded"),
        ("odd", "server_error"),
        ("rate_limit_error", "rate_limit_exceeded"),
        ("rate_limit_exceeded", "rate_limit_exceeded"),
        (None, "server_error"),
    ],
)
def test_a_response_that_failed_uses_the_closed_list_of_codes(code: str | None, known: str) -> None:
    assert response_error("m", code) == {"code": known, "message": "m"}


def test_a_refusal_is_read_as_everywhere() -> None:
    failure = read_failure(429, {b"retry-after": b"2"}, b'{"error":{"message":"m","code":"c"}}', now=0.0)
    assert (failure.kind, failure.code, failure.retry_after_s) == (FailureKind.RATE_LIMITED, "c", 2.0)
