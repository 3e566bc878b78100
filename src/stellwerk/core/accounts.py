"""Which account of the ledger a limit is counted in, and which one a budget has in each of its periods."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from stellwerk.core.ledger import Account, Kind
from stellwerk.core.periods import bounds
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period

FAR = 1 << 62
"""The capacity of a soft budget's account: it counts and never refuses."""


def account_of(scope: str, spec: LimitSpec | BudgetSpec, now_s: float) -> Account:
    """The account of a scope's limit, or of its budget's period at a moment."""
    if isinstance(spec, LimitSpec):
        if spec.metric is Metric.CONCURRENCY:
            return Account(f"{scope}/concurrency", Kind.SLOTS, spec.amount)
        kind = Kind.WINDOW if spec.is_window else Kind.BUCKET
        return Account(f"{scope}/{spec.metric.value}/{spec.per_s}", kind, spec.amount, spec.per_s)
    return account_in(scope, spec, *bounds_of(spec.period, spec.time_zone, now_s))


def account_in(scope: str, spec: BudgetSpec, begins_s: int, ends_s: int) -> Account:
    """The account of a scope's budget in one of its periods, by the period's bounds."""
    capacity = spec.limit_nanos if spec.is_hard else FAR
    name = f"{scope}/budget/{spec.name or spec.period.value}/{begins_s}"
    return Account(name, Kind.BUDGET, capacity, 0 if spec.period is Period.NEVER else ends_s)


def bounds_of(period: Period, time_zone: str, now_s: float) -> tuple[int, int]:
    """Begin and end of a period at a moment, in Unix seconds; the zone by its name."""
    return bounds(period, ZoneInfo(time_zone), now_s)
