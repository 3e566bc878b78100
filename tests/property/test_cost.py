"""Money: lines add up to what was used, sums are exact, more never costs less, and a cache never costs more."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import Cost, cost_of, format_usd, nanos_of
from stellwerk.core.price import DAY_MS, MILLION, Price, Rates, Row, Tier
from stellwerk.core.usage import Usage

TOKENS = st.integers(0, 3_000_000)
RATE = st.integers(0, 200 * 10**9)
MOMENTS = st.integers(0, 2 * 10**12)
SERVICES = st.sampled_from(["", "batch", "flex", "other"])
OUTPUT_UNITS = {"output", "output_audio", "output_image", "reasoning"}
BY_PIECE = {"web_search", "request"}
COUNTS = [name for name in Usage.__struct_fields__ if name not in {"service_tier", "reported_nanos"}]

usages = st.builds(Usage, **dict.fromkeys(COUNTS, TOKENS), service_tier=SERVICES)
partial_rates = st.builds(Rates, **{unit: st.none() | RATE for unit in Rates.__struct_fields__})
token_rates = st.builds(
    Rates,
    input=RATE,
    output=RATE,
    **{unit: st.none() | RATE for unit in Rates.__struct_fields__ if unit not in {"input", "output"}},
)
rows = st.builds(
    Row,
    rates=partial_rates,
    tiers=st.lists(st.builds(Tier, above=TOKENS, rates=partial_rates), max_size=2).map(
        lambda tiers: tuple(sorted(tiers, key=lambda tier: tier.above))
    ),
    service=SERVICES,
    since_s=st.integers(0, 2 * 10**9),
    hours=st.none() | st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
)
prices = st.builds(Price, st.lists(rows, min_size=1, max_size=6).map(tuple))


@st.composite
def whole_usages(draw: st.DrawFn) -> Usage:
    """Usage as dialects promise it: no part is larger than what it is a part of, and none overlap unsaid."""
    read, write, audio, image, rest = (draw(TOKENS) for _ in range(5))
    spoken, drawn, thought, said = (draw(TOKENS) for _ in range(4))
    heard = draw(st.integers(0, read))
    return Usage(
        input_tokens=read + write + audio + image + rest,
        output_tokens=spoken + drawn + thought + said,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=draw(st.integers(0, write)),
        input_audio_tokens=audio + heard,
        cache_read_audio_tokens=heard,
        input_image_tokens=image,
        output_audio_tokens=spoken,
        output_image_tokens=drawn,
        reasoning_tokens=thought,
    )


def card(rates: Rates) -> ModelCard:
    return ModelCard("p", "m", price=Price((Row(rates),)))


def total(usage: Usage, rates: Rates) -> int:
    found = cost_of(usage, card(rates), 0).nanos
    assert found is not None
    return found


def sum_of(one: Usage, other: Usage) -> Usage:
    return Usage(**{name: getattr(one, name) + getattr(other, name) for name in COUNTS})


def assert_exact(found: Cost) -> None:
    """Each line is its product rounded once, half to even, as decimal arithmetic has it; the whole is their sum."""
    for line in found.lines:
        assert line.count > 0
        assert (line.rate is None) == (line.nanos is None)
        if line.rate is not None:
            exact = Decimal(line.count * line.rate) / MILLION
            assert line.nanos == int(exact.to_integral_value(ROUND_HALF_EVEN))
    known = [line.nanos for line in found.lines if line.nanos is not None]
    assert found.nanos == (sum(known) if len(known) == len(found.lines) else None)


@given(usages, prices, MOMENTS)
def test_every_token_stands_in_exactly_one_line(usage: Usage, price: Price, at_ms: int) -> None:
    found = cost_of(usage, ModelCard("p", "m", price=price), at_ms)
    spent = [line for line in found.lines if line.unit not in BY_PIECE]
    assert sum(line.count for line in spent if line.unit in OUTPUT_UNITS) == usage.output_tokens
    assert sum(line.count for line in spent if line.unit not in OUTPUT_UNITS) == usage.input_tokens
    assert len({line.unit for line in found.lines}) == len(found.lines)
    assert_exact(found)


@given(whole_usages(), token_rates)
def test_parts_that_are_parts_are_charged_in_full(usage: Usage, rates: Rates) -> None:
    counts = {line.unit: line.count for line in cost_of(usage, card(rates), 0).lines}
    if rates.cache_read is not None and rates.cache_read_audio is not None:
        assert counts.get("cache_read", 0) + counts.get("cache_read_audio", 0) == usage.cache_read_tokens
    if rates.cache_write is not None and rates.cache_write_1h is not None:
        assert counts.get("cache_write", 0) + counts.get("cache_write_1h", 0) == usage.cache_write_tokens
    if rates.output_audio is not None:
        assert counts.get("output_audio", 0) == usage.output_audio_tokens


@given(whole_usages(), whole_usages(), token_rates)
def test_the_cost_of_two_calls_is_that_of_both_up_to_one_nano_for_a_line(
    one: Usage, other: Usage, rates: Rates
) -> None:
    rates = Rates(**{unit: getattr(rates, unit) for unit in Rates.__struct_fields__ if unit not in BY_PIECE})
    both = cost_of(sum_of(one, other), card(rates), 0)
    apart = total(one, rates) + total(other, rates)
    assert both.nanos is not None
    # Each of three roundings of a line is off by half a nano at most.
    assert abs(both.nanos - apart) <= 1.5 * len(both.lines)


@given(whole_usages(), whole_usages(), token_rates)
def test_costs_of_round_numbers_add_up_exactly(one: Usage, other: Usage, rates: Rates) -> None:
    rates = Rates(**{unit: getattr(rates, unit) for unit in Rates.__struct_fields__ if unit not in BY_PIECE})
    millions = [Usage(**{name: getattr(usage, name) * MILLION for name in COUNTS}) for usage in (one, other)]
    assert total(sum_of(*millions), rates) == total(millions[0], rates) + total(millions[1], rates)


@given(whole_usages(), token_rates, st.integers(0, 10_000), st.sampled_from(["input_tokens", "output_tokens"]))
def test_more_tokens_never_cost_less(usage: Usage, rates: Rates, more: int, what: str) -> None:
    larger = Usage(**{name: getattr(usage, name) + (more if name == what else 0) for name in COUNTS})
    assert total(larger, rates) >= total(usage, rates)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), RATE, RATE)
def test_what_is_read_from_a_cache_never_costs_more(
    prompt: int, cached: int, output: int, one: int, other: int
) -> None:
    rates = Rates(input=max(one, other), output=one, cache_read=min(one, other))
    plain = Usage(input_tokens=prompt + cached, output_tokens=output)
    reused = Usage(input_tokens=prompt + cached, output_tokens=output, cache_read_tokens=cached)
    assert total(reused, rates) <= total(plain, rates) + 1


@given(prices, MOMENTS, st.integers(0, 400 * DAY_MS), SERVICES)
def test_leaving_out_what_is_over_changes_no_later_price(price: Price, at_ms: int, later: int, service: str) -> None:
    first, *others = price.rows
    whole = Price((Row(first.rates, first.tiers), *others))
    assert whole.from_then_on(at_ms).row(at_ms + later, service) == whole.row(at_ms + later, service)


@given(st.integers(-(10**30), 10**30))
def test_dollars_are_the_nanos_again(nanos: int) -> None:
    text = format_usd(nanos).decode()
    whole, _, rest = text.partition(".")
    assert int(whole + rest.ljust(9, "0")) == nanos
    assert "e" not in text.lower()
    assert text == "0" or not text.endswith(".")
    assert "." not in text or not text.endswith("0")


WHOLE = st.integers(0, 200_000).map(lambda nanos: nanos * MILLION)
flat_rates = st.builds(
    Rates, input=st.none() | RATE | WHOLE, output=st.none() | RATE | WHOLE, cache_read=st.none() | RATE | WHOLE
)
plain_usages = st.builds(
    Usage, input_tokens=TOKENS, output_tokens=TOKENS, cache_read_tokens=TOKENS, reasoning_tokens=TOKENS
)


@given(usages | plain_usages, prices | flat_rates.map(lambda rates: Price((Row(rates),))), MOMENTS)
def test_the_short_way_to_a_sum_leads_to_the_same_sum(usage: Usage, price: Price, at_ms: int) -> None:
    found = ModelCard("p", "m", price=price)
    assert nanos_of(usage, found, at_ms) == cost_of(usage, found, at_ms).nanos
    assert nanos_of(usage, None, at_ms) is None
    rates = price.per_token
    if rates is not None and usage.is_plain:
        read = usage.cache_read_tokens
        total = (usage.input_tokens - read) * rates[0] + read * rates[1] + usage.output_tokens * rates[2]
        assert total == nanos_of(usage, found, at_ms)
