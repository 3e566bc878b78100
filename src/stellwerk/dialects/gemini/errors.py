"""Errors in this dialect: ours as callers read them, and Google's refusals as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from stellwerk.core.wire import KIND_OF_STATUS, Failure, FailureKind
from stellwerk.dialects import sse
from stellwerk.dialects.excerpt import code_word, excerpt
from stellwerk.dialects.retry_after import retry_after_s
from stellwerk.errors import StellwerkError, UpstreamError, UpstreamRefused

_TYPES = "type.googleapis.com/google.rpc."
_DOMAIN = "stellwerk"
_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    431: "INVALID_ARGUMENT",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
# By each word its first status.
_CODES = {word: status for status, word in reversed(_WORDS.items())}
# A wrong key is a 400 with Google, told from a wrong request by these alone.
_KEY_REASONS = frozenset({"API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "CREDENTIALS_MISSING"})
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


def encode_error(error: StellwerkError) -> bytes:
    """The body of an answer with an error status, with details of the sorts that Google's own have."""
    status = error.upstream_status if isinstance(error, UpstreamRefused) else error.status
    word = _WORDS.get(status) or ("INVALID_ARGUMENT" if status < 500 else "INTERNAL")
    code = (error.upstream_code if isinstance(error, UpstreamError) else None) or error.code
    details: list[dict[str, Any]] = [{"@type": _TYPES + "ErrorInfo", "reason": code.upper(), "domain": _DOMAIN}]
    if error.param is not None:
        violation = {"field": error.param, "description": error.message}
        details.append({"@type": _TYPES + "BadRequest", "fieldViolations": [violation]})
    delay_s = error.retry_after_s if isinstance(error, UpstreamError) else None
    if delay_s is not None:
        details.append({"@type": _TYPES + "RetryInfo", "retryDelay": f"{delay_s:.9f}".rstrip("0").rstrip(".") + "s"})
    told = {"code": status, "message": error.message, "status": word, "details": details}
    return msgspec.json.encode({"error": told})


def encode_stream_error(error: StellwerkError, *, close_half_event: bool, is_sse: bool = True) -> bytes:
    """What ends a stream in an error: an event, or the last element of the array.

    With ``close_half_event`` an empty line first closes the event that what was sent so far breaks off in. An array is
    only ever handed on in whole elements, so there is nothing to close.
    """
    return frame_stream_error(encode_error(error), close_half_event=close_half_event, is_sse=is_sse)


def frame_stream_error(body: bytes, *, close_half_event: bool = False, is_sse: bool = True) -> bytes:
    """An error's body as the last piece of a stream that has begun."""
    if not is_sse:
        return b",\r\n" + body + b"]"
    event = sse.encode(body)
    return b"\n\n" + event if close_half_event else event


def encode_fault(message: str, code: str | None) -> dict[str, Any]:
    """The ``error`` object for a fault that another provider told of in its stream."""
    status = code if code in _CODES else "INTERNAL"
    return {"code": _CODES.get(status, 500), "message": message, "status": status}


def read_failure(status: int, headers: Mapping[bytes, bytes], body: bytes, *, now: float) -> Failure:
    """Reads an answer whose status is not 2xx, whatever its body is.

    ``headers`` have lower-case names; ``now`` is Unix time in seconds, for a ``retry-after`` that is a date. How long
    to wait stands in the body with Google, and wins. Messages are short, of one line, and free of what looks like a
    key.
    """
    error = _error(body)
    message, code = read_error(error)
    details = _details(error)
    reasons = {detail.get("reason") for detail in details if type(detail.get("reason")) is str}
    kind = KIND_OF_STATUS.get(status, FailureKind.UNAVAILABLE)
    if kind is FailureKind.REFUSED and (reasons & _KEY_REASONS or "API key not valid" in message):
        kind = FailureKind.CREDENTIALS
    delay_s = next((delay for detail in details if (delay := _delay(detail)) is not None), None)
    return Failure(
        kind,
        message or excerpt(body) or f"The provider answered with status {status}.",
        status,
        code,
        next((field for detail in details if (field := _field(detail)) is not None), None),
        retry_after_s(headers, now) if delay_s is None else delay_s,
    )


def read_error(error: Any) -> tuple[str, str | None]:
    """Message and status word of a decoded ``error`` member, in whatever shape it comes."""
    if type(error) is not dict:
        return (excerpt(error) if type(error) is str else ""), None
    message = error.get("message")
    code = code_word(error.get("status")) or code_word(error.get("code"))
    return excerpt(message) if type(message) is str else "", code


def _error(body: bytes) -> Any:
    """The ``error`` member: of an object, or of the first element where a stream was asked for as an array."""
    try:
        wire = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if type(wire) is list and wire:
        wire = wire[0]
    return wire.get("error", wire) if type(wire) is dict else None


def _details(error: Any) -> list[dict[str, Any]]:
    details = error.get("details") if type(error) is dict else None
    return [detail for detail in details if type(detail) is dict] if type(details) is list else []


def _delay(detail: Mapping[str, Any]) -> float | None:
    delay = detail.get("retryDelay")
    found = _DELAY.fullmatch(delay) if type(delay) is str else None
    return None if found is None else float(found[1])


def _field(detail: Mapping[str, Any]) -> str | None:
    violations = detail.get("fieldViolations")
    first = violations[0] if type(violations) is list and violations else None
    return code_word(first.get("field")) if type(first) is dict else None
