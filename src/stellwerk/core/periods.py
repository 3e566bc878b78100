"""When a budget begins anew: the bounds of its period at a moment, in its owner's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from stellwerk.core.scope import Period

FOREVER_S = 253_402_300_800
"""The end of what never begins anew, in Unix seconds: the year 10000."""


def bounds(period: Period, zone: tzinfo, now_s: float) -> tuple[int, int]:
    """Begin and end of the period that a moment lies in, in Unix seconds; the end is the next one's begin.

    Minutes and hours are of Unix time, so that none is lost or doubled when clocks are changed; days, weeks (from
    Monday) and months begin at midnight of the zone, or at the first moment of the day where there is no midnight.
    """
    match period:
        case Period.NEVER:
            return 0, FOREVER_S
        case Period.MINUTE | Period.HOUR:
            length = 60 if period is Period.MINUTE else 3_600
            begin = int(now_s) // length * length
            return begin, begin + length
        case _:
            day = datetime.fromtimestamp(now_s, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
            return _bounds(period, day, zone)


def _bounds(period: Period, day: datetime, zone: tzinfo) -> tuple[int, int]:
    match period:
        case Period.WEEK:
            first = day - timedelta(days=day.weekday())
            following = first + timedelta(days=7)
        case Period.MONTH:
            first = day.replace(day=1)
            following = (first + timedelta(days=31)).replace(day=1)
        case _:
            first, following = day, day + timedelta(days=1)
    return _unix_s(first, zone), _unix_s(following, zone)


def _unix_s(midnight: datetime, zone: tzinfo) -> int:
    """The moment at which a day begins: of two midnights the first; where there is none, what comes in its place."""
    moment = midnight.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == midnight:
        return int(moment.timestamp())
    # The clock jumps over midnight: of the two readings of a time that is not, the later one lies behind the gap.
    return int(max(moment, midnight.replace(tzinfo=zone, fold=1).astimezone(UTC)).timestamp())
