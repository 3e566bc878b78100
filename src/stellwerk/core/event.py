"""What is recorded of one request."""

from __future__ import annotations

import msgspec


class RequestEvent(msgspec.Struct, frozen=True, gc=False):
    """One finished request, however it ended. Times are microseconds, ``started_ms`` is Unix time in milliseconds.

    ``error`` is the stable code of what went wrong, empty on success. ``outcome`` is ``complete`` (the caller got
    everything), ``failed`` (the caller got an error), ``truncated`` (an error after the answer began) or
    ``cancelled`` (the caller went away first).
    """

    started_ms: int
    request_id: str
    dialect: str
    key_name: str
    team: str
    model: str
    provider: str
    provider_model: str
    outcome: str
    status: int
    error: str
    is_stream: bool
    attempts: int
    latency_us: int
    first_byte_us: int
    overhead_us: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    request_bytes: int
    reply_bytes: int
    finish: str
    tags: str
