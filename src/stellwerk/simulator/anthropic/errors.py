"""Writes errors and the header fields of limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from stellwerk.dialects.rate_headers import anthropic_fields
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_body(refusal: Refusal) -> bytes:
    """An error's body."""
    error: dict[str, Any] = {"type": "error", "error": _error(refusal)}
    return msgspec.json.encode({**error, "request_id": f"req_{refusal.request_id}" if refusal.request_id else None})


def error_event(refusal: Refusal) -> bytes:
    """An error as an event of a stream."""
    return b"event: error\ndata: " + msgspec.json.encode({"type": "error", "error": _error(refusal)}) + b"\n\n"


def key_refusal(*, is_known: bool) -> Refusal:
    """What a caller is told without a key, or with a wrong one."""
    if not is_known:
        return Refusal(401, "x-api-key header is required")
    return Refusal(401, "invalid x-api-key")


def limit_fields(requests: Standing | None, tokens: Standing | None, clock: Callable[[], float]) -> bytes:
    """``anthropic-ratelimit-…`` for the limits that there are."""
    told, now = ((b"requests", requests), (b"tokens", tokens)), clock()
    return b"".join(
        anthropic_fields(kind, one.limit, one.remaining, one.reset_s, now) for kind, one in told if one is not None
    )


def type_of(refusal: Refusal) -> str:
    """The error's ``type``; a fault may name it as its code."""
    if refusal.code is not None and refusal.code.endswith("_error"):
        return refusal.code
    return _TYPES.get(refusal.status, "api_error" if refusal.status >= 500 else "invalid_request_error")


def _error(refusal: Refusal) -> dict[str, str]:
    return {"type": type_of(refusal), "message": _message(refusal)}


def _message(refusal: Refusal) -> str:
    match refusal.facts:
        case {"model": name}:
            return f"model: {name}"
        case {"prompt_tokens": prompt, "cap": cap, "context_tokens": most}:
            if prompt > most:
                return f"prompt is too long: {prompt} tokens > {most} maximum"
            reason = f"input length and `max_tokens` exceed context limit: {prompt} + {cap} > {most}"
            return f"{reason}, decrease input length or `max_tokens` and try again"
        case _:
            return refusal.message
