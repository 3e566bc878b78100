"""Errors have Google's shape."""

from typing import Any

import msgspec
import pytest

from stellwerk.simulator.gemini.errors import INVALID_KEY, duration, error_body
from stellwerk.simulator.gemini.proto import InvalidPayload
from stellwerk.simulator.refusal import Refusal


def _error(refusal: Refusal) -> dict[str, Any]:
    error: dict[str, Any] = msgspec.json.decode(error_body(refusal))["error"]
    return error


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "INVALID_ARGUMENT"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (405, "FAILED_PRECONDITION"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (503, "UNAVAILABLE"),
        (529, "UNKNOWN"),
    ],
)
def test_errors_have_code_message_and_status(status: int, name: str) -> None:
    error = _error(Refusal(status, "why"))
    assert (error["code"], error["message"], error["status"]) == (status, "why", name)


def test_a_limit_says_when_to_come_again() -> None:
    kinds = {
        detail["@type"].rpartition(".")[2]: detail for detail in _error(Refusal(429, "x", retry_after_s=1.5))["details"]
    }
    assert kinds["RetryInfo"]["retryDelay"] == "1.5s"
    assert kinds["QuotaFailure"]["violations"]
    assert [duration(seconds) for seconds in (0, 2, 0.25)] == ["0s", "2s", "0.25s"]


def test_a_wrong_key_and_a_wrong_payload_say_what_they_are() -> None:
    assert _error(Refusal(400, "x", code=INVALID_KEY))["details"][0]["reason"] == INVALID_KEY
    error = _error(InvalidPayload([("a.b", "one"), ("c", "two")]))
    assert error["message"] == "one\ntwo"
    assert error["details"][0]["fieldViolations"][1] == {"field": "c", "description": "two"}
