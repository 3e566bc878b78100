"""The limits and budgets of scopes as this worker counts them: each with its purse, a budget with its period's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from stellwerk.core.accounts import account_of
from stellwerk.core.ledger import Kind
from stellwerk.core.scope import BudgetSpec, LimitSpec, ScopeKind, ScopeRecord, Unit, unit_of
from stellwerk.gateway.directory import Directory
from stellwerk.gateway.purses import Purse, Purses

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
    is_weighing: bool
    """Whether it matters how large a request is: tokens or money are among them."""
    is_hard: bool
    """Whether a hard budget is among them."""
    told: tuple[tuple[bytes, tuple[Purse, ...]], ...]
    """Of limits in some time: on ``requests``, and on ``tokens``, where there are any."""


class Meters:
    """Every meter of a worker, by scope. ``wall`` gives Unix time in seconds."""

    def __init__(self, purses: Purses, wall: Callable[[], float]) -> None:
        self.purses = purses
        self.wall = wall
        self._directory: Directory | None = None
        self._found: dict[tuple[str, ...], Metering] = {}
        self._until_s = NEVER_S

    def of(self, scopes: tuple[str, ...], directory: Directory) -> Metering:
        """The meters of these scopes together, as this directory has them. What was counted goes on counting."""
        is_over = self._until_s != NEVER_S and self.wall() >= self._until_s
        if directory is not self._directory or is_over or len(self._found) > MOST_FOUND:
            self._directory = directory
            self._begin_anew()
        found = self._found.get(scopes)
        if found is None:
            now_s = self.wall()
            records = [record for id_ in scopes if (record := directory.scope(id_)) is not None]
            meters = tuple(meter for one in records for meter in self._meters(one, now_s))
            found = self._found[scopes] = Metering(
                meters,
                any(meter.unit is not Unit.REQUEST and meter.unit is not Unit.PLACE for meter in meters),
                any(meter.unit is Unit.HARD_MONEY for meter in meters),
                tuple(
                    (kind, purses)
                    for unit, kind in ((Unit.REQUEST, b"requests"), (Unit.TOKEN, b"tokens"))
                    if (purses := tuple(meter.purse for meter in meters if meter.unit is unit))
                ),
            )
        return found

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
