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
    begin, end = bounds_of(spec, now_s)
    capacity = spec.limit_nanos if spec.is_hard else FAR
    name = f"{scope}/budget/{spec.name or spec.period.value}/{begin}"
    return Account(name, Kind.BUDGET, capacity, 0 if spec.period is Period.NEVER else end)


def bounds_of(spec: BudgetSpec, now_s: float) -> tuple[int, int]:
    """Begin and end of the budget's period at a moment, in Unix seconds."""
    return bounds(spec.period, ZoneInfo(spec.time_zone), now_s)
