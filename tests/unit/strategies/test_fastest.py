"""The faster of two, and how all are kept known."""

from __future__ import annotations

from collections import Counter

import pytest

from stellwerk.strategies.fastest import Settings, build
from tests.unit.strategies.kit import Known, ask, calm, names, target

STRATEGY = build(Settings())
UNMOVED = build(Settings(explore=0))
TARGETS = tuple(target(name) for name in "abc")


def test_of_two_targets_the_faster_one_comes_first() -> None:
    pair = TARGETS[:2]
    for n in range(20):
        plan = UNMOVED.plan(pair, ask(draw=n / 20), calm(*pair, a=Known(0, 0.9), b=Known(0, 0.3)))
        assert names(plan) == ["b", "a"]
        assert plan.reason == "b is the faster of two"


def test_every_pair_is_drawn_as_often() -> None:
    standings = calm(*TARGETS, a=Known(0, 0.1), b=Known(0, 0.2), c=Known(0, 0.3))
    firsts = Counter(names(UNMOVED.plan(TARGETS, ask(draw=(n + 0.5) / 600), standings))[0] for n in range(600))
    assert firsts == {"a": 400, "b": 200}  # the slowest one never wins


def test_the_others_follow_by_their_time() -> None:
    standings = calm(*TARGETS, a=Known(0, 0.3), b=Known(0, 0.1), c=Known(0, 0.2))
    orders = {"".join(names(UNMOVED.plan(TARGETS, ask(draw=n / 60), standings))) for n in range(60)}
    assert orders == {"bca", "cba"}


def test_of_two_that_are_about_as_fast_the_less_busy_one_comes_first() -> None:
    pair = TARGETS[:2]
    plan = STRATEGY.plan(pair, ask(), calm(*pair, a=Known(3, 0.50), b=Known(1, 0.53)))
    assert names(plan) == ["b", "a"]
    assert plan.reason == "b is the less busy of two that are as fast"
    assert names(STRATEGY.plan(pair, ask(), calm(*pair, a=Known(3, 0.50), b=Known(1, 0.56)))) == ["a", "b"]


def test_an_unknown_target_is_tried_first_but_not_by_everybody_at_once() -> None:
    known = {"a": Known(0, 0.1), "b": Known(0, 0.2)}
    plan = STRATEGY.plan(TARGETS, ask(), calm(*TARGETS, **known))
    assert names(plan) == ["c", "a", "b"]
    assert plan.reason == "c is tried to learn how fast it is"
    for n in range(2, 100):  # none of the explorers
        asked = calm(*TARGETS, **known, c=Known(1))
        assert names(STRATEGY.plan(TARGETS, ask(draw=n / 100), asked))[-1] == "c"


def test_while_nothing_is_known_of_any_calls_are_spread() -> None:
    firsts = {names(STRATEGY.plan(TARGETS, ask(draw=n / 10), calm(*TARGETS)))[0] for n in range(10)}
    assert firsts == {"a", "b", "c"}
    pair = TARGETS[:2]
    assert names(STRATEGY.plan(pair, ask(), calm(*pair, a=Known(5), b=Known(4)))) == ["b", "a"]


def test_an_idle_target_gets_its_share_to_show_that_it_became_faster() -> None:
    standings = calm(*TARGETS, a=Known(2, 0.1), b=Known(0, 5.0), c=Known(0, 9.0))
    plans = [STRATEGY.plan(TARGETS, ask(draw=(n + 0.5) / 1_000), standings) for n in range(1_000)]
    tried = Counter(names(plan)[0] for plan in plans if "tried" in plan.reason)
    assert tried == {"b": 10, "c": 10}


def test_where_none_is_idle_nobody_explores() -> None:
    pair = TARGETS[:2]
    standings = calm(*pair, a=Known(1, 0.1), b=Known(1, 5.0))
    assert {names(STRATEGY.plan(pair, ask(draw=n / 1_000), standings))[0] for n in range(1_000)} == {"a"}


@pytest.mark.parametrize("draw", [0.0, 0.02, 0.5, 1 - 2**-53])
def test_a_single_target_is_what_there_is(draw: float) -> None:
    one = TARGETS[:1]
    assert STRATEGY.fixed(one) is not None
    assert STRATEGY.fixed(TARGETS) is None
    assert names(STRATEGY.plan(one, ask(draw=draw), calm(*one, a=Known(1, 0.5)))) == ["a"]
