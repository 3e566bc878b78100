"""Errors: ours in Google's words, and Google's refusals as values that show no key."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from google import genai
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.wire import FailureKind
from stellwerk.dialects.gemini.errors import encode_error, encode_stream_error, read_failure
from stellwerk.errors import (
    AuthenticationFailed,
    HeadersTooLarge,
    InvalidRequest,
    ModelNotFound,
    Overloaded,
    StellwerkError,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
)

NOW = 1_763_900_000.0
RPC = "type.googleapis.com/google.rpc."


@pytest.mark.parametrize(
    ("error", "code", "status", "reason"),
    [
        (InvalidRequest("m"), 400, "INVALID_ARGUMENT", "INVALID_REQUEST"),
        (AuthenticationFailed("m"), 401, "UNAUTHENTICATED", "INVALID_API_KEY"),
        (ModelNotFound("m"), 404, "NOT_FOUND", "MODEL_NOT_FOUND"),
        (HeadersTooLarge("m"), 431, "INVALID_ARGUMENT", "HEADERS_TOO_LARGE"),
        (UpstreamRefused("m", upstream_status=418), 418, "INVALID_ARGUMENT", "UPSTREAM_REFUSED"),
        (UpstreamRefused("m", upstream_status=404, code="NOT_FOUND"), 404, "NOT_FOUND", "NOT_FOUND"),
        (UpstreamInvalid("m"), 502, "UNAVAILABLE", "UPSTREAM_INVALID"),
        (UpstreamTimeout("m"), 504, "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT"),
        (Overloaded("m"), 503, "UNAVAILABLE", "OVERLOADED"),
        (StellwerkError("m"), 500, "INTERNAL", "INTERNAL_ERROR"),
    ],
)
def test_edge_11_an_error_has_googles_shape_and_status_word(
    error: StellwerkError, code: int, status: str, reason: str
) -> None:
    detail = {"@type": RPC + "ErrorInfo", "reason": reason, "domain": "stellwerk"}
    told = {"code": code, "message": "m", "status": status, "details": [detail]}
    assert json.loads(encode_error(error)) == {"error": told}


def test_what_is_to_blame_and_how_long_to_wait_are_details() -> None:
    details = json.loads(encode_error(InvalidRequest("Bad", param="contents[0]")))["error"]["details"]
    assert details[1] == {
        "@type": RPC + "BadRequest",
        "fieldViolations": [{"field": "contents[0]", "description": "Bad"}],
    }
    for delay_s, told in ((7.0, "7s"), (0.25, "0.25s"), (120.0, "120s"), (0.0, "0s")):
        details = json.loads(encode_error(UpstreamRateLimited("Slow", retry_after_s=delay_s)))["error"]["details"]
        assert details[1] == {"@type": RPC + "RetryInfo", "retryDelay": told}


def test_googles_client_reads_our_errors() -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(429, content=encode_error(UpstreamRateLimited("Slow down", retry_after_s=5)))

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    options = genai.types.HttpOptions(base_url="http://gateway", httpx_client=client)
    with pytest.raises(genai.errors.ClientError) as caught:
        genai.Client(api_key="key", http_options=options).models.generate_content(model="m", contents="x")
    assert (caught.value.code, caught.value.status, caught.value.message) == (429, "RESOURCE_EXHAUSTED", "Slow down")


def test_an_error_in_a_stream_closes_what_is_open() -> None:
    error = UpstreamTimeout("late")
    assert encode_stream_error(error, close_half_event=False) == b"data: " + encode_error(error) + b"\n\n"
    assert encode_stream_error(error, close_half_event=True).startswith(b"\n\ndata: ")
    assert (
        json.loads(b"[{}" + encode_stream_error(error, close_half_event=False, is_sse=False))[1]["error"]["code"] == 504
    )


QUOTA = {
    "error": {
        "code": 429,
        "message": "You exceeded your current quota.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {"@type": RPC + "QuotaFailure", "violations": [{"quotaMetric": "x"}]},
            {"@type": RPC + "Help", "links": []},
            {"@type": RPC + "RetryInfo", "retryDelay": "47.5s"},
        ],
    }
}


def test_complaint_32_how_long_to_wait_is_read_from_the_body() -> None:
    for body in (QUOTA, [QUOTA]):
        failure = read_failure(429, {b"retry-after": b"3"}, json.dumps(body).encode(), now=NOW)
        assert failure.kind is FailureKind.RATE_LIMITED
        assert (failure.retry_after_s, failure.code) == (47.5, "RESOURCE_EXHAUSTED")
        assert failure.message == "You exceeded your current quota."


@pytest.mark.parametrize("delay", ["soon", "-1s", "1e9s", 5, None, "9999999999s"])
def test_a_delay_that_is_none_leaves_the_header(delay: Any) -> None:
    body = json.dumps({"error": {"details": [{"retryDelay": delay}, 5]}}).encode()
    assert read_failure(429, {b"retry-after": b"3"}, body, now=NOW).retry_after_s == 3
    assert read_failure(429, {}, body, now=NOW).retry_after_s is None


def test_a_wrong_key_is_told_from_a_wrong_request_and_not_shown() -> None:
    key = "AIzaSyA1234567890abcdefghijk"
    invalid = {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [{"@type": RPC + "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}],
        }
    }
    for body in (invalid, {"error": {"message": "API key not valid"}}):
        assert read_failure(400, {}, json.dumps(body).encode(), now=NOW).kind is FailureKind.CREDENTIALS
    assert read_failure(400, {}, b'{"error":{"message":"Bad"}}', now=NOW).kind is FailureKind.REFUSED
    echoed = {"error": {"message": f"Requests to ?key={key} are blocked", "status": key}}
    failure = read_failure(403, {}, json.dumps(echoed).encode(), now=NOW)
    assert key not in f"{failure.message} {failure.code}"


@pytest.mark.parametrize(
    ("body", "message", "code", "param"),
    [
        (b'{"error":{"message":"Bad","status":"INVALID_ARGUMENT"}}', "Bad", "INVALID_ARGUMENT", None),
        (b'{"error":{"message":"Bad","code":404}}', "Bad", "404", None),
        (
            b'{"error":{"message":"Bad","details":[{"fieldViolations":[{"field":"contents"}]}]}}',
            "Bad",
            None,
            "contents",
        ),
        (b'{"error":{"message":"Bad","details":[{"fieldViolations":[5]},{"fieldViolations":[]}]}}', "Bad", None, None),
        (b'{"error":{"message":"Bad","details":5}}', "Bad", None, None),
        (b'{"error":"Bad"}', "Bad", None, None),
        (b'{"message":"Bad","code":"x\\ny"}', "Bad", None, None),
        (b'{"error":{"message":5}}', '{"error":{"message":5}}', None, None),
        (b"[]", "[]", None, None),
        (b"<title>502</title>Bad Gateway", "502 Bad Gateway", None, None),
        (b"\xff", "\ufffd", None, None),
        (b"", "The provider answered with status 500.", None, None),
    ],
)
def test_a_refusal_is_read_in_whatever_shape_it_comes(
    body: bytes, message: str, code: str | None, param: str | None
) -> None:
    failure = read_failure(500, {}, body, now=NOW)
    assert (failure.message, failure.code, failure.param) == (message, code, param)
    assert failure.kind is FailureKind.UNAVAILABLE


@given(st.binary(max_size=300))
def test_any_bytes_are_a_refusal(body: bytes) -> None:
    assert read_failure(400, {}, body, now=NOW).message.isprintable()
