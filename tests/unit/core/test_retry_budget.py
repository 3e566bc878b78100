"""Repeats by hand: ten a second in any case, and a tenth of the traffic."""

from __future__ import annotations

import pytest

from stellwerk.core.retry_budget import RetryBudget


def granted(budget: RetryBudget, now: float) -> int:
    """How many repeats are to be had at this moment; takes them all."""
    count = 0
    while budget.take(now):
        count += 1
    return count


def test_without_traffic_ten_seconds_of_the_floor_are_in_store_and_it_refills_by_ten_a_second() -> None:
    budget = RetryBudget()
    assert granted(budget, 1000.0) == 100
    assert granted(budget, 1001.0) == 10
    assert granted(budget, 1000.0 + 3600) == 100


def test_ten_calls_earn_one_repeat_more() -> None:
    budget = RetryBudget()
    granted(budget, 1000.0)
    for _ in range(55):
        budget.note(1000.0)
    assert granted(budget, 1000.0) == 5


def test_steady_traffic_has_ten_seconds_of_its_tenth_in_store() -> None:
    budget = RetryBudget()
    for call in range(60_000):
        budget.note(1000.0 + call / 1000)
    assert granted(budget, 1060.0) == pytest.approx(100 + 1000, rel=0.01)


def test_what_traffic_has_earned_fades_without_it() -> None:
    budget = RetryBudget()
    for _ in range(10_000):
        budget.note(1000.0)
    assert granted(budget, 1060.0) == 102  # 1,000 have faded to 2.5
