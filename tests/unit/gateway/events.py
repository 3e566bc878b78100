"""Events for tests of what is made of them."""

from __future__ import annotations

import msgspec

from stellwerk.core.event import RequestEvent

PLAIN = RequestEvent(
    started_ms=1_700_000_000_000,
    request_id="0" * 32,
    dialect="openai_chat",
    key_name="web",
    team="shop",
    model="plain",
    provider="one",
    provider_model="gpt-5-mini",
    outcome="complete",
    status=200,
    error="",
    is_stream=False,
    attempts=1,
    latency_us=20_000,
    first_byte_us=20_000,
    overhead_us=100,
    input_tokens=11,
    output_tokens=7,
    cache_read_tokens=0,
    cache_write_tokens=0,
    reasoning_tokens=0,
    request_bytes=80,
    reply_bytes=300,
    finish="stop",
    tags="",
)


def event(**changes: object) -> RequestEvent:
    """An event that differs in some fields from the plain one."""
    return msgspec.structs.replace(PLAIN, **changes)
