"""Errors: ours as boto3 makes exceptions of them, and Bedrock's refusals as values that show no key."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import EventStreamError  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.wire import FailureKind
from stellwerk.dialects.bedrock_converse.errors import encode_error, encode_stream_error, error_type, read_failure
from stellwerk.errors import (
    AuthenticationFailed,
    InvalidRequest,
    MethodNotAllowed,
    ModelNotFound,
    Overloaded,
    PayloadTooLarge,
    PermissionDenied,
    RequestTimeout,
    StellwerkError,
    StoreUnavailable,
    UpstreamCredentials,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from tests.golden.bedrock_converse.judge import parsed_error, parsed_stream

NOW = 1_763_900_000.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidRequest("m"), "ValidationException"),
        (PayloadTooLarge("m"), "ValidationException"),
        (MethodNotAllowed("m"), "ValidationException"),
        (RequestTimeout("m"), "ModelTimeoutException"),
        (AuthenticationFailed("m"), "UnrecognizedClientException"),
        (PermissionDenied("m"), "AccessDeniedException"),
        (ModelNotFound("m"), "ResourceNotFoundException"),
        (UpstreamRefused("m", upstream_status=400), "ValidationException"),
        (UpstreamRefused("m", upstream_status=404, code="not_found"), "ResourceNotFoundException"),
        (UpstreamRefused("m", upstream_status=400, code="ModelErrorException"), "ModelErrorException"),
        (UpstreamRateLimited("m"), "ThrottlingException"),
        (UpstreamUnavailable("m"), "ServiceUnavailableException"),
        (UpstreamInvalid("m"), "ModelErrorException"),
        (UpstreamCredentials("m"), "ServiceUnavailableException"),
        (UpstreamTimeout("m"), "ModelTimeoutException"),
        (Overloaded("m"), "ServiceUnavailableException"),
        (StoreUnavailable("m"), "ServiceUnavailableException"),
        (StellwerkError("m"), "InternalServerException"),
    ],
)
def test_edge_11_an_error_is_one_of_the_services_exceptions(error: StellwerkError, kind: str) -> None:
    assert error_type(error) == kind
    assert parsed_error(error.status, error_type(error), encode_error(error)) == {"Code": kind, "Message": "m"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UpstreamRateLimited("m"), "throttlingException"),
        (UpstreamTimeout("m"), "modelStreamErrorException"),
        (UpstreamInvalid("m"), "modelStreamErrorException"),
        (UpstreamUnavailable("m"), "serviceUnavailableException"),
        (StellwerkError("m"), "internalServerException"),
    ],
)
def test_an_error_in_a_stream_is_one_of_those_that_a_stream_may_end_in(error: StellwerkError, code: str) -> None:
    with pytest.raises(EventStreamError) as raised:
        list(parsed_stream(encode_stream_error(error, close_half_event=True)))
    assert raised.value.response["Error"] == {"Code": code, "Message": "m"}


@pytest.mark.parametrize(
    ("status", "header", "body", "kind", "code", "message"),
    [
        (
            400,
            b"ValidationException",
            b'{"message":"Bad model."}',
            FailureKind.REFUSED,
            "ValidationException",
            "Bad model.",
        ),
        (
            400,
            b"ValidationException:http://internal.amazon.com/coral/x/",
            b'{"message":"m"}',
            FailureKind.REFUSED,
            "ValidationException",
            "m",
        ),
        (
            400,
            b"ServiceQuotaExceededException",
            b'{"message":"m"}',
            FailureKind.RATE_LIMITED,
            "ServiceQuotaExceededException",
            "m",
        ),
        (400, b"ExpiredTokenException", b'{"message":"m"}', FailureKind.CREDENTIALS, "ExpiredTokenException", "m"),
        (
            403,
            b"",
            b'{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"m"}',
            FailureKind.CREDENTIALS,
            "AccessDeniedException",
            "m",
        ),
        (404, b"ResourceNotFoundException", b"{}", FailureKind.REFUSED, "ResourceNotFoundException", "{}"),
        (
            408,
            b"ModelTimeoutException",
            b"",
            FailureKind.TIMEOUT,
            "ModelTimeoutException",
            "The provider answered with status 408.",
        ),
        (424, b"ModelErrorException", b'{"message":"m"}', FailureKind.UNAVAILABLE, "ModelErrorException", "m"),
        (429, b"ThrottlingException", b'{"message":"m"}', FailureKind.RATE_LIMITED, "ThrottlingException", "m"),
        (429, b"ModelNotReadyException", b'{"message":"m"}', FailureKind.UNAVAILABLE, "ModelNotReadyException", "m"),
        (500, b"InternalServerException", b'{"message":"m"}', FailureKind.UNAVAILABLE, "InternalServerException", "m"),
        (
            503,
            b"",
            b'{"message":" ","code":"Weird One"}',
            FailureKind.UNAVAILABLE,
            None,
            '{"message":" ","code":"Weird One"}',
        ),
        (502, b"", b"<html><title>Bad Gateway</title></html>", FailureKind.UNAVAILABLE, None, "Bad Gateway"),
        (401, b"", b'["x"]', FailureKind.CREDENTIALS, None, '["x"]'),
        (418, b"", b"[" * 3000, FailureKind.UNAVAILABLE, None, None),
    ],
)
def test_a_refusal_goes_by_its_exception_and_then_by_its_status(
    status: int, header: bytes, body: bytes, kind: FailureKind, code: str | None, message: str | None
) -> None:
    failure = read_failure(status, {b"x-amzn-errortype": header} if header else {}, body, now=NOW)
    assert (failure.kind, failure.status, failure.code) == (kind, status, code)
    assert message is None or failure.message == message


def test_the_time_to_wait_and_errors_in_other_manners_are_read() -> None:
    failure = read_failure(429, {b"retry-after": b"7"}, b'{"error":{"message":"Because.","code":"Slow"}}', now=NOW)
    assert (failure.retry_after_s, failure.message, failure.code) == (7, "Because.", "Slow")


@given(st.integers(300, 599), st.binary(max_size=60), st.binary(max_size=200))
def test_whatever_is_said_is_a_failure_in_few_printable_words(status: int, header: bytes, body: bytes) -> None:
    failure = read_failure(status, {b"x-amzn-errortype": header}, body, now=NOW)
    assert failure.message
    assert failure.message.isprintable()
    assert failure.code is None or failure.code.isalnum()


def test_a_message_shows_no_key() -> None:
    failure = read_failure(403, {}, json.dumps({"message": "key AKIAIOSFODNN7EXAMPLE is not known"}).encode(), now=NOW)
    assert "AKIA" not in failure.message
