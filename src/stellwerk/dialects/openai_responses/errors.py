"""Errors in this dialect: bodies as all of OpenAI's, and events of its own in streams."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.dialects import sse
from stellwerk.dialects.openai_errors import code_of, encode_error, read_error, read_failure
from stellwerk.errors import StellwerkError

__all__ = ["encode_error", "encode_event", "encode_stream_error", "read_error", "read_failure", "response_error"]

_CODES = {
    "server_error",
    "rate_limit_exceeded",
    "invalid_prompt",
    "vector_store_timeout",
    "invalid_image",
    "image_content_policy_violation",
}


def encode_stream_error(error: StellwerkError, *, close_half_event: bool) -> bytes:
    """The event that ends a stream in an error; nothing follows it.

    Its number is not known where the stream was handed on, so it says 0. With ``close_half_event`` an empty line first
    closes the event that what was sent so far breaks off in.
    """
    event = encode_event(error.message, code_of(error), error.param, 0)
    return b"\n\n" + event if close_half_event else event


def encode_event(message: str, code: str | None, param: str | None, sequence_number: int) -> bytes:
    """The ``error`` event."""
    told = {"type": "error", "code": code, "message": message, "param": param, "sequence_number": sequence_number}
    return sse.encode(msgspec.json.encode(told), "error")


def response_error(message: str, code: str | None) -> dict[str, Any]:
    """``error`` of a response that failed. Its codes are a closed list."""
    known = code if code in _CODES else "rate_limit_exceeded" if code and "rate_limit" in code else "server_error"
    return {"code": known, "message": message}
