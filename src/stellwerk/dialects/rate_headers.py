"""How much one still lets another do, as the headers of answers say it: to stop before a provider refuses; and ours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

FIRST_FIELD = {
    "openai_chat": b"x-ratelimit-remaining-requests",
    "openai_responses": b"x-ratelimit-remaining-requests",
    "anthropic_messages": b"anthropic-ratelimit-requests-remaining",
}
"""By dialect, the field by which an answer that tells its limits is known; other dialects tell none."""

# What is left, what the bound is, and when it is whole again: OpenAI's and its hosts' fields, then Anthropic's.
_OPENAI = tuple(
    tuple(f"x-ratelimit-{word}-{kind}".encode() for word in ("remaining", "limit", "reset"))
    for kind in ("requests", "tokens")
)
_ANTHROPIC = tuple(
    tuple(f"anthropic-ratelimit-{kind}-{word}".encode() for word in ("remaining", "limit", "reset"))
    for kind in ("requests", "tokens", "input-tokens", "output-tokens")
)
_SPAN = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)
_UNITS_S = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_SCANT = 0.01
"""Less than this share of a bound for tokens is as good as nothing: a request takes more."""


def rest_s(headers: Mapping[bytes, bytes], now: float) -> float:
    """Seconds for which the provider has nothing left for us; 0 where it has, or does not say. ``now`` is Unix time."""
    fields = _ANTHROPIC if FIRST_FIELD["anthropic_messages"] in headers else _OPENAI
    longest = 0.0
    for remaining, limit, reset in fields:
        left = _count(headers.get(remaining))
        if left is None or left > _SCANT * (_count(headers.get(limit)) or 0.0):
            continue
        if left >= 1 and fields[0][0] == remaining:  # a request is a whole one, however few are left
            continue
        longest = max(longest, _until_s(headers.get(reset, b""), now))
    return longest


def openai_fields(kind: bytes, limit: int, remaining: int, reset_s: float) -> bytes:
    """Header lines that tell of a limit of ``requests`` or ``tokens``, as OpenAI and most hosts write them."""
    return OPENAI_LINES[kind] % (limit, remaining, span(reset_s))


def anthropic_fields(kind: bytes, limit: int, remaining: int, reset_s: float, now: float) -> bytes:
    """The same as Anthropic writes them, who tells moments instead of spans. ``now`` is Unix time."""
    moment = datetime.fromtimestamp(math.ceil(now + reset_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return ANTHROPIC_LINES[kind] % (limit, remaining, moment)


def span(seconds: float) -> bytes:
    """Seconds in the notation of OpenAI's reset fields: ``0.12s``, ``1.5s``, ``6m0s``, ``1h2m3s``."""
    if seconds < 59.9995:
        return b"%gs" % round(seconds, 3)
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return b"%dh%dm%ds" % (hours, minutes, rest) if hours else b"%dm%ds" % (minutes, rest)


def _lines(pattern: bytes) -> dict[bytes, bytes]:
    return {kind: pattern.replace(b"KIND", kind) for kind in (b"requests", b"tokens")}


OPENAI_LINES = _lines(b"x-ratelimit-limit-KIND: %d\r\nx-ratelimit-remaining-KIND: %d\r\nx-ratelimit-reset-KIND: %b\r\n")
ANTHROPIC_LINES = _lines(
    b"anthropic-ratelimit-KIND-limit: %d\r\nanthropic-ratelimit-KIND-remaining: %d\r\n"
    b"anthropic-ratelimit-KIND-reset: %b\r\n"
)


def _count(value: bytes | None) -> float | None:
    return float(value) if value is not None and value.strip().isdigit() else None


def _until_s(value: bytes, now: float) -> float:
    """Spans such as ``6m0s`` and ``20ms``, plain seconds, or a moment (RFC 3339); 0 for what cannot be read."""
    text = value.decode("latin-1").strip()
    try:
        return max(0.0, float(text) if text.replace(".", "", 1).isdigit() else _span_s(text, now))
    except ValueError:
        return 0.0


def _span_s(text: str, now: float) -> float:
    found = _SPAN.fullmatch(text)
    if found is not None:
        return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS_S, strict=True) if part)
    moment = datetime.fromisoformat(text)
    return 0.0 if moment.tzinfo is None else moment.timestamp() - now
