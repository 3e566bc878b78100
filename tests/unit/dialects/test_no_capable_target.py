"""Every dialect tells that no target is able as its provider tells of a model that is not there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.able import refusal
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.errors import NoCapableTarget
from stellwerk.gateway.paths import Paths

ERROR = refusal("smart", {"openai/gpt-3.5-turbo": "no vision"})
MESSAGE = "No target of the model 'smart' can serve this request (openai/gpt-3.5-turbo: no vision)."
OPENAI = {"error": {"message": MESSAGE, "type": "invalid_request_error", "param": "model", "code": "no_capable_target"}}
GOOGLE = {
    "error": {
        "code": 404,
        "message": MESSAGE,
        "status": "NOT_FOUND",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "NO_CAPABLE_TARGET", "domain": "stellwerk"},
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "model", "description": MESSAGE}],
            },
        ],
    }
}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (b"/v1/chat/completions", OPENAI, b""),
        (b"/v1/completions", OPENAI, b""),
        (b"/v1/responses", OPENAI, b""),
        (b"/v1/messages", {"type": "error", "error": {"type": "not_found_error", "message": MESSAGE}}, b""),
        (b"/v1beta/models/smart:generateContent", GOOGLE, b""),
        (b"/model/smart/converse", {"message": MESSAGE}, b"x-amzn-errortype: ResourceNotFoundException\r\n"),
    ],
)
def test_a_caller_hears_in_its_dialect_that_nobody_is_able(path: bytes, body: dict[str, Any], field: bytes) -> None:
    dialect = Paths(LimitsSpec()).find(path)
    assert dialect is not None
    assert isinstance(ERROR, NoCapableTarget)
    assert json.loads(dialect.error(ERROR)) == body
    assert dialect.error_fields(ERROR) == field
