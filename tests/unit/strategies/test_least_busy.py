"""The fewest calls under way, for the weight."""

from __future__ import annotations

from collections import Counter

from stellwerk.strategies.least_busy import Settings, build
from tests.unit.strategies.kit import Known, ask, calm, names, target

STRATEGY = build(Settings())


def test_fewer_calls_under_way_come_first() -> None:
    targets = (target("a"), target("b"), target("c"))
    plan = STRATEGY.plan(targets, ask(), calm(*targets, a=Known(7), b=Known(2), c=Known(4)))
    assert names(plan) == ["b", "c", "a"]
    assert plan.reason == "b is the least busy, 2 in flight"


def test_a_target_of_twice_the_weight_takes_twice_as_many() -> None:
    targets = (target("small", 1), target("large", 2))
    assert names(STRATEGY.plan(targets, ask(), calm(*targets, small=Known(2), large=Known(4))))[0] == "large"
    assert names(STRATEGY.plan(targets, ask(), calm(*targets, small=Known(2), large=Known(6))))[0] == "small"


def test_equals_are_drawn_with_the_same_chance() -> None:
    targets = (target("a"), target("b"), target("busy"), target("c"))
    standings = calm(*targets, busy=Known(1))
    firsts = Counter(names(STRATEGY.plan(targets, ask(draw=(n + 0.5) / 30), standings))[0] for n in range(30))
    assert firsts == {"a": 10, "b": 10, "c": 10}


def test_without_weight_a_target_comes_last_however_idle() -> None:
    targets = (target("a", 0), target("b"))
    assert names(STRATEGY.plan(targets, ask(), calm(*targets, b=Known(10_000)))) == ["b", "a"]


def test_a_single_target_is_what_there_is() -> None:
    assert STRATEGY.fixed((target("a"),)) is not None
    assert STRATEGY.fixed((target("a"), target("b"))) is None
