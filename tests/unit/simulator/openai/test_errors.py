"""Errors and the header fields of limits."""

import msgspec
import pytest

from stellwerk.simulator.openai.errors import error_body, limit_fields
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal


def test_only_the_limits_that_there_are_are_shown() -> None:
    assert limit_fields(None, None) == b""
    fields = limit_fields(Standing(60, 59, 1.0, 0.0), None)
    assert fields == (
        b"x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 59\r\nx-ratelimit-reset-requests: 1s\r\n"
    )


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, "invalid_request_error"),
        (401, "invalid_api_key", "invalid_request_error"),
        (403, None, "permission_error"),
        (429, "rate_limit_exceeded", "requests"),
        (429, "insufficient_quota", "insufficient_quota"),
        (503, None, "server_error"),
    ],
)
def test_errors_have_openais_types(status: int, code: str | None, kind: str) -> None:
    error = msgspec.json.decode(error_body(Refusal(status, "why", code=code, param="p")))["error"]
    assert error == {"message": "why", "type": kind, "param": "p", "code": code}
