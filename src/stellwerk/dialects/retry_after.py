"""How long a provider wants to be left alone, as its headers say it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from stellwerk.dialects.http_date import unix_s


def retry_after_s(headers: Mapping[bytes, bytes], now: float) -> float | None:
    """Seconds from ``now`` (Unix time) that ``retry-after-ms`` or ``retry-after`` ask for; ``None`` without them."""
    precise = _number(headers.get(b"retry-after-ms", b""))
    if precise is not None:
        return precise / 1000
    value = headers.get(b"retry-after", b"")
    seconds = _number(value)
    if seconds is not None:
        return seconds
    moment = unix_s(value)
    return None if moment is None else max(0.0, moment - now)


def _number(value: bytes) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
