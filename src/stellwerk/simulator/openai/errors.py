"""Writes errors and the header fields of limits."""

from __future__ import annotations

import msgspec

from stellwerk.dialects.rate_headers import openai_fields
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal

_TYPES = {403: "permission_error", 429: "requests"}


def error_body(refusal: Refusal) -> bytes:
    """An error's body."""
    return msgspec.json.encode({"error": _error(refusal)})


def error_event(refusal: Refusal) -> bytes:
    """An error as an event of a stream."""
    return b"data: " + msgspec.json.encode({"error": _error(refusal)}) + b"\n\n"


def limit_fields(requests: Standing | None, tokens: Standing | None) -> bytes:
    """``x-ratelimit-…`` for the limits that there are."""
    told = ((b"requests", requests), (b"tokens", tokens))
    return b"".join(openai_fields(kind, one.limit, one.remaining, one.reset_s) for kind, one in told if one is not None)


def _error(refusal: Refusal) -> dict[str, str | None]:
    kind = _TYPES.get(refusal.status, "server_error" if refusal.status >= 500 else "invalid_request_error")
    if refusal.code == "insufficient_quota":
        kind = "insufficient_quota"
    return {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}
