"""Errors and limits in Anthropic's shape."""

import msgspec
import pytest

from stellwerk.simulator.anthropic.errors import error_body, error_event, limit_fields
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_each_status_has_its_type(status: int, kind: str) -> None:
    assert msgspec.json.decode(error_body(Refusal(status, "m")))["error"] == {"type": kind, "message": "m"}


def test_a_body_repeats_the_id_of_the_request() -> None:
    refusal = Refusal(400, "m")
    assert msgspec.json.decode(error_body(refusal))["request_id"] is None
    refusal.request_id = "1"
    assert msgspec.json.decode(error_body(refusal))["request_id"] == "req_1"


def test_an_event_may_name_its_type() -> None:
    event = error_event(Refusal(500, "m", code="overloaded_error"))
    assert event == b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n'


def test_too_long_prompts_are_told_in_anthropics_words() -> None:
    facts = {"prompt_tokens": 300, "cap": 0, "context_tokens": 200}
    assert b"prompt is too long: 300 tokens > 200 maximum" in error_body(Refusal(400, "m", facts=facts))
    facts = {"prompt_tokens": 150, "cap": 100, "context_tokens": 200}
    assert b"exceed context limit: 150 + 100 > 200" in error_body(Refusal(400, "m", facts=facts))
    assert b'"model: x"' in error_body(Refusal(404, "m", facts={"model": "x"}))


def test_limits_tell_when_they_are_full_again_as_a_time() -> None:
    fields = limit_fields(Standing(60, 59, 1.0, 0.0), Standing(1_000, 900, 0.5, 0.0), lambda: 0.0)
    assert b"anthropic-ratelimit-requests-limit: 60\r\n" in fields
    assert b"anthropic-ratelimit-tokens-remaining: 900\r\n" in fields
    assert fields.count(b"-reset: 1970-01-01T00:00:01Z\r\n") == 2
    assert limit_fields(None, None, lambda: 0.0) == b""
