"""Cost: every unit in one line, every line rounded once, and examples computed by hand from published prices."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from stellwerk.core import catalog, cost, model_name, price
from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import UNPRICED, Cost, cost_of, format_usd, nanos_of
from stellwerk.core.price import Price, Rates, Row, Tier
from stellwerk.core.usage import Usage

USD = 1_000_000_000
NOON_MS = 1_764_072_000_000


def card(rates: Rates, *tiers: Tier) -> ModelCard:
    """A model with one price."""
    return ModelCard("p", "m", price=Price((Row(rates, tiers),)))


# As the providers publish them, in dollars a million tokens.
SONNET_4_5 = card(
    Rates(input=3 * USD, output=15 * USD, cache_read=USD * 3 // 10, cache_write=USD * 15 // 4, cache_write_1h=6 * USD),
    Tier(
        200_000,
        Rates(
            input=6 * USD,
            output=USD * 45 // 2,
            cache_read=USD * 6 // 10,
            cache_write=USD * 15 // 2,
            cache_write_1h=12 * USD,
        ),
    ),
)
GPT_5_2 = card(Rates(input=USD * 7 // 4, output=14 * USD, cache_read=USD * 175 // 1000))
GEMINI_2_5_PRO = card(
    Rates(input=USD * 5 // 4, output=10 * USD, cache_read=USD // 8),
    Tier(200_000, Rates(input=USD * 5 // 2, output=15 * USD, cache_read=USD // 4)),
)
GPT_REALTIME = card(
    Rates(
        input=4 * USD,
        output=16 * USD,
        cache_read=USD * 4 // 10,
        input_audio=32 * USD,
        cache_read_audio=USD * 4 // 10,
        output_audio=64 * USD,
    )
)


def dollars(usage: Usage | None, of: ModelCard | None) -> str | None:
    """What a call cost, as the caller reads it."""
    nanos = cost_of(usage, of, NOON_MS).nanos
    return None if nanos is None else format_usd(nanos).decode()


def lines(found: Cost) -> dict[str, int]:
    """How many units stand in each line."""
    return {line.unit: line.count for line in found.lines}


def test_complaint_13_cached_tokens_of_gemini_are_charged_once() -> None:
    # 250,000 of prompt, 240,000 of them cached: 10,000 x 2.50 + 240,000 x 0.25 + 1,000 x 15.00 a million.
    usage = Usage(input_tokens=250_000, output_tokens=1_000, cache_read_tokens=240_000)
    assert dollars(usage, GEMINI_2_5_PRO) == "0.1"
    assert lines(cost_of(usage, GEMINI_2_5_PRO, NOON_MS)) == {"cache_read": 240_000, "input": 10_000, "output": 1_000}


def test_complaint_13_cached_tokens_of_openai_are_charged_once() -> None:
    # 2,000 x 1.75 + 8,000 x 0.175 + 500 x 14.00 a million.
    assert dollars(Usage(input_tokens=10_000, output_tokens=500, cache_read_tokens=8_000), GPT_5_2) == "0.0119"


def test_complaint_13_cache_reads_and_writes_of_anthropic_are_charged_once() -> None:
    # On the wire: input 50, cache read 100,000, cache write 20,000; neutral input is their sum.
    usage = Usage(input_tokens=120_050, output_tokens=600, cache_read_tokens=100_000, cache_write_tokens=20_000)
    # 50 x 3.00 + 100,000 x 0.30 + 20,000 x 3.75 + 600 x 15.00 a million.
    assert dollars(usage, SONNET_4_5) == "0.11415"


def test_what_is_written_for_an_hour_costs_more_and_is_not_counted_beside_the_other_writes() -> None:
    usage = Usage(
        input_tokens=120_050,
        output_tokens=600,
        cache_read_tokens=100_000,
        cache_write_tokens=20_000,
        cache_write_1h_tokens=5_000,
    )
    # 150 + 30,000 + 15,000 x 3.75 + 5,000 x 6.00 + 9,000 microdollars.
    assert dollars(usage, SONNET_4_5) == "0.1254"


def test_the_size_of_the_prompt_counts_what_is_cached() -> None:
    usage = Usage(input_tokens=200_001, output_tokens=100, cache_read_tokens=200_000)
    # 1 x 6.00 + 200,000 x 0.60 + 100 x 22.50 a million.
    assert dollars(usage, SONNET_4_5) == "0.122256"


def test_complaint_14_images_that_were_cached_are_charged_once() -> None:
    # xAI counts 700 tokens of images and 900 cached ones in a prompt of 1,000: most of the images were cached.
    usage = Usage(input_tokens=1_000, output_tokens=0, cache_read_tokens=900, input_image_tokens=700)
    without = card(Rates(input=2 * USD, output=10 * USD, cache_read=USD // 2))
    # 100 x 2.00 + 900 x 0.50 a million.
    assert dollars(usage, without) == "0.00065"
    apart = card(Rates(input=2 * USD, output=10 * USD, cache_read=USD // 2, input_image=3 * USD))
    # Where images have a rate of their own, at most what was not cached can have been one.
    assert lines(cost_of(usage, apart, NOON_MS)) == {"cache_read": 900, "input_image": 100}


def test_complaint_15_a_call_of_which_nobody_said_what_it_used_is_unpriced_and_not_free() -> None:
    assert cost_of(None, GPT_5_2, NOON_MS) == UNPRICED
    assert dollars(Usage(), GPT_5_2) == "0"


def test_complaint_15_counts_that_arrive_twice_are_charged_once() -> None:
    first, last = Usage(input_tokens=1_200, output_tokens=1), Usage(input_tokens=1_200, output_tokens=300)
    # A stream's counts are tallies: its last one is the call's usage. 1,200 x 3.00 + 300 x 15.00 a million.
    assert dollars(last, SONNET_4_5) == "0.0081"
    assert cost_of(last, SONNET_4_5, NOON_MS) != cost_of(first, SONNET_4_5, NOON_MS)


def test_audio_is_a_part_of_the_prompt_and_cached_audio_a_part_of_both() -> None:
    usage = Usage(
        input_tokens=1_000,
        output_tokens=200,
        cache_read_tokens=400,
        input_audio_tokens=700,
        cache_read_audio_tokens=300,
        output_audio_tokens=150,
    )
    assert lines(cost_of(usage, GPT_REALTIME, NOON_MS)) == {
        "cache_read_audio": 300,
        "cache_read": 100,
        "input_audio": 400,
        "input": 200,
        "output_audio": 150,
        "output": 50,
    }


def test_cached_audio_without_a_rate_of_its_own_costs_what_other_cached_input_does() -> None:
    usage = Usage(input_tokens=100, cache_read_tokens=60, input_audio_tokens=80, cache_read_audio_tokens=50)
    discounted = card(Rates(input=4 * USD, cache_read=USD, input_audio=32 * USD))
    assert lines(cost_of(usage, discounted, NOON_MS)) == {"cache_read": 60, "input_audio": 30, "input": 10}


def test_audio_from_a_cache_that_nobody_discounts_is_audio() -> None:
    usage = Usage(input_tokens=100, cache_read_tokens=60, input_audio_tokens=80, cache_read_audio_tokens=50)
    full = card(Rates(input=4 * USD, input_audio=32 * USD))
    assert lines(cost_of(usage, full, NOON_MS)) == {"input_audio": 80, "input": 20}


def test_reasoning_is_output_unless_it_has_a_rate() -> None:
    usage = Usage(input_tokens=10, output_tokens=100, reasoning_tokens=80)
    assert lines(cost_of(usage, GPT_5_2, NOON_MS)) == {"input": 10, "output": 100}
    apart = card(Rates(input=USD, output=USD, reasoning=3 * USD))
    assert lines(cost_of(usage, apart, NOON_MS)) == {"input": 10, "reasoning": 80, "output": 20}


def test_images_that_a_model_makes_have_their_own_rate() -> None:
    # Gemini's image model: 0.30 in, 2.50 out, 30.00 for images; 10 x 0.30 + 20 x 2.50 + 1,290 x 30.00 a million.
    found = card(Rates(input=USD * 3 // 10, output=USD * 5 // 2, output_image=30 * USD))
    assert dollars(Usage(input_tokens=10, output_tokens=1_310, output_image_tokens=1_290), found) == "0.038753"


def test_searches_and_calls_are_paid_by_the_piece() -> None:
    # 10 dollars for a thousand searches, 12 for a thousand calls: 10 billion nano-dollars a thousand.
    found = card(Rates(input=USD, output=USD, web_search=10_000 * USD, request=12_000 * USD))
    assert dollars(Usage(input_tokens=1, web_searches=3), found) == "0.042001"
    assert dollars(Usage(), found) == "0"


def test_a_tier_of_service_has_its_own_price() -> None:
    found = ModelCard(
        "p",
        "m",
        price=Price((Row(Rates(input=USD, output=USD)), Row(Rates(input=2 * USD, output=2 * USD), (), "fast"))),
    )
    assert dollars(Usage(input_tokens=1_000, service_tier="fast"), found) == "0.002"
    assert dollars(Usage(input_tokens=1_000, service_tier="default"), found) == "0.001"


@pytest.mark.parametrize("of", [None, ModelCard("p", "m")])
def test_a_model_without_a_price_is_unpriced_whatever_it_used(of: ModelCard | None) -> None:
    assert cost_of(Usage(), of, NOON_MS) == UNPRICED
    assert cost_of(Usage(input_tokens=5), of, NOON_MS).nanos is None


@pytest.mark.parametrize(
    ("usage", "unit"),
    [
        (Usage(input_tokens=5, output_tokens=5), "output"),
        (Usage(input_tokens=5, web_searches=1), "web_search"),
    ],
)
def test_a_line_without_a_rate_makes_the_whole_unpriced_and_shows_which(usage: Usage, unit: str) -> None:
    found = cost_of(usage, card(Rates(input=USD)), NOON_MS)
    assert found.nanos is None
    assert [line.unit for line in found.lines if line.nanos is None] == [unit]
    assert [line.nanos for line in found.lines if line.unit == "input"] == [5_000]


def test_free_is_a_price() -> None:
    assert dollars(Usage(input_tokens=5, output_tokens=5), card(Rates(input=0, output=0))) == "0"


def test_parts_that_claim_more_than_the_whole_are_cut_to_it() -> None:
    usage = Usage(input_tokens=10, output_tokens=10, cache_read_tokens=30, output_audio_tokens=40)
    found = cost_of(usage, GPT_REALTIME, NOON_MS)
    assert lines(found) == {"cache_read": 10, "output_audio": 10}


@pytest.mark.parametrize(
    ("tokens", "rate", "nanos"),
    [(1, 500_000, 0), (3, 500_000, 2), (5, 500_000, 2), (1, 500_001, 1), (1, 499_999, 0), (7, 1_000_000, 7)],
)
def test_a_half_goes_to_the_even_neighbour(tokens: int, rate: int, nanos: int) -> None:
    assert cost_of(Usage(input_tokens=tokens), card(Rates(input=rate)), NOON_MS).nanos == nanos


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, b"0"),
        (1, b"0.000000001"),
        (1_230_000, b"0.00123"),
        (2 * USD, b"2"),
        (10 * USD, b"10"),
        (12_500_000_000_000_000_001, b"12500000000.000000001"),
        (-1_500_000_000, b"-1.5"),
    ],
)
def test_dollars_are_shown_unrounded(nanos: int, text: bytes) -> None:
    assert format_usd(nanos) == text


@pytest.mark.parametrize("module", [catalog, cost, model_name, price])
def test_no_float_touches_money(module: object) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not isinstance(node, ast.Div)
        assert not (isinstance(node, ast.Name) and node.id == "float")


def test_the_sum_alone_leaves_out_what_was_not_used() -> None:
    for usage in (Usage(), Usage(1_000, 0), Usage(0, 1_000), Usage(1_000, 10, 1_000)):
        assert nanos_of(usage, GPT_5_2, NOON_MS) == cost_of(usage, GPT_5_2, NOON_MS).nanos


def test_the_short_way_knows_what_has_no_rate() -> None:
    half = ModelCard("p", "m", price=Price((Row(Rates(cache_read=5, output=7_000_000)),)))
    assert nanos_of(Usage(10, 2), half, NOON_MS) is None
    assert nanos_of(Usage(0, 2), half, NOON_MS) == 14
    odd = ModelCard("p", "m", price=Price((Row(Rates(input=1, cache_read=1, output=1_500_000)),)))
    assert nanos_of(Usage(0, 3), odd, NOON_MS) == 4
