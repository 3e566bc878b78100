"""Errors are told as AWS tells them."""

import msgspec
import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]

from stellwerk.simulator.bedrock.errors import error_body, error_event, error_fields, kind_of
from stellwerk.simulator.refusal import Refusal


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, "ValidationException"),
        (403, "invalid_api_key", "AccessDeniedException"),
        (404, None, "ResourceNotFoundException"),
        (408, None, "ModelTimeoutException"),
        (418, None, "ValidationException"),
        (424, None, "ModelErrorException"),
        (429, "rate_limit_exceeded", "ThrottlingException"),
        (500, None, "InternalServerException"),
        (503, None, "ServiceUnavailableException"),
        (529, None, "InternalServerException"),
        (429, "modelNotReadyException", "ModelNotReadyException"),
    ],
)
def test_errors_have_kinds(status: int, code: str | None, kind: str) -> None:
    refusal = Refusal(status, "why", code=code)
    assert kind_of(refusal) == kind
    assert error_fields(refusal).startswith(b"x-amzn-errortype: %b:http://" % kind.encode())
    assert msgspec.json.decode(error_body(refusal)) == {"message": "why"}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (None, "internalServerException"),
        ("throttlingException", "throttlingException"),
        ("ModelStreamErrorException", "modelStreamErrorException"),
        ("AccessDeniedException", "internalServerException"),
    ],
)
def test_streams_end_with_exceptions_that_they_know(code: str | None, kind: str) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(error_event(Refusal(500, "why", code=code)))
    (message,) = buffer
    assert message.headers[":exception-type"] == kind
    content = msgspec.json.decode(message.payload)
    assert content["message"] == "why"
    assert ("originalStatusCode" in content) == (kind == "modelStreamErrorException")
