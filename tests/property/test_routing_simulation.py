"""Circuits, budgets for repeats and hedges, played against simulated providers in a time of their own: no I/O.

A caller's request goes the way that exchanges go: the targets that are well in their order, then those that are flaky,
then repeats as far as the target's budget goes.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.core.breaker import Rules
from stellwerk.core.retry_budget import FLOOR_PER_S, KEPT_S, SHARE
from stellwerk.core.snapshot import HedgeSpec
from stellwerk.errors import UpstreamUnavailable
from stellwerk.gateway.hedging import MOST_SAVED, Hedging
from stellwerk.gateway.standing import Standing

RULES = Rules()
RUNS = 25
"""Each is minutes of traffic."""
COOL_DOWN_S = RULES.cool_down_s * 1.2
LONGEST_COOL_DOWN_S = RULES.max_cool_down_s * 1.2
DOWN = UpstreamUnavailable("No connection.")
ANSWER_S = 0.1
REPEATS = 2
PAUSE_S = 0.5

SEEDS = st.integers(0, 2**32)
RATES = st.sampled_from([1.0, 20.0, 100.0])


@dataclass
class Provider:
    """Answers after a time, or fails after one."""

    standing: Standing
    is_well: Callable[[float], bool]
    takes_s: Callable[[float], float] = lambda _: ANSWER_S
    calls: list[float] = field(default_factory=list)
    repeats: int = 0


class World:
    """A time in which calls end in their order."""

    def __init__(self, seed: int, rules: Rules | None, *behaviours: Callable[[float], bool]) -> None:
        self.now = 0.0
        self.dice = random.Random(seed)
        self.trips: list[float] = []
        self.providers = [
            Provider(Standing(rules, lambda _: self.trips.append(self.now)), is_well) for is_well in behaviours
        ]
        self.outcomes: Counter[str] = Counter()
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Plans something."""
        heapq.heappush(self._due, (self.now + delay_s, next(self._order), act))

    def run(self, rate: float, until_s: float) -> None:
        """Requests come at a rate, and all that is planned comes to its end."""

        def come() -> None:
            Request(self).go_on()
            if self.now < until_s:
                self.later(self.dice.expovariate(rate), come)

        self.later(0.0, come)
        while self._due:
            self.now, _, act = heapq.heappop(self._due)
            act()


