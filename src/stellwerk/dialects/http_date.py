"""Moments as HTTP writes them: ``Sun, 06 Nov 1994 08:49:37 GMT`` (RFC 9110, section 5.6.7)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DATE = re.compile(r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def unix_s(value: bytes) -> float | None:
    """Unix time in whole seconds; ``None`` for anything else. Obsolete forms are not read."""
    found = _DATE.fullmatch(value.decode("latin-1").strip())
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
