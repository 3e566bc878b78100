"""Bounds of periods: next to each other, around their moment, and at midnight where the owner of the budget lives."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.periods import FOREVER_S, bounds
from stellwerk.core.scope import Period

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "America/Havana", "Pacific/Apia"]
).map(ZoneInfo)
MOMENTS = st.floats(0, 4_000_000_000)


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    """Unix seconds of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("period", "now", "begin", "end"),
    [
        (Period.DAY, "2026-11-26T10:30", "2026-11-26", "2026-11-27"),
        (Period.DAY, "2026-03-29T12:00", "2026-03-29", "2026-03-30"),  # 23 hours
        (Period.DAY, "2026-10-25T12:00", "2026-10-25", "2026-10-26"),  # 25 hours
        (Period.WEEK, "2026-11-26T10:30", "2026-11-23", "2026-11-30"),
        (Period.WEEK, "2026-11-29T23:59", "2026-11-23", "2026-11-30"),
        (Period.MONTH, "2026-02-28T23:59", "2026-02-01", "2026-03-01"),
        (Period.MONTH, "2026-12-31T23:59", "2026-12-01", "2027-01-01"),
        (Period.MONTH, "2028-02-29T00:00", "2028-02-01", "2028-03-01"),
    ],
)
def test_periods_begin_at_midnight_in_the_zone(period: Period, now: str, begin: str, end: str) -> None:
    assert bounds(period, BERLIN, at(now)) == (at(begin), at(end))


def test_days_of_a_change_of_clocks_are_shorter_and_longer() -> None:
    lengths = [
        end - begin for begin, end in (bounds(Period.DAY, BERLIN, at(day)) for day in ("2026-03-29", "2026-10-25"))
    ]
    assert lengths == [23 * 3_600, 25 * 3_600]


def test_a_day_without_midnight_begins_with_its_first_moment() -> None:
    havana = ZoneInfo("America/Havana")  # clocks jump from 0:00 to 1:00
    begin, end = bounds(Period.DAY, havana, at("2026-03-08T12:00", havana))
    assert datetime.fromtimestamp(begin, havana).isoformat() == "2026-03-08T01:00:00-04:00"
    assert end - begin == 23 * 3_600


def test_a_budget_that_never_begins_anew_has_one_period() -> None:
    assert bounds(Period.NEVER, BERLIN, at("2026-11-26")) == (0, FOREVER_S)


@given(st.sampled_from(Period), ZONES, MOMENTS)
def test_every_moment_lies_in_one_period_which_the_next_one_follows(
    period: Period, zone: ZoneInfo, now_s: float
) -> None:
    begin, end = bounds(period, zone, now_s)
    assert begin <= now_s < end
    assert bounds(period, zone, begin) == (begin, end)
    assert bounds(period, zone, end - 1) == (begin, end)
    if period is not Period.NEVER:
        assert bounds(period, zone, end)[0] == end


@given(st.sampled_from([Period.MINUTE, Period.HOUR]), ZONES, MOMENTS)
def test_short_periods_are_the_same_everywhere(period: Period, zone: ZoneInfo, now_s: float) -> None:
    assert bounds(period, zone, now_s) == bounds(period, UTC, now_s)
