"""Repeats never exceed their budget over any window, and the floor is there whatever came before."""

from __future__ import annotations

from math import exp

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.retry_budget import FLOOR_PER_S, KEPT_S, SHARE, RetryBudget

STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.05, 0.7, 4.0, 30.0]), st.integers(0, 400), st.integers(0, 150)),
    min_size=1,
    max_size=25,
)
ROUNDING = 1e-6


@given(STEPS)
def test_over_any_window_no_more_is_granted_than_was_in_store_and_earned(steps: list[tuple[float, int, int]]) -> None:
    budget, now, log = RetryBudget(), 0.0, []
    for span_s, calls, tries in steps:
        now += span_s
        for _ in range(calls):
            budget.note(now)
        log.append((now, calls, sum(budget.take(now) for _ in range(tries))))
    for first, (begin, _, _) in enumerate(log):
        store = FLOOR_PER_S * KEPT_S + sum(SHARE * calls * exp((at - begin) / KEPT_S) for at, calls, _ in log[:first])
        calls_within = granted = 0
        for end, calls, repeats in log[first:]:
            calls_within += calls
            granted += repeats
            assert granted <= store + SHARE * calls_within + FLOOR_PER_S * (end - begin) + ROUNDING


@given(STEPS, st.floats(0.1, 20))
def test_after_a_pause_its_floor_is_there(steps: list[tuple[float, int, int]], pause_s: float) -> None:
    budget, now = RetryBudget(), 0.0
    for span_s, calls, tries in steps:
        now += span_s
        for _ in range(calls):
            budget.note(now)
        for _ in range(tries):
            budget.take(now)
    now += pause_s
    floor = int(FLOOR_PER_S * min(pause_s, KEPT_S) - ROUNDING)
    assert all(budget.take(now) for _ in range(floor))


@given(st.integers(10, 500))
def test_when_all_calls_fail_for_long_a_tenth_and_ten_a_second_are_repeated(calls_per_s: int) -> None:
    budget, granted = RetryBudget(), 0
    for second in range(30):
        for _ in range(calls_per_s):
            budget.note(float(second))
            granted += budget.take(float(second))
    earned = 30 * calls_per_s * SHARE + 29 * FLOOR_PER_S + FLOOR_PER_S * KEPT_S
    assert min(0.95 * earned, 30 * calls_per_s) - 1 <= granted <= earned + 1
