"""Thresholds of budgets under random histories: none is told twice, and the highest is never lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.alert import Told, due
from stellwerk.core.scope import BudgetSpec

SHARES = st.lists(
    st.integers(1, 1_000).map(lambda thousandths: thousandths / 1_000), min_size=1, max_size=6, unique=True
).map(tuple)
LIMITS = st.integers(1, 10**12)
STEPS = st.lists(st.integers(0, 10**11), min_size=1, max_size=30)


def spec(limit_nanos: int, alerts: tuple[float, ...]) -> BudgetSpec:
    return BudgetSpec(limit_nanos, alerts=alerts)


def reached(budget: BudgetSpec, spent: int) -> list[Told]:
    every = [Told(share, budget.limit_nanos) for share in budget.alerts]
    return [one for one in every if spent > 0 and spent >= one.amount_nanos]


@given(LIMITS, SHARES, STEPS)
def test_each_threshold_is_told_at_most_once_and_the_highest_that_is_reached_always(
    limit: int, shares: tuple[float, ...], steps: list[int]
) -> None:
    budget, spent = spec(limit, shares), 0
    told: list[Told] = []
    for step in steps:
        spent += step
        share = due(budget, spent, told)
        if share is not None:
            told.append(Told(share, limit))
        assert due(budget, spent, told) is None
        highest = max((one.share for one in reached(budget, spent)), default=0.0)
        assert max((one.share for one in told), default=0.0) == highest
    found = [one.share for one in told]
    assert found == sorted(set(found))


@given(SHARES, st.lists(st.tuples(st.sampled_from([10, 50, 60, 100, 1_000]), st.integers(0, 40)), max_size=40))
def test_with_limits_that_change_no_threshold_of_a_limit_is_told_twice_and_none_is_lost(
    shares: tuple[float, ...], steps: list[tuple[int, int]]
) -> None:
    told: list[Told] = []
    spent = 0
    for limit, step in steps:
        spent += step
        budget = spec(limit, shares)
        share = due(budget, spent, told)
        if share is not None:
            assert Told(share, limit) not in told
            told.append(Told(share, limit))
        for one in reached(budget, spent):
            assert any(other.share >= one.share and other.amount_nanos >= one.amount_nanos for other in told)


@given(LIMITS, st.integers(1, 1_000))
def test_a_threshold_is_reached_at_exactly_its_part_of_the_limit(limit: int, thousandths: int) -> None:
    share, at = thousandths / 1_000, -(-limit * thousandths // 1_000)
    budget = spec(limit, (share,))
    assert due(budget, at, ()) == share
    assert due(budget, at - 1, ()) is None


@given(LIMITS, SHARES, st.lists(st.tuples(st.booleans(), st.integers(0, 10**11)), max_size=30))
def test_two_watchers_of_one_outbox_tell_what_one_of_them_would(
    limit: int, shares: tuple[float, ...], steps: list[tuple[bool, int]]
) -> None:
    budget, spent = spec(limit, shares), 0
    told: set[Told] = set()
    remembered: dict[bool, frozenset[Told]] = {True: frozenset(), False: frozenset()}
    alone: set[Told] = set()
    for who, step in steps:
        spent += step
        if due(budget, spent, remembered[who]) is not None:
            # As the outbox does: decided again on what everybody has told.
            share = due(budget, spent, told)
            told |= {Told(share, limit)} if share is not None else set()
            remembered[who] = frozenset(told)
        share = due(budget, spent, alone)
        alone |= {Told(share, limit)} if share is not None else set()
        assert told == alone
