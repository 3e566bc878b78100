"""Conversations that stay, and what makes them move."""

from __future__ import annotations

from typing import Literal

import pytest

from stellwerk.core.route import Kept
from stellwerk.strategies.sticky import Settings, build
from tests.unit.strategies.kit import NOW, Known, ask, calm, dollars, names, target

TARGETS = (target("a"), target("b"), target("c"))
ORDERS: tuple[Literal["priority", "weighted", "least_busy", "cheapest"], ...] = (
    "priority",
    "weighted",
    "least_busy",
    "cheapest",
)


@pytest.mark.parametrize("otherwise", ORDERS)
@pytest.mark.parametrize("draw", [0.0, 0.4, 0.99])
def test_a_conversation_stays_with_its_target(
    otherwise: Literal["priority", "weighted", "least_busy", "cheapest"], draw: float
) -> None:
    strategy = build(Settings(otherwise=otherwise))
    kept = Kept("c", 500, NOW - 20)
    plan = strategy.plan(TARGETS, ask(draw=draw, kept=kept), calm(*TARGETS, c=Known(50)))
    assert names(plan)[0] == "c"
    assert sorted(names(plan)) == ["a", "b", "c"]
    assert plan.reason.startswith("c answered the conversation's last turn")
    assert strategy.minds_conversations


def test_it_moves_freely_once_the_cache_is_cold_or_the_target_gone() -> None:
    strategy = build(Settings(otherwise="priority"))
    for kept in (Kept("c", 500, NOW - 300), Kept("gone", 500, NOW), None):
        assert names(strategy.plan(TARGETS, ask(kept=kept), calm(*TARGETS))) == ["a", "b", "c"]


def test_new_conversations_follow_the_other_order() -> None:
    priced = (target("dear", rates=dollars(9, 9)), target("cheap", 3, rates=dollars(1, 1)))
    standings = calm(*priced, cheap=Known(9))
    assert names(build(Settings(otherwise="priority")).plan(priced, ask(), standings))[0] == "dear"
    assert names(build(Settings(otherwise="weighted")).plan(priced, ask(draw=0.3), standings))[0] == "cheap"
    assert names(build(Settings(otherwise="least_busy")).plan(priced, ask(), standings))[0] == "dear"
    assert names(build(Settings(otherwise="cheapest")).plan(priced, ask(), standings))[0] == "cheap"
    assert build(Settings()).plan(priced, ask(draw=0.3), standings).reason == "cheap by its weight, 3 of 4"


def test_moving_is_charged_with_the_lost_prefix() -> None:
    strategy = build(Settings(otherwise="cheapest"))
    warm = target("warm", rates=dollars(3, 10, read=0.3))
    kept = Kept("warm", 900, NOW)  # 1,000 tokens cost $0.00057 there

    def first(fresh: float) -> str:
        targets = (target("other", rates=dollars(fresh, 10)), warm)
        return names(strategy.plan(targets, ask(tokens=1_000, kept=kept), calm(*targets)))[0]

    assert first(2.0) == "warm"
    assert first(0.57) == "warm"
    assert first(0.56) == "other"


def test_the_reason_says_that_a_conversation_moved() -> None:
    targets = (target("warm", rates=dollars(30, 10)), target("other", rates=dollars(1, 10)))
    plan = build(Settings(otherwise="cheapest")).plan(targets, ask(kept=Kept("warm", 900, NOW)), calm(*targets))
    assert plan.reason == (
        "other is the cheapest, at an expected $0.0060000, although warm answered the conversation's last turn"
    )


def test_nobody_knows_whether_moving_from_an_unpriced_target_is_cheaper() -> None:
    targets = (target("priced", rates=dollars(1, 10)), target("unpriced"), target("dear", rates=dollars(9, 10)))
    plan = build(Settings(otherwise="cheapest")).plan(targets, ask(kept=Kept("unpriced", 900, NOW)), calm(*targets))
    assert names(plan) == ["unpriced", "priced", "dear"]


def test_a_single_target_is_what_there_is() -> None:
    assert build(Settings()).fixed(TARGETS[:1]) is not None
    assert build(Settings()).fixed(TARGETS) is None
