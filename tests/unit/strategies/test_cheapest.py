"""What this request is expected to cost, at each target."""

from __future__ import annotations

from msgspec.structs import replace

from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import Price, Rates, Row, Tier
from stellwerk.core.route import Kept, Target
from stellwerk.strategies.cheapest import Settings, build
from tests.unit.strategies.kit import NOW, ask, dollars, names, target

STRATEGY = build(Settings())
LONG_READER = target("reader", rates=dollars(1, 20))
LONG_WRITER = target("writer", rates=dollars(5, 5))


def test_a_long_prompt_goes_where_input_is_cheap_and_a_short_one_where_output_is() -> None:
    targets = (LONG_READER, LONG_WRITER)
    assert names(STRATEGY.plan(targets, ask(tokens=50_000), {})) == ["reader", "writer"]
    assert names(STRATEGY.plan(targets, ask(tokens=100), {})) == ["writer", "reader"]


def test_the_cap_of_the_answer_counts_and_so_does_the_number_of_answers() -> None:
    targets = (LONG_READER, LONG_WRITER)
    assert names(STRATEGY.plan(targets, ask(tokens=1_000, cap=10), {}))[0] == "reader"
    assert names(STRATEGY.plan(targets, ask(tokens=1_000, cap=10_000), {}))[0] == "writer"
    assert names(STRATEGY.plan(targets, ask(tokens=1_000, cap=10, choices=100), {}))[0] == "writer"


def test_the_reason_names_the_expected_cost() -> None:
    plan = STRATEGY.plan((LONG_READER, LONG_WRITER), ask(tokens=1_000, cap=100), {})
    assert plan.reason == "reader is the cheapest, at an expected $0.0030000"


def test_the_prompt_is_not_counted_where_its_length_decides_nothing() -> None:
    def count() -> int:
        raise AssertionError("unreachable: counted")

    cheap, dear = target("cheap", rates=dollars(0.15, 0.6)), target("dear", rates=dollars(2, 8))
    plan = STRATEGY.plan((dear, cheap), replace(ask(), input_tokens=count), {})
    assert names(plan) == ["cheap", "dear"]
    assert plan.reason == "cheap is the cheapest, at $0.15 in and $0.6 out per million tokens"


def test_a_price_that_rises_with_the_prompt_is_that_of_this_prompt() -> None:
    rising = target("rising", rates=dollars(1, 1), tiers=(Tier(1_000, dollars(9, 9)), Tier(5_000, dollars(20, 20))))
    targets = (rising, target("level", rates=dollars(5, 5)), target("dear", rates=dollars(15, 15)))
    assert names(STRATEGY.plan(targets, ask(tokens=1_000), {})) == ["rising", "level", "dear"]
    assert names(STRATEGY.plan(targets, ask(tokens=1_001), {})) == ["level", "rising", "dear"]
    assert names(STRATEGY.plan(targets, ask(tokens=9_000), {})) == ["level", "dear", "rising"]


def test_a_tier_that_names_no_rate_for_input_changes_nothing() -> None:
    odd = target("odd", rates=dollars(1, 1), tiers=(Tier(10, Rates(output=10**12)),))
    assert names(STRATEGY.plan((target("level", rates=dollars(5, 5)), odd), ask(), {}))[0] == "odd"


def test_a_price_that_depends_on_the_hour_is_that_of_this_hour() -> None:
    rows = (Row(dollars(10, 10)), Row(dollars(1, 1), hours=(0, 60)))
    nightly = Target("nightly", "nightly", "model", 1.0, ModelCard("nightly", "model", price=Price(rows)))
    targets = (target("level", rates=dollars(5, 5)), nightly)
    assert names(STRATEGY.plan(targets, ask(at_ms=30 * 60_000), {}))[0] == "nightly"
    assert names(STRATEGY.plan(targets, ask(at_ms=90 * 60_000), {}))[0] == "level"