class Request:
    """One caller's request."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._left = list(world.providers)
        self._failed: list[Provider] = []
        self._pauses = 0

    def go_on(self) -> None:
        """Asks the next one."""
        world = self._world
        able = next((one for one in self._left if not one.standing.verdict(world.now)), None)
        able = able or next(
            (one for one in self._left if one.standing.is_last_resort(world.now, may_exceed=False)), None
        )
        if able is not None:
            self._left.remove(able)
            self._ask(able)
        else:
            self._repeat_later()

    def _ask(self, provider: Provider) -> None:
        world, asked_at = self._world, self._world.now
        provider.calls.append(asked_at)
        provider.standing.begin(asked_at)
        is_well = provider.is_well(asked_at)

        def end() -> None:
            if is_well:
                provider.standing.answered(world.now, asked_at)
                world.outcomes["answered"] += 1
            else:
                provider.standing.failed(world.now, asked_at, DOWN)
                self._failed.append(provider)
            provider.standing.end()
            if not is_well:
                self.go_on()

        world.later(provider.takes_s(asked_at), end)

    def _repeat_later(self) -> None:
        now = self._world.now
        for provider in reversed(self._failed if self._pauses < REPEATS else []):
            standing = provider.standing
            if standing.repeatable_in_s(now) <= PAUSE_S and standing.may_repeat(now):
                self._pauses += 1
                provider.repeats += 1
                self._world.later(PAUSE_S, partial(self._ask, provider))
                return
        self._world.outcomes["failed"] += 1


def never(_: float) -> bool:
    """How a dead target is."""
    return False


def always(_: float) -> bool:
    """How a target is that is well."""
    return True


@settings(max_examples=RUNS)
@given(SEEDS, RATES)
def test_a_dead_target_is_asked_a_few_times_and_then_once_in_a_while(seed: int, rate: float) -> None:
    world = World(seed, RULES, never, always)
    world.run(rate, 120.0)
    dead = world.providers[0]
    # Those that were under way when the circuit opened, then a probe after each cool-down: 5, 10, 20, 40, 60, … s.
    opened_at = world.trips[0] if world.trips else world.now
    first = sum(asked_at <= opened_at for asked_at in dead.calls)
    assert first <= RULES.failures + sum(opened_at - ANSWER_S <= asked_at <= opened_at for asked_at in dead.calls)
    assert len(dead.calls) - first <= 5
    assert len(world.trips) <= 1
    assert not world.outcomes["failed"]


@settings(max_examples=RUNS)
@given(SEEDS, RATES, st.floats(10.0, 60.0))
def test_a_target_that_was_down_serves_again_within_one_cool_down_of_its_recovery(
    seed: int, rate: float, back_at: float
) -> None:
    world = World(seed, RULES, lambda now: now >= back_at, always)
    world.run(rate, back_at + LONGEST_COOL_DOWN_S + 60.0)
    target = world.providers[0]
    assert target.standing.breaker.is_closed
    first = next(asked_at for asked_at in target.calls if asked_at >= back_at)
    # A cool-down doubles with every probe that failed: all before it together were as long, but for the first one and
    # a fifth at random.
    waited_s = min(back_at * 1.2 + COOL_DOWN_S, LONGEST_COOL_DOWN_S)
    assert first <= back_at + waited_s + 30 / rate
    later = [asked_at for asked_at in target.calls if asked_at > first + ANSWER_S + 1e-9]
    assert len(later) > (world.now - first) * rate / 4
    assert not world.outcomes["failed"]


@settings(max_examples=RUNS)
@given(SEEDS, RATES)
def test_without_a_circuit_repeats_on_a_dead_target_stay_within_their_budget(seed: int, rate: float) -> None:
    """No retry storm, although every request would repeat twice: ten a second, and what a quiet time has saved."""
    world = World(seed, None, never)
    world.run(rate, 60.0)
    (dead,) = world.providers
    spell_s = dead.calls[-1] - dead.calls[0]
    assert dead.repeats <= FLOOR_PER_S * (KEPT_S + spell_s) + 1
    assert world.outcomes["failed"] == len(dead.calls) - dead.repeats


@settings(max_examples=RUNS)
@given(SEEDS, st.sampled_from([0.05, 0.2, 0.5, 0.8]))
def test_in_any_second_repeats_are_a_small_share_of_calls(seed: int, fault_rate: float) -> None:
    rate, dice = 200.0, random.Random(seed)
    world = World(seed, None, lambda _: dice.random() >= fault_rate)
    world.run(rate, 30.0)
    (one,) = world.providers
    assert one.repeats <= FLOOR_PER_S * (KEPT_S + world.now) + SHARE * len(one.calls) + 1


@settings(max_examples=RUNS)
@given(SEEDS, RATES)
def test_where_three_targets_fail_one_call_in_five_hardly_a_request_fails(seed: int, rate: float) -> None:
    dice = random.Random(seed)
    world = World(seed, RULES, *[lambda _: dice.random() >= 0.2] * 3)
    world.run(rate, 3_000 / rate)
    assert world.outcomes["failed"] <= 12  # 3,000 * 0.2 ** 5 is one


@given(
    SEEDS,
    st.floats(0.0, 0.3),
    st.sampled_from([0.5, 0.9, 0.95, 0.99]),
    st.integers(10, 2_000),
    st.sampled_from([0.0, 0.05, 0.5]),
)
def test_hedges_stay_within_their_share_however_slow_the_target_is(
    seed: int, max_share: float, quantile: float, requests: int, slow_share: float
) -> None:
    dice = random.Random(seed)
    standing = Standing(RULES, lambda _: None)
    hedging = Hedging(HedgeSpec(enabled=True, quantile=quantile, max_share=max_share))
    now, hedges, in_a_row, most_in_a_row = 0.0, 0, 0, 0
    for _ in range(requests):
        now += 1.0
        after_s = hedging.after_s(standing)
        waited_s = dice.uniform(5.0, 9.0) if dice.random() < slow_share else dice.uniform(0.1, 0.2)
        is_hedged = after_s is not None and waited_s > after_s and hedging.take()
        hedges += is_hedged
        in_a_row = in_a_row + 1 if is_hedged else 0
        most_in_a_row = max(most_in_a_row, in_a_row)
        standing.begin(now)
        standing.answered(now + waited_s, now)
        standing.end()
    assert hedges <= 1 + max_share * requests
    assert most_in_a_row <= MOST_SAVED / (1 - max_share) + 1


@settings(max_examples=RUNS)
@given(SEEDS)
def test_hedges_cut_the_long_tail(seed: int) -> None:
    """Of two targets each is slow now and then: who waits for the faster of two hardly ever waits long."""
    dice = random.Random(seed)
    standing = Standing(RULES, lambda _: None)
    hedging = Hedging(HedgeSpec(enabled=True))

    def draw() -> float:
        return dice.uniform(2.0, 4.0) if dice.random() < 0.02 else 0.15 * dice.lognormvariate(0.0, 0.4)

    alone, hedged = [], []
    for number in range(4_000):
        now = float(number)
        after_s, waited_s = hedging.after_s(standing), draw()
        alone.append(waited_s)
        learn: Callable[[float, float], object] = standing.answered
        if after_s is not None and waited_s > after_s and hedging.take() and (second_s := after_s + draw()) < waited_s:
            waited_s, learn = second_s, standing.outwaited
        hedged.append(waited_s)
        standing.begin(now)
        learn(now + waited_s, now)
        standing.end()
    p99 = len(alone) * 99 // 100
    assert sorted(hedged)[p99] <= sorted(alone)[p99] / 2
