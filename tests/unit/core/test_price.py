"""Prices: which row holds at which moment for which service, and which rates for which prompt."""

from datetime import UTC, datetime

import msgspec
import pytest

from stellwerk.core.price import Price, Rates, Row, Tier


def at(text: str) -> int:
    """Unix time in milliseconds of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def day(text: str) -> int:
    """The same of a day's beginning, in seconds."""
    return at(f"{text}T00:00") // 1000


OLD, NEW, BATCH, NIGHT = (Rates(input=number) for number in (4, 3, 2, 1))
PRICE = Price(
    (
        Row(OLD),
        Row(NEW, since_s=day("2026-06-10")),
        Row(NIGHT, hours=(16 * 60 + 30, 30)),
        Row(BATCH, service="batch", since_s=day("2026-10-14")),
    )
)


@pytest.mark.parametrize(
    ("moment", "service", "rates"),
    [
        ("2026-06-09T12:00", "", OLD),
        ("2026-06-09T16:29", "", OLD),
        ("2026-06-10T00:30", "", NEW),
        ("2026-06-10T16:30", "", NIGHT),
        ("2026-06-11T00:29", "", NIGHT),
        ("2026-11-01T12:00", "batch", BATCH),
        ("2026-10-13T12:00", "batch", NEW),
        ("2026-11-01T12:00", "priority", NEW),
        ("2026-11-01T12:00", "default", NEW),
    ],
)
def test_the_last_row_in_force_counts(moment: str, service: str, rates: Rates) -> None:
    assert PRICE.row(at(moment), service).rates == rates


def test_hours_of_one_day_end_before_their_end() -> None:
    row = Row(NEW, hours=(60, 120))
    assert [row.holds(at(f"2026-11-01T{hour}")) for hour in ("00:59", "01:00", "01:59", "02:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_price_that_begins_later_is_better_than_none() -> None:
    first = Row(NEW, since_s=day("2027-01-01"))
    assert Price((first, Row(OLD, since_s=day("2028-01-01")))).row(at("2026-11-01T12:00")) is first
    assert Price((first,)).row(at("2026-11-01T12:00"), "batch") is first


def test_a_large_prompt_has_the_rates_of_its_tier_only_beyond_the_edge() -> None:
    row = Row(OLD, tiers=(Tier(32_000, NEW), Tier(200_000, NIGHT)))
    assert [row.for_prompt(tokens) for tokens in (0, 32_000, 32_001, 200_000, 200_001)] == [OLD, OLD, NEW, NEW, NIGHT]


def test_what_is_over_can_be_left_out() -> None:
    ahead = PRICE.from_then_on(at("2026-11-01T12:00"))
    assert [row.rates for row in ahead.rows] == [NEW, NIGHT, BATCH]
    assert PRICE.from_then_on(at("2026-06-09T12:00")) == PRICE


def test_the_first_row_stays_where_it_counts_for_want_of_another() -> None:
    later = Price((Row(BATCH, service="batch"), Row(NEW, since_s=day("2027-01-01"))))
    assert later.from_then_on(at("2026-11-01T12:00")).rows[0].rates == NEW
    services_alone = Price((Row(BATCH, service="batch"), Row(OLD, service="batch")))
    assert services_alone.from_then_on(at("2026-11-01T12:00")).row(0).rates == BATCH


@pytest.mark.parametrize("kind", [Rates, Tier, Row, Price])
def test_prices_cannot_change(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_a_price_survives_its_file() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(PRICE), type=Price) == PRICE