def test_the_price_of_another_service_tier_is_not_this_request_s() -> None:
    rows = (Row(dollars(10, 10)), Row(dollars(1, 1), service="batch"))
    batched = Target("batched", "batched", "model", 1.0, ModelCard("batched", "model", price=Price(rows)))
    assert names(STRATEGY.plan((batched, target("level", rates=dollars(5, 5))), ask(), {}))[0] == "level"


def test_what_a_target_has_in_its_cache_is_cheaper_there() -> None:
    warm = target("warm", rates=dollars(3, 10, read=0.3))
    targets = (target("cold", rates=dollars(2, 10)), warm)
    assert names(STRATEGY.plan(targets, ask(), {}))[0] == "cold"
    plan = STRATEGY.plan(targets, ask(tokens=1_000, cap=0, kept=Kept("warm", 900, NOW - 10)), {})
    assert names(plan)[0] == "warm"
    assert plan.reason == "warm is the cheapest, at an expected $0.0005700"


def test_no_more_than_the_prompt_is_cached() -> None:
    warm = target("warm", rates=dollars(3, 10, read=0.3))
    kept = Kept("warm", 1_000_000, NOW)
    assert STRATEGY.plan((warm,), ask(tokens=1_000, cap=0, kept=kept), {}).reason.endswith("$0.0003000")


def test_a_cache_that_costs_as_much_as_input_saves_nothing_but_decides_between_equals() -> None:
    targets = (target("one", rates=dollars(2, 10)), target("other", rates=dollars(2, 10)))
    assert names(STRATEGY.plan(targets, ask(), {}))[0] == "one"
    assert names(STRATEGY.plan(targets, ask(kept=Kept("other", 900, NOW)), {}))[0] == "other"


def test_a_cache_is_cold_after_a_while() -> None:
    targets = (target("cold", rates=dollars(2, 10)), target("warm", rates=dollars(3, 10, read=0.3)))
    assert names(STRATEGY.plan(targets, ask(cap=0, kept=Kept("warm", 900, NOW - 299)), {}))[0] == "warm"
    assert names(STRATEGY.plan(targets, ask(cap=0, kept=Kept("warm", 900, NOW - 300)), {}))[0] == "cold"
    assert STRATEGY.minds_conversations
    assert not build(Settings(cache_ttl_s=0)).minds_conversations


def test_a_conversation_with_a_target_that_is_gone_changes_nothing() -> None:
    targets = (target("a", rates=dollars(2, 10)), target("b", rates=dollars(1, 10)))
    assert names(STRATEGY.plan(targets, ask(kept=Kept("gone", 900, NOW)), {})) == ["b", "a"]


def test_targets_without_a_price_come_last_in_their_order() -> None:
    unknown = Target("unknown", "unknown", "model")
    targets = (unknown, target("unpriced"), LONG_READER, target("no input", rates=Rates(output=1)), LONG_WRITER)
    for tokens in (0, 50_000):
        plan = STRATEGY.plan(targets, ask(tokens=tokens, kept=Kept("writer", 1, NOW)), {})
        assert names(plan)[2:] == ["unknown", "unpriced", "no input"]


def test_where_nothing_is_priced_the_configuration_decides() -> None:
    targets = (target("b"), target("a"))
    plan = STRATEGY.plan(targets, ask(), {})
    assert names(plan) == ["b", "a"]
    assert plan.reason == "the order of the configuration"


def test_a_model_that_only_reads_is_priced_by_what_it_reads() -> None:
    targets = (target("dear", rates=Rates(input=9)), target("cheap", rates=Rates(input=3)))
    assert names(STRATEGY.plan(targets, ask(), {})) == ["cheap", "dear"]


def test_a_price_for_the_call_itself_counts() -> None:
    targets = (target("by call", rates=Rates(input=1, output=1, request=10**15)), target("level", rates=dollars(9, 9)))
    assert names(STRATEGY.plan(targets, ask(tokens=10), {}))[0] == "level"


def test_a_single_target_is_what_there_is() -> None:
    assert STRATEGY.fixed((LONG_READER,)) is not None
    assert STRATEGY.fixed((LONG_READER, LONG_WRITER)) is None
