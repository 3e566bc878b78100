"""Writes errors as AWS does: a message in the body, the kind in a field; in a stream, an exception as a frame."""

from __future__ import annotations

import msgspec

from stellwerk.simulator.bedrock.frames import exception
from stellwerk.simulator.refusal import Refusal

_KINDS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
_NAMESPACE = b":http://internal.amazon.com/coral/com.amazon.bedrock/"
_IN_STREAMS = frozenset(
    {
        *("internalServerException", "modelStreamErrorException", "validationException"),
        *("throttlingException", "serviceUnavailableException"),
    }
)


def kind_of(refusal: Refusal) -> str:
    """The name of an error."""
    if refusal.code is not None and refusal.code.endswith("Exception"):
        return refusal.code[0].upper() + refusal.code[1:]
    return _KINDS.get(refusal.status, "InternalServerException" if refusal.status >= 500 else "ValidationException")


def error_fields(refusal: Refusal) -> bytes:
    """The field with an error's kind."""
    return b"x-amzn-errortype: %b%b\r\n" % (kind_of(refusal).encode("ascii", "replace"), _NAMESPACE)


def error_body(refusal: Refusal) -> bytes:
    """An error's body."""
    return msgspec.json.encode({"message": refusal.message})


def error_event(refusal: Refusal) -> bytes:
    """An error as the last frame of a stream."""
    kind = kind_of(refusal)
    kind = kind[0].lower() + kind[1:]
    content: dict[str, object] = {"message": refusal.message}
    if kind == "modelStreamErrorException":
        content |= {"originalStatusCode": 500, "originalMessage": refusal.message}
    return exception(kind if kind in _IN_STREAMS else "internalServerException", content)
