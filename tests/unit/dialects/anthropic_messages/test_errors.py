"""Errors: ours in the dialect's words, and hosts' refusals as values that show no key."""

from __future__ import annotations

import json

import pytest
from anthropic.types.shared import ErrorResponse

from stellwerk.core.wire import FailureKind
from stellwerk.dialects import sse
from stellwerk.dialects.anthropic_messages.errors import encode_error, encode_stream_error, read_failure
from stellwerk.errors import (
    AuthenticationFailed,
    HeadersTooLarge,
    InvalidRequest,
    MethodNotAllowed,
    ModelNotFound,
    Overloaded,
    PayloadTooLarge,
    PermissionDenied,
    StellwerkError,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
)

NOW = 1_763_900_000.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidRequest("m", param="model"), "invalid_request_error"),
        (AuthenticationFailed("m"), "authentication_error"),
        (PermissionDenied("m"), "permission_error"),
        (ModelNotFound("m"), "not_found_error"),
        (MethodNotAllowed("m"), "invalid_request_error"),
        (PayloadTooLarge("m"), "request_too_large"),
        (HeadersTooLarge("m"), "invalid_request_error"),
        (UpstreamRefused("m", upstream_status=402), "billing_error"),
        (UpstreamRefused("m", upstream_status=422), "invalid_request_error"),
        (UpstreamRateLimited("m"), "rate_limit_error"),
        (UpstreamInvalid("m"), "api_error"),
        (UpstreamTimeout("m"), "timeout_error"),
        (Overloaded("m"), "overloaded_error"),
        (StellwerkError("m"), "api_error"),
    ],
)
def test_edge_11_an_error_has_a_type_of_the_closed_list(error: StellwerkError, kind: str) -> None:
    body = encode_error(error)
    assert json.loads(body) == {"type": "error", "error": {"type": kind, "message": "m"}}
    if kind != "request_too_large":  # which the interface says and the SDK does not type
        ErrorResponse.model_validate_json(body)


@pytest.mark.parametrize("half", [b"", b'data: {"id":"x","cho', b"data: {}\n"])
def test_an_error_in_a_stream_is_an_event_of_its_own(half: bytes) -> None:
    event = encode_stream_error(UpstreamTimeout("late\nline"), close_half_event=bool(half))
    last = sse.Decoder().feed(half + event)[-1]
    assert last.event == "error"
    assert json.loads(last.data)["error"]["message"] == "late\nline"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.REFUSED),
        (401, FailureKind.CREDENTIALS),
        (403, FailureKind.CREDENTIALS),
        (404, FailureKind.REFUSED),
        (408, FailureKind.TIMEOUT),
        (413, FailureKind.REFUSED),
        (429, FailureKind.RATE_LIMITED),
        (402, FailureKind.UNAVAILABLE),
        (500, FailureKind.UNAVAILABLE),
        (529, FailureKind.UNAVAILABLE),
    ],
)
def test_the_status_says_which_kind_of_failure_it_is(status: int, kind: FailureKind) -> None:
    failure = read_failure(status, {b"retry-after": b"7"}, b"", now=NOW)
    assert (failure.kind, failure.status, failure.retry_after_s) == (kind, status, 7)
    assert failure.message == f"The provider answered with status {status}."


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (
            b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}',
            "Overloaded",
            "overloaded_error",
        ),
        (b'{"error":{"message":"invalid x-api-key sk-ant-abcdefgh"}}', "invalid x-api-key [redacted]", None),
        (b'{"error":{"message":"m","code":7}}', "m", "7"),
        (b'{"error":"model is loading"}', "model is loading", None),
        (b'{"detail":"Not Found"}', "Not Found", None),
        (b'{"detail":[{"msg":"field required","type":"missing"}]}', "field required", "missing"),
        (b'[{"error":{"message":"m","status":"BAD"}}]', "m", "BAD"),
        (b'{"unexpected":true}', '{"unexpected":true}', None),
        (b'{"error":{"message":"m","type":"bad\\ncode"}}', "m", None),
        (b"[]", "[]", None),
        (b"<h1>502</h1>", "502", None),
        (b"[" * 100_000, "[" * 499 + "…", None),
    ],
)
def test_a_refusal_is_read_in_whatever_shape_it_comes(body: bytes, message: str, code: str | None) -> None:
    failure = read_failure(400, {}, body, now=NOW)
    assert (failure.message, failure.code) == (message, code)
