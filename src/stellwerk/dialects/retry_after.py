"""How long a provider wants to be left alone, as its headers say it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def retry_after_s(headers: Mapping[bytes, bytes], now: float) -> float | None:
    """Seconds from ``now`` (Unix time) that ``retry-after-ms`` or ``retry-after`` ask for; ``None`` without them."""
    precise = _number(headers.get(b"retry-after-ms", b""))
    if precise is not None:
        return precise / 1000
    value = headers.get(b"retry-after", b"")
    seconds = _number(value)
    if seconds is not None:
        return seconds
    found = _HTTP_DATE.fullmatch(value.decode("latin-1").strip())
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        moment = datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - now)


def _number(value: bytes) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
