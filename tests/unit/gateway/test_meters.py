"""Meters of scopes: one for each limit and budget, which begin anew with their periods and outlive a reload."""

from __future__ import annotations

import io

from stellwerk.core.accounts import FAR, account_of
from stellwerk.core.ledger import Kind
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period, ScopeKind, ScopeRecord
from stellwerk.counters.memory import MemoryCounter
from stellwerk.gateway.directory import Directory
from stellwerk.gateway.meters import Meters
from stellwerk.gateway.purses import Purses
from stellwerk.supervisor.log import Log

HOUR_S = 3_600
KEY = ScopeRecord(
    ScopeKind.KEY,
    "web",
    limits=(LimitSpec(Metric.REQUESTS, 60), LimitSpec(Metric.CONCURRENCY, 5)),
    budgets=(BudgetSpec(1_000, Period.HOUR), BudgetSpec(9_000, Period.NEVER)),
)
TEAM = ScopeRecord(ScopeKind.TEAM, "shop", limits=(LimitSpec(Metric.TOKENS, 100, 3_600, is_window=True),))


def directory(*records: ScopeRecord) -> Directory:
    """That has these scopes."""
    return Directory(scopes={record.id: record for record in records})


class Clock:
    """Unix time that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        """Now."""
        return self.now_s


def meters(clock: Clock) -> Meters:
    """With a counter of their own."""
    return Meters(Purses(MemoryCounter(), "here", clock, None, Log(io.StringIO())), clock)


def test_a_request_has_the_meters_of_all_its_scopes() -> None:
    found = meters(Clock()).of(("key:web", "team:shop", "user:nobody"), directory(KEY, TEAM)).meters
    assert [(meter.scope, meter.purse.account.kind) for meter in found] == [
        ("key:web", Kind.BUCKET),
        ("key:web", Kind.SLOTS),
        ("key:web", Kind.BUDGET),
        ("key:web", Kind.BUDGET),
        ("team:shop", Kind.WINDOW),
    ]


def test_scopes_that_meet_in_two_requests_have_one_purse() -> None:
    clock = Clock()
    found, both = meters(clock), directory(KEY, TEAM)
    assert found.of(("key:web", "team:shop"), both).meters[-1].purse is found.of(("team:shop",), both).meters[0].purse
    assert found.of(("team:shop",), both) is found.of(("team:shop",), both)


def test_a_budget_has_another_purse_when_its_period_has_ended_and_nothing_else_has() -> None:
    clock = Clock()
    found, own = meters(clock), directory(KEY)
    before = found.of(("key:web",), own).meters
    clock.now_s += HOUR_S
    after = found.of(("key:web",), own).meters
    assert [one.purse is other.purse for one, other in zip(before, after, strict=True)] == [True, True, False, True]
    assert [meter.purse.is_over for meter in before] == [False, False, True, False]


def test_a_changed_limit_goes_on_counting_where_it_was() -> None:
    clock = Clock()
    found = meters(clock)
    (requests, *_) = found.of(("key:web",), directory(KEY)).meters
    more = ScopeRecord(ScopeKind.KEY, "web", limits=(LimitSpec(Metric.REQUESTS, 90),))
    (again,) = found.of(("key:web",), directory(more)).meters
    assert again.purse is requests.purse
    assert again.purse.account.capacity == 90


def test_a_soft_budget_never_lacks_anything() -> None:
    assert account_of("key:web", BudgetSpec(1_000, is_hard=False), 0.0).capacity == FAR
    hard = account_of("key:web", BudgetSpec(1_000, Period.HOUR), 7_300.0)
    assert (hard.id, hard.capacity, hard.span_s) == ("key:web/budget/hour/7200", 1_000, 10_800)
    assert account_of("key:web", BudgetSpec(1_000, Period.NEVER), 7_300.0).span_s == 0
