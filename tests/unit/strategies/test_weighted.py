"""Targets by weight, with one draw for all places."""

from __future__ import annotations

from collections import Counter

from stellwerk.strategies.weighted import Settings, build
from tests.unit.strategies.kit import ask, calm, names, target

STRATEGY = build(Settings())


def test_each_comes_first_as_often_as_its_weight_says() -> None:
    targets = (target("a", 1), target("b", 3), target("c", 0.5))
    firsts = Counter(names(STRATEGY.plan(targets, ask(draw=(n + 0.5) / 900), calm(*targets)))[0] for n in range(900))
    assert firsts == {"a": 200, "b": 600, "c": 100}


def test_the_next_places_go_by_the_weights_that_are_left() -> None:
    targets = (target("a", 1), target("b", 3), target("c", 2))
    orders = Counter(
        "".join(names(STRATEGY.plan(targets, ask(draw=(n + 0.5) / 6_000), calm(*targets)))) for n in range(6_000)
    )
    assert orders == {"abc": 600, "acb": 400, "bac": 1_000, "bca": 2_000, "cab": 500, "cba": 1_500}


def test_without_weight_a_target_only_stands_by() -> None:
    targets = (target("a", 0), target("b"), target("c", 0), target("d"))
    orders = {"".join(names(STRATEGY.plan(targets, ask(draw=n / 10), calm(*targets)))) for n in range(10)}
    assert orders == {"bdac", "dbac"}


def test_where_none_has_a_weight_the_configuration_decides() -> None:
    targets = (target("b", 0), target("a", 0))
    assert names(STRATEGY.plan(targets, ask(), calm(*targets))) == ["b", "a"]


def test_the_reason_names_the_share() -> None:
    targets = (target("a", 1), target("b", 3))
    assert STRATEGY.plan(targets, ask(draw=0.9), calm(*targets)).reason == "b by its weight, 3 of 4"


def test_what_rounding_leaves_over_belongs_to_the_last_one() -> None:
    targets = tuple(target(str(n), 0.1) for n in range(10))
    assert names(STRATEGY.plan(targets, ask(draw=1 - 2**-53), calm(*targets)))[0] == "9"


def test_a_single_target_needs_no_draw() -> None:
    (one,) = targets = (target("a"),)
    plan = STRATEGY.fixed(targets)
    assert plan is not None
    assert plan.targets == (one,)
    assert STRATEGY.fixed((one, target("b"))) is None
