"""Errors as OpenAI's dialects tell them: ours as callers read them, and a host's refusals as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stellwerk.core.wire import KIND_OF_STATUS, Failure, FailureKind
from stellwerk.dialects import sse
from stellwerk.dialects.excerpt import code_word, excerpt
from stellwerk.dialects.retry_after import retry_after_s
from stellwerk.errors import StellwerkError, UpstreamError, UpstreamRefused

_TYPES = {402: "insufficient_quota", 429: "rate_limit_error"}


def encode_error(error: StellwerkError) -> bytes:
    """The body of an answer with an error status.

    ``type`` follows OpenAI, which calls every fault of the caller ``invalid_request_error``, a wrong key included, and
    tells them apart by ``code``.
    """
    status = error.upstream_status if isinstance(error, UpstreamRefused) else error.status
    kind = _TYPES.get(status) or ("invalid_request_error" if status < 500 else "server_error")
    told = {"message": error.message, "type": kind, "param": error.param, "code": code_of(error)}
    return msgspec.json.encode({"error": told})


def code_of(error: StellwerkError) -> str:
    """The provider's own word where there is one, else ours."""
    return (error.upstream_code if isinstance(error, UpstreamError) else None) or error.code


def encode_stream_error(error: StellwerkError, *, close_half_event: bool) -> bytes:
    """The event that ends a stream of chunks in an error; no ``[DONE]`` follows, for it is not done.

    With ``close_half_event`` an empty line first closes the event that what was sent so far breaks off in.
    """
    event = sse.encode(encode_error(error))
    return b"\n\n" + event if close_half_event else event


def read_failure(status: int, headers: Mapping[bytes, bytes], body: bytes, *, now: float) -> Failure:
    """Reads an answer whose status is not 2xx, whatever its body is.

    ``headers`` have lower-case names; ``now`` is Unix time in seconds, for a ``retry-after`` that is a date. Messages
    are short, of one line, and free of what looks like a key.
    """
    message, code, param = _told(body)
    return Failure(
        KIND_OF_STATUS.get(status, FailureKind.UNAVAILABLE),
        message or f"The provider answered with status {status}.",
        status,
        code,
        param,
        retry_after_s(headers, now),
    )


def read_error(error: Any) -> tuple[str, str | None, str | None]:
    """Message, code and param of a decoded ``error`` member, in any of the shapes that hosts give it."""
    if type(error) is not dict:
        return (excerpt(error) if type(error) is str else ""), None, None
    message = next((text for name in ("message", "detail", "msg") if type(text := error.get(name)) is str), "")
    code = next((word for name in ("code", "type", "status") if (word := code_word(error.get(name)))), None)
    return excerpt(message), code, code_word(error.get("param"))


def _told(body: bytes) -> tuple[str, str | None, str | None]:
    try:
        wire = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return excerpt(body), None, None
    if type(wire) is list and wire:
        wire = wire[0]
    if type(wire) is dict:
        error = wire.get("error") or wire.get("errors") or wire.get("detail") or wire
        if type(error) is list:
            error = error[0]
        if type(error) is str:
            error = wire | {"message": error}
        message, code, param = read_error(error)
        if message:
            return message, code, param
    return excerpt(body), None, None
