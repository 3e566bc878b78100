"""What a call costs at most: never less than its bill, and no more money than was promised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import cost_of
from stellwerk.core.price import Price, Rates, Row, Tier
from stellwerk.core.usage import Usage
from stellwerk.core.worst_case import WorstCase, worst_case_of

TOKENS = st.integers(0, 2_000_000)
RATES = st.integers(0, 10**12)
UNITS = ("cache_read", "cache_write", "cache_write_1h", "input_audio", "input_image", "output_audio", "reasoning")


@st.composite
def rates(draw: st.DrawFn) -> Rates:
    """Any, with a rate for the two wholes."""
    some = draw(st.dictionaries(st.sampled_from(UNITS), RATES))
    return Rates(draw(RATES), draw(RATES), **some, request=draw(st.none() | RATES))


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """Several tiers of service and of size."""
    rows = [
        Row(draw(rates()), (Tier(200_000, draw(rates())),) if draw(st.booleans()) else (), service)
        for service in draw(st.sampled_from([("",), ("", "priority"), ("", "batch", "flex")]))
    ]
    return Price(tuple(rows))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Parts are no more than their wholes."""
    prompt, answer = draw(TOKENS), draw(TOKENS)
    read = draw(st.integers(0, prompt))
    write = draw(st.integers(0, prompt - read))
    return Usage(
        prompt,
        answer,
        read,
        write,
        draw(st.integers(0, answer)),
        input_audio_tokens=draw(st.integers(0, prompt - read - write)),
        cache_write_1h_tokens=draw(st.integers(0, write)),
        service_tier=draw(st.sampled_from(["", "priority", "batch"])),
    )


@given(prices(), usages())
def test_no_bill_is_higher(price: Price, usage: Usage) -> None:
    worst = worst_case_of(price)
    assert worst is not None
    bill = cost_of(usage, ModelCard("p", "m", price=price), 0)
    assert bill.nanos is not None
    assert bill.nanos <= worst.nanos(usage.input_tokens, usage.output_tokens)


@given(st.builds(WorstCase, RATES, st.integers(1, 10**12), RATES), st.integers(0, 10**15), TOKENS)
def test_the_tokens_that_money_pays_for_cost_no_more_and_one_more_would(
    worst: WorstCase, nanos: int, input_tokens: int
) -> None:
    tokens = worst.output_tokens(nanos, input_tokens)
    assert tokens is not None
    if tokens < 0:
        assert worst.nanos(input_tokens, 0) > nanos
    else:
        assert worst.nanos(input_tokens, tokens) <= nanos < worst.nanos(input_tokens, tokens + 1) + 1


def test_free_answers_are_without_end_where_the_prompt_can_be_paid() -> None:
    worst = WorstCase(1_000_000, 0)
    assert worst.output_tokens(worst.nanos(10, 0), 10) is None
    assert worst.output_tokens(worst.nanos(10, 0) - 1, 10) == -1


@pytest.mark.parametrize(
    "price",
    [
        None,
        Price((Row(Rates(output=1)),)),
        Price((Row(Rates(input=1)),)),
        Price((Row(Rates(1, 1), (Tier(9, Rates()),)),)),
    ],
)
def test_what_can_be_without_a_price_has_no_worst_case(price: Price | None) -> None:
    assert worst_case_of(price) is None
