"""Bills of recorded requests: computed again from the event, on whose word, and wrong when they are."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.bill import NOTHING, OWN_PRICE, PROVIDER, UNKNOWN, bill_of, usage_of
from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import cost_of, nanos_of, nanos_of_dollars
from stellwerk.core.event import RequestEvent
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.usage import Usage
from tests.unit.stores.events import make_event

PRICE = Price(
    (
        Row(Rates(input=2_000_000, output=8_000_000, cache_read=500_000, input_audio=9_000_000, web_search=3_000_000)),
        Row(Rates(input=1_000_000, output=4_000_000), service="batch"),
    )
)
COUNTS = st.integers(0, 10**7)
usages = st.builds(
    Usage,
    **{name: COUNTS for name in Usage.__struct_fields__ if name not in {"service_tier", "reported_nanos"}},
    service_tier=st.sampled_from(["", "batch", "default"]),
    reported_nanos=st.none() | COUNTS,
)


def recorded(
    usage: Usage, cost_nanos: int | None, extra_nanos: int = 0, version: str = "shipped 2026-11-25 ab"
) -> RequestEvent:
    """The event that a request with such a usage leaves."""
    return msgspec.structs.replace(
        make_event(),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        service_tier=usage.service_tier,
        usage_details=usage.details,
        reported_nanos=usage.reported_nanos,
        price_version=version,
        cost_nanos=cost_nanos,
        extra_cost_nanos=extra_nanos,
    )


@given(usages, st.sampled_from(["shipped 2026-11-25 ab", "own cd"]))
def test_a_bill_is_computed_again_to_the_nano_dollar(usage: Usage, version: str) -> None:
    event = recorded(usage, None, version=version)
    card = ModelCard("p", "m", price=PRICE, price_version=version)
    assert bill_of(event, PRICE).lines == cost_of(usage, card, event.started_ms).lines
    counted = nanos_of(usage, card, event.started_ms)
    bill = bill_of(msgspec.structs.replace(event, cost_nanos=counted), PRICE)
    assert not bill.is_wrong
    assert bill.counted_nanos == (bill.reported_nanos if bill.basis == PROVIDER else bill.computed_nanos)


@given(usages)
def test_what_was_used_is_on_record_whole_where_it_is_paid_for(usage: Usage) -> None:
    assert usage_of(recorded(usage, 0)) == usage or usage.is_plain


def test_plain_usage_leaves_no_details() -> None:
    assert Usage(10, 5, 3, reasoning_tokens=2, service_tier="default").details == ""
    assert Usage(10, 5, reported_nanos=3).details == ""
    assert Usage(10, 5, web_searches=2).details == '{"web_searches":2}'


@pytest.mark.parametrize(
    ("usage", "counted", "version", "basis"),
    [
        (Usage(1_000, 100), 2_800, "shipped 2026-11-25 ab", OWN_PRICE),
        (Usage(1_000, 100, reported_nanos=7), 7, "shipped 2026-11-25 ab", PROVIDER),
        (Usage(1_000, 100, reported_nanos=7), 2_800, "own ab", OWN_PRICE),
        (Usage(1_000, 100), None, "", UNKNOWN),
        (Usage(), 0, "shipped 2026-11-25 ab", NOTHING),
        (Usage(web_searches=1), 3, "shipped 2026-11-25 ab", OWN_PRICE),
    ],
)
def test_a_bill_says_on_whose_word_it_was_counted(usage: Usage, counted: int | None, version: str, basis: str) -> None:
    bill = bill_of(recorded(usage, counted, version=version), PRICE)
    assert (bill.basis, bill.counted_nanos, bill.is_wrong) == (basis, counted, False)


def test_what_the_caller_did_not_get_stands_beside_the_answer() -> None:
    bill = bill_of(recorded(Usage(1_000, 100), 3_000, 200), PRICE)
    assert (bill.computed_nanos, bill.counted_nanos, bill.extra_nanos, bill.is_wrong) == (2_800, 2_800, 200, False)


def test_a_bill_that_does_not_come_to_what_was_counted_is_wrong() -> None:
    assert bill_of(recorded(Usage(1_000, 100), 2_801), PRICE).is_wrong
    assert not bill_of(recorded(Usage(1_000, 100), 2_801), None).is_wrong  # nobody knows


def test_what_the_provider_says_counts_unless_the_user_has_set_a_price() -> None:
    usage = Usage(1_000, 100, reported_nanos=5)
    assert nanos_of(usage, None, 0) == 5
    assert nanos_of(usage, ModelCard("p", "m", price=PRICE, price_version="shipped 2026-11-25 ab"), 0) == 5
    assert nanos_of(usage, ModelCard("p", "m", price=PRICE, price_version="own ab"), 0) == 2_800


def test_dollars_of_others_are_taken_as_they_are_written() -> None:
    from decimal import Decimal

    assert nanos_of_dollars(Decimal("0.0000000015")) == 2
    assert nanos_of_dollars(Decimal("0.0000000025")) == 2
    assert [nanos_of_dollars(Decimal(text)) for text in ("nan", "inf", "-1", "100001")] == [None] * 4
