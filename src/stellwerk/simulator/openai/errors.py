"""Writes errors and the header fields of limits."""

from __future__ import annotations

import math

import msgspec

from stellwerk.http.fields import render
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
    pairs: list[tuple[bytes, bytes]] = []
    for name, standing in ((b"requests", requests), (b"tokens", tokens)):
        if standing is not None:
            pairs += [
                (b"x-ratelimit-limit-" + name, b"%d" % standing.limit),
                (b"x-ratelimit-remaining-" + name, b"%d" % standing.remaining),
                (b"x-ratelimit-reset-" + name, duration(standing.reset_s).encode()),
            ]
    return render(pairs)


def duration(seconds: float) -> str:
    """Seconds in the notation of the reset fields: ``120ms``, ``1.5s``, ``6m0s``, ``1h2m3s``."""
    milliseconds = math.ceil(seconds * 1_000)
    if milliseconds < 1_000:
        return f"{milliseconds}ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1_000:g}s"
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"


def _error(refusal: Refusal) -> dict[str, str | None]:
    kind = _TYPES.get(refusal.status, "server_error" if refusal.status >= 500 else "invalid_request_error")
    if refusal.code == "insufficient_quota":
        kind = "insufficient_quota"
    return {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}
