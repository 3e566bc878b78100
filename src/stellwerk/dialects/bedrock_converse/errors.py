"""Errors in this dialect: ours as callers read them, and Bedrock's refusals as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from stellwerk.core.wire import KIND_OF_STATUS, Failure, FailureKind
from stellwerk.dialects.aws_eventstream import Frame
from stellwerk.dialects.bedrock_converse.frames import EXCEPTION_TYPE, MESSAGE_TYPE, write_exception
from stellwerk.dialects.excerpt import excerpt, redact
from stellwerk.dialects.retry_after import retry_after_s
from stellwerk.errors import (
    AuthenticationFailed,
    NotFound,
    PermissionDenied,
    RequestError,
    StellwerkError,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamTimeout,
)

VALIDATION = "ValidationException"
THROTTLING = "ThrottlingException"
ACCESS_DENIED = "AccessDeniedException"
NOT_FOUND = "ResourceNotFoundException"
MODEL_TIMEOUT = "ModelTimeoutException"
MODEL_ERROR = "ModelErrorException"
UNAVAILABLE = "ServiceUnavailableException"
INTERNAL = "InternalServerException"
IN_STREAMS = frozenset({INTERNAL, "ModelStreamErrorException", VALIDATION, THROTTLING, UNAVAILABLE})
"""Exceptions that a stream may end in."""

_CREDENTIALS = (
    ACCESS_DENIED,
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
    "ExpiredToken",
    "InvalidClientTokenId",
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
)
_KINDS_BY_NAME = {
    **dict.fromkeys(_CREDENTIALS, FailureKind.CREDENTIALS),
    VALIDATION: FailureKind.REFUSED,
    NOT_FOUND: FailureKind.REFUSED,
    THROTTLING: FailureKind.RATE_LIMITED,
    "TooManyRequestsException": FailureKind.RATE_LIMITED,
    "ServiceQuotaExceededException": FailureKind.RATE_LIMITED,
    "ModelNotReadyException": FailureKind.UNAVAILABLE,
    MODEL_TIMEOUT: FailureKind.TIMEOUT,
    MODEL_ERROR: FailureKind.UNAVAILABLE,
    "ModelStreamErrorException": FailureKind.UNAVAILABLE,
    UNAVAILABLE: FailureKind.UNAVAILABLE,
    INTERNAL: FailureKind.UNAVAILABLE,
}
_TYPES_BY_STATUS = {
    401: "UnrecognizedClientException",
    402: "ServiceQuotaExceededException",
    403: ACCESS_DENIED,
    404: NOT_FOUND,
    408: MODEL_TIMEOUT,
    424: MODEL_ERROR,
    429: THROTTLING,
    503: UNAVAILABLE,
    504: MODEL_TIMEOUT,
}
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,99}")
_EXCEPTION = re.compile(r"[A-Z][A-Za-z0-9]{0,90}Exception")


def encode_error(error: StellwerkError) -> bytes:
    """The body of an answer with an error status; its type stands in a header, see ``error_type``."""
    return msgspec.json.encode({"message": error.message})


def error_type(error: StellwerkError) -> str:
    """The exception's name, for the header ``x-amzn-errortype``: what SDKs make their own exceptions of."""
    match error:
        case UpstreamRefused(upstream_status=status, upstream_code=code):
            if code is not None and _EXCEPTION.fullmatch(code):
                return code
            return _TYPES_BY_STATUS.get(status, VALIDATION)
        case AuthenticationFailed():
            return "UnrecognizedClientException"
        case PermissionDenied():
            return ACCESS_DENIED
        case NotFound():
            return NOT_FOUND
        case RequestError():
            return _TYPES_BY_STATUS.get(error.status, VALIDATION)
        case UpstreamInvalid():
            return MODEL_ERROR
        case UpstreamTimeout():
            return MODEL_TIMEOUT
        case UpstreamError(status=502):
            return UNAVAILABLE
        case _:
            return _TYPES_BY_STATUS.get(error.status, INTERNAL)


def encode_stream_error(error: StellwerkError, *, close_half_event: bool = False) -> bytes:
    """The frame that ends a stream in an error.

    Nothing closes a frame that broke off: the relay and the encoder of this dialect hand on whole ones only.
    """
    del close_half_event
    return write_exception(stream_exception(error_type(error)), error.message)


def stream_exception(kind: str) -> str:
    """The exception of those that a stream may end in which comes nearest."""
    if kind in IN_STREAMS:
        return kind
    return "ModelStreamErrorException" if kind in {MODEL_ERROR, MODEL_TIMEOUT} else INTERNAL


def read_failure(status: int, headers: Mapping[bytes, bytes], body: bytes, *, now: float) -> Failure:
    """Reads an answer whose status is not 2xx, whatever its body is.

    ``headers`` have lower-case names; ``now`` is Unix time in seconds, for a ``retry-after`` that is a date. The kind
    goes by the exception's name, from the header ``x-amzn-errortype`` or the body, and then by the status. Messages
    are short, of one line, and free of what looks like a key.
    """
    message, told = _told(body)
    name = _name(headers.get(b"x-amzn-errortype", b"").decode("latin-1")) or _name(told)
    kind = _KINDS_BY_NAME.get(name or "") or KIND_OF_STATUS.get(status, FailureKind.UNAVAILABLE)
    return Failure(
        kind,
        message or f"The provider answered with status {status}.",
        status,
        name,
        retry_after_s=retry_after_s(headers, now),
    )


def read_exception(frame: Frame) -> tuple[str, str] | None:
    """Message and exception of a frame that ends a stream in an error; ``None`` for every other frame."""
    headers = frame.headers
    kind = headers.get(MESSAGE_TYPE)
    if kind == "exception":
        name = _name(headers.get(EXCEPTION_TYPE)) or INTERNAL
        message, _ = _told(frame.payload)
        return message or f"The provider broke the stream off: {name}.", name[:1].upper() + name[1:]
    if kind == "error":
        words = headers.get(":error-message")
        name = _name(headers.get(":error-code")) or INTERNAL
        return excerpt(words if isinstance(words, str) else "") or f"The provider broke the stream off: {name}.", name
    return None


def _told(body: bytes) -> tuple[str, Any]:
    """Message and type of an error's body."""
    try:
        wire = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return excerpt(body), None
    error = wire.get("error") if type(wire) is dict else None
    wire = error if type(error) is dict else wire
    if type(wire) is not dict:
        return excerpt(body), None
    words = (wire.get(name) for name in ("message", "Message", "originalMessage", "errorMessage"))
    message = next((word for word in words if type(word) is str and word.strip()), "")
    return excerpt(message) or excerpt(body), wire.get("__type") or wire.get("code")


def _name(value: Any) -> str | None:
    """An exception's bare name: AWS writes a namespace before it, and an address behind it."""
    if not isinstance(value, str):
        return None
    name = value.partition(":")[0].rpartition("#")[2].strip()
    return redact(name) if _TYPE.fullmatch(name) else None
