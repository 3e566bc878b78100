"""Failures of providers as errors for callers: statuses, and what is kept of the reason."""

from __future__ import annotations

import pytest

from stellwerk.core.wire import Failure, FailureKind
from stellwerk.errors import UpstreamError, UpstreamRateLimited
from stellwerk.gateway.refusal import error_of
from stellwerk.gateway.reply import status_of


@pytest.mark.parametrize(
    ("kind", "upstream_status", "status", "code"),
    [
        (FailureKind.REFUSED, 400, 400, "upstream_refused"),
        (FailureKind.REFUSED, 404, 404, "upstream_refused"),
        (FailureKind.REFUSED, 413, 413, "upstream_refused"),
        (FailureKind.REFUSED, 422, 422, "upstream_refused"),
        (FailureKind.CREDENTIALS, 401, 502, "upstream_credentials"),
        (FailureKind.CREDENTIALS, 403, 502, "upstream_credentials"),
        (FailureKind.RATE_LIMITED, 429, 429, "upstream_rate_limited"),
        (FailureKind.UNAVAILABLE, 503, 502, "upstream_unavailable"),
        (FailureKind.INVALID, 200, 502, "upstream_invalid"),
        (FailureKind.TIMEOUT, 408, 504, "upstream_timeout"),
    ],
)
def test_each_kind_has_its_status(kind: FailureKind, upstream_status: int, status: int, code: str) -> None:
    failure = Failure(kind, "Because.", upstream_status, param="messages")
    error = error_of(failure)
    assert isinstance(error, UpstreamError)
    assert (status_of(error), error.code) == (status, code)
    assert error.retryable is failure.is_retryable
    if kind is FailureKind.CREDENTIALS:
        assert "Because." not in error.message
    else:
        assert error.message == "Because."
    assert error.param == ("messages" if kind is FailureKind.REFUSED else None)


def test_a_rate_limit_keeps_its_time() -> None:
    error = error_of(Failure(FailureKind.RATE_LIMITED, "Later.", 429, retry_after_s=7.5))
    assert isinstance(error, UpstreamRateLimited)
    assert error.retry_after_s == 7.5


def test_every_kind_of_failure_has_an_error() -> None:
    assert all(error_of(Failure(kind, "x", 400)).message for kind in FailureKind)
