"""The limits and budgets of scopes as this worker counts them: each with its purse, a budget with its period's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import msgspec

from stellwerk.core.ledger import Account, Kind
from stellwerk.core.periods import bounds
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period, ScopeKind, ScopeRecord, Unit, unit_of
from stellwerk.gateway.allowance import allowance
from stellwerk.gateway.directory import Directory
from stellwerk.gateway.purses import Purse, Purses

FAR = 1 << 62
"""The capacity of a soft budget's account: it counts and never refuses."""
NEVER_S = float("inf")
MOST_FOUND = 50_000
"""So many combinations of scopes are remembered."""


class Meter(msgspec.Struct, frozen=True, eq=False):
    """One limit or budget of one scope. ``scope`` is the scope's id, such as ``team:shop``."""

    scope: str
    spec: LimitSpec | BudgetSpec
    purse: Purse
    unit: Unit
    provider: str = ""
    """Whose it is, where it is a provider's: of others that were not used nothing is used up."""


class Metering(msgspec.Struct, frozen=True, eq=False):
    """All meters of some scopes together, looked at once for all their requests."""

    meters: tuple[Meter, ...]
    is_hard: bool
    """Whether a hard budget is among them."""
    requests: tuple[Purse, ...]
    """Of limits on requests in some time."""
    tokens: tuple[Purse, ...]
    """Of limits on tokens in some time."""


class Meters:
    """Every meter of a worker, by scope. ``wall`` gives Unix time in seconds."""

    def __init__(self, purses: Purses, wall: Callable[[], float]) -> None:
        self.purses = purses
        self._wall = wall
        self._directory: Directory | None = None
        self._found: dict[tuple[str, ...], Metering] = {}
        self._until_s = NEVER_S

    def of(self, scopes: tuple[str, ...], directory: Directory) -> Metering:
        """The meters of these scopes together, as this directory has them. What was counted goes on counting."""
        is_over = self._until_s != NEVER_S and self._wall() >= self._until_s
        if directory is not self._directory or is_over or len(self._found) > MOST_FOUND:
            self._directory = directory
            self._begin_anew()
        found = self._found.get(scopes)
        if found is None:
            now_s = self._wall()
            records = [record for id_ in scopes if (record := directory.scope(id_)) is not None]
            meters = tuple(meter for one in records for meter in self._meters(one, now_s))
            found = self._found[scopes] = Metering(
                meters,
                any(meter.unit is Unit.HARD_MONEY for meter in meters),
                tuple(meter.purse for meter in meters if meter.unit is Unit.REQUEST),
                tuple(meter.purse for meter in meters if meter.unit is Unit.TOKEN),
            )
        return found

    def allowance(self, found: Metering, dialect: str) -> bytes:
        """What a caller of that dialect is told of what these leave it: header lines."""
        if not found.requests and not found.tokens:
            return b""
        return allowance(found.requests, found.tokens, dialect, self._wall())

    # -- helpers

    def _begin_anew(self) -> None:
        """Looks everything up again: a period has ended, or what is configured has changed."""
        for found in self._found.values():
            for meter in found.meters:
                self.purses.end(meter.purse)  # unless it is looked up again
        self._found.clear()
        self._until_s = NEVER_S

    def _meters(self, scope: ScopeRecord, now_s: float) -> Iterator[Meter]:
        for limit in scope.limits:
            yield self._meter(scope, limit, now_s)
        for budget in scope.budgets:
            yield self._meter(scope, budget, now_s)

    def _meter(self, scope: ScopeRecord, spec: LimitSpec | BudgetSpec, now_s: float) -> Meter:
        account = account_of(scope.id, spec, now_s)
        if account.kind is Kind.BUDGET and account.span_s:
            self._until_s = min(self._until_s, account.span_s)
        elif account.kind is Kind.WINDOW:
            self._until_s = min(self._until_s, now_s - now_s % account.span_s + account.span_s)
        purse = self.purses.of(account)
        purse.is_over = False
        provider = scope.name if scope.kind is ScopeKind.PROVIDER else ""
        return Meter(scope.id, spec, purse, unit_of(spec), provider)


def account_of(scope: str, spec: LimitSpec | BudgetSpec, now_s: float) -> Account:
    """The account of a scope's limit, or of its budget's period at a moment."""
    if isinstance(spec, LimitSpec):
        if spec.metric is Metric.CONCURRENCY:
            return Account(f"{scope}/concurrency", Kind.SLOTS, spec.amount)
        kind = Kind.WINDOW if spec.is_window else Kind.BUCKET
        return Account(f"{scope}/{spec.metric.value}/{spec.per_s}", kind, spec.amount, spec.per_s)
    begin, end = bounds(spec.period, ZoneInfo(spec.time_zone), now_s)
    capacity = spec.limit_nanos if spec.is_hard else FAR
    name = f"{scope}/budget/{spec.name or spec.period.value}/{begin}"
    return Account(name, Kind.BUDGET, capacity, 0 if spec.period is Period.NEVER else end)
