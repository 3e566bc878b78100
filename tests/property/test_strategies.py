"""Orders of targets, whatever their number, weights, prices and standings."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import cost_of
from stellwerk.core.envelope import Envelope
from stellwerk.core.price import Price, Rates, Row, Tier
from stellwerk.core.route import Ask, Kept, Target
from stellwerk.core.usage import Usage
from stellwerk.strategies import cheapest, fastest, least_busy, sticky, weighted

ENVELOPE = Envelope("openai_chat", "smart", is_stream=False, body=b"{}")
DRAWS = st.floats(0, 1, exclude_max=True)
WEIGHTS = st.lists(st.integers(0, 5), min_size=1, max_size=5)
RATE = st.integers(0, 10**11)


class Known(NamedTuple):
    """What is known of a target."""

    in_flight: int
    first_byte_s: float


def targets_of(weights: list[int]) -> tuple[Target, ...]:
    return tuple(Target(str(place), "p", str(place), float(weight)) for place, weight in enumerate(weights))


@given(WEIGHTS)
def test_the_chance_to_come_first_is_exactly_the_share_of_the_weight(weights: list[int]) -> None:
    targets, whole = targets_of(weights), sum(weights)
    strategy = weighted.build(weighted.Settings())
    if not whole:
        assert strategy.plan(targets, Ask(ENVELOPE, 0.5, 0.0, lambda: 1), {}).targets == targets
        return
    draws = [(2 * place + 1) / (2 * whole) for place in range(whole)]
    firsts = [strategy.plan(targets, Ask(ENVELOPE, draw, 0.0, lambda: 1), {}).targets[0] for draw in draws]
    assert [firsts.count(target) for target in targets] == weights


@given(st.lists(st.integers(1, 4), min_size=3, max_size=3))
def test_the_chance_of_each_order_is_that_of_drawing_without_replacement(weights: list[int]) -> None:
    targets, whole = targets_of(weights), sum(weights)
    strategy = weighted.build(weighted.Settings())
    draws = 5_000
    counts: dict[tuple[Target, ...], int] = {}
    for n in range(draws):
        order = strategy.plan(targets, Ask(ENVELOPE, (n + 0.5) / draws, 0.0, lambda: 1), {}).targets
        counts[order] = counts.get(order, 0) + 1
    for order, count in counts.items():
        first, second = int(order[0].weight), int(order[1].weight)
        expected = Fraction(first, whole) * Fraction(second, whole - first)
        assert abs(count - expected * draws) <= 2


@given(WEIGHTS, DRAWS)
def test_those_without_weight_are_the_last_in_their_order(weights: list[int], draw: float) -> None:
    targets = targets_of(weights)
    plan = weighted.build(weighted.Settings()).plan(targets, Ask(ENVELOPE, draw, 0.0, lambda: 1), {})
    idle = tuple(target for target in targets if not target.weight)
    assert plan.targets[len(targets) - len(idle) :] == idle


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20)), min_size=1, max_size=8), DRAWS)
def test_nobody_is_less_busy_than_the_least_busy(drawn: list[tuple[int, int]], draw: float) -> None:
    targets = targets_of([weight for weight, _ in drawn])
    standings = {str(place): Known(calls, 0.0) for place, (_, calls) in enumerate(drawn)}
    plan = least_busy.build(least_busy.Settings()).plan(targets, Ask(ENVELOPE, draw, 0.0, lambda: 1), standings)

    def load(target: Target) -> float:
        return (standings[target.identity].in_flight + 1) / target.weight if target.weight else float("inf")

    loads = [load(target) for target in plan.targets]
    assert loads == sorted(loads)
    assert set(plan.targets) == set(targets)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.1, 0.105, 0.5, 2.0])), min_size=2, max_size=6), DRAWS
)
def test_the_slowest_comes_first_only_to_learn_or_to_share(drawn: list[tuple[int, float]], draw: float) -> None:
    targets = targets_of([1] * len(drawn))
    standings = {str(place): Known(*known) for place, known in enumerate(drawn)}
    plan = fastest.build(fastest.Settings()).plan(targets, Ask(ENVELOPE, draw, 0.0, lambda: 1), standings)
    times = [standings[target.identity].first_byte_s or float("inf") for target in plan.targets]
    assert times[1:] == sorted(times[1:])
    if "tried" in plan.reason:
        assert standings[plan.targets[0].identity].in_flight == 0
    elif times[0] > fastest.NEAR * max(times[1:]):
        raise AssertionError(plan)


@st.composite
def priced(draw: st.DrawFn) -> Price:
    """A price with tiers, hours and service tiers; rates for input and output are always there."""
    rates = st.builds(
        Rates, input=RATE, output=RATE, cache_read=st.none() | RATE, request=st.none() | st.integers(0, 10**13)
    )
    tiers = st.lists(st.builds(Tier, above=st.integers(0, 5_000), rates=rates), max_size=2).map(
        lambda found: tuple(sorted(found, key=lambda tier: tier.above))
    )
    hours = st.none() | st.tuples(st.integers(0, 1439), st.integers(0, 1439))
    rows = st.builds(Row, rates=rates, tiers=tiers, service=st.sampled_from(["", "batch"]), hours=hours)
    return Price((draw(st.builds(Row, rates=rates, tiers=tiers)), *draw(st.lists(rows, max_size=2))))


@given(
    prices=st.lists(st.none() | priced(), min_size=1, max_size=5),
    tokens=st.integers(1, 10_000),
    cap=st.none() | st.integers(0, 5_000),
    kept=st.none() | st.tuples(st.integers(0, 4), st.integers(0, 20_000)),
    at_ms=st.integers(1, 2 * 10**12),
)
def test_the_cheapest_is_the_one_that_the_bill_says(
    prices: list[Price | None], tokens: int, cap: int | None, kept: tuple[int, int] | None, at_ms: int
) -> None:
    targets = tuple(
        Target(str(place), "p", str(place), 1.0, ModelCard("p", str(place), price=price))
        for place, price in enumerate(prices)
    )
    last = None if kept is None else Kept(str(kept[0]), kept[1], 0.0)
    envelope = Envelope("openai_chat", "smart", is_stream=False, body=b"{}", output_cap=cap)
    ask = Ask(envelope, 0.5, 1.0, lambda: tokens, last, at_ms)
    plan = cheapest.build(cheapest.Settings()).plan(targets, ask, {})
    bills = []
    for target in plan.targets:
        cached = min(last.tokens, tokens) if last is not None and last.identity == target.identity else 0
        usage = Usage(tokens, 500 if cap is None else min(cap, 500), cache_read_tokens=cached)
        bills.append(cost_of(usage, target.card, at_ms).nanos)
    known = [bill for bill in bills if bill is not None]
    assert bills[: len(known)] == known
    # A bill rounds each of its lines.
    assert all(one <= other + 4 for one, other in pairwise(known))


@given(
    prices=st.lists(st.none() | priced(), min_size=2, max_size=5),
    tokens=st.integers(1, 10_000),
    place=st.integers(0, 4),
    at_ms=st.integers(1, 2 * 10**12),
)
def test_a_conversation_moves_only_to_where_it_is_cheaper_cache_and_all(
    prices: list[Price | None], tokens: int, place: int, at_ms: int
) -> None:
    targets = tuple(
        Target(str(number), "p", str(number), 1.0, ModelCard("p", str(number), price=price))
        for number, price in enumerate(prices)
    )
    own = targets[place % len(targets)]
    ask = Ask(ENVELOPE, 0.5, 1.0, lambda: tokens, Kept(own.identity, tokens, 0.0), at_ms)
    plan = sticky.build(sticky.Settings(otherwise="cheapest")).plan(targets, ask, {})
    first = plan.targets[0]
    assert set(plan.targets) == set(targets)
    if first is not own:
        staying = cost_of(Usage(tokens, 500, cache_read_tokens=tokens), own.card, at_ms).nanos
        moving = cost_of(Usage(tokens, 500), first.card, at_ms).nanos
        assert staying is not None
        assert moving is not None
        assert moving <= staying + 4
