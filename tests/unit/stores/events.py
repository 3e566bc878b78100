"""Events as they come: one a millisecond, each with an id of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec

from stellwerk.core.event import RequestEvent

DAY_MS = 86_400_000
NOON_MS = int(datetime(2025, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
TODAY = date(2025, 11, 23)

_EVENT = RequestEvent(
    started_ms=NOON_MS,
    request_id="",
    dialect="openai_chat",
    key_name="web",
    team="shop",
    model="smart",
    provider="openai",
    provider_model="gpt-5.2",
    outcome="complete",
    status=200,
    error="",
    is_stream=True,
    attempts=1,
    latency_us=850_000,
    first_byte_us=120_000,
    overhead_us=90,
    input_tokens=900,
    output_tokens=300,
    cache_read_tokens=64,
    cache_write_tokens=32,
    reasoning_tokens=16,
    request_bytes=1_024,
    reply_bytes=1_200,
    finish="stop",
    tags="a=b",
)


def make_event(started_ms: int = NOON_MS, number: int = 0) -> RequestEvent:
    """One event; its id begins with its start, as ids of requests do."""
    return msgspec.structs.replace(_EVENT, started_ms=started_ms, request_id=f"{started_ms:012x}7{number:019x}")


def make_events(count: int, started_ms: int = NOON_MS) -> list[RequestEvent]:
    """Events in the order of their start."""
    return [make_event(started_ms + number, number) for number in range(count)]
