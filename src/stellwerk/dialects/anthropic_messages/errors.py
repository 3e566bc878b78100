"""Errors in this dialect: ours as callers read them, and a host's refusals as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stellwerk.core.wire import KIND_OF_STATUS, Failure, FailureKind
from stellwerk.dialects import sse
from stellwerk.dialects.excerpt import code_word, excerpt
from stellwerk.dialects.retry_after import retry_after_s
from stellwerk.errors import StellwerkError, UpstreamRefused

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The provider's list of types is closed: each status has one of them."""


def encode_error(error: StellwerkError) -> bytes:
    """The body of an answer with an error status."""
    status = error.upstream_status if isinstance(error, UpstreamRefused) else error.status
    return _told(TYPES.get(status) or ("invalid_request_error" if status < 500 else "api_error"), error.message)


def encode_stream_error(error: StellwerkError, *, close_half_event: bool) -> bytes:
    """The event that ends a stream in an error; no ``message_stop`` follows.

    With ``close_half_event`` an empty line first closes the event that what was sent so far breaks off in.
    """
    event = sse.encode(encode_error(error), "error")
    return b"\n\n" + event if close_half_event else event


def encode_fault(message: str, code: str | None) -> bytes:
    """The event for a provider's own error in its stream, under its own type where that is one of the dialect's."""
    return sse.encode(_told(code if code in TYPES.values() else "api_error", message), "error")


def read_failure(status: int, headers: Mapping[bytes, bytes], body: bytes, *, now: float) -> Failure:
    """Reads an answer whose status is not 2xx, whatever its body is.

    ``headers`` have lower-case names; ``now`` is Unix time in seconds, for a ``retry-after`` that is a date. Messages
    are short, of one line, and free of what looks like a key. 529 says that the provider has no room for anybody.
    """
    message, code = _read(body)
    return Failure(
        KIND_OF_STATUS.get(status, FailureKind.UNAVAILABLE),
        message or f"The provider answered with status {status}.",
        status,
        code,
        retry_after_s=retry_after_s(headers, now),
    )


def read_error(error: Any) -> tuple[str, str | None]:
    """Message and type of a decoded ``error`` member, in any of the shapes that hosts give it."""
    if type(error) is not dict:
        return (excerpt(error) if type(error) is str else ""), None
    message = next((text for name in ("message", "detail", "msg") if type(text := error.get(name)) is str), "")
    code = next((word for name in ("type", "code", "status") if (word := code_word(error.get(name)))), None)
    return excerpt(message), code


def _told(kind: str | None, message: str) -> bytes:
    return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message}})


def _read(body: bytes) -> tuple[str, str | None]:
    try:
        wire = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return excerpt(body), None
    if type(wire) is list and wire:
        wire = wire[0]
    if type(wire) is dict:
        error = wire.get("error") or wire.get("errors") or wire.get("detail") or wire
        if type(error) is list:
            error = error[0]
        message, code = read_error(error)
        if message:
            return message, code
    return excerpt(body), None
