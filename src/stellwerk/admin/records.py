"""Rows of the database as the values that workers know: keys and scopes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from stellwerk.admin.tables import keys, scopes
from stellwerk.admin.values import Budget, Limit
from stellwerk.core.scope import BudgetSpec, KeyRecord, LimitSpec, ScopeKind, ScopeRecord

KEY = ScopeKind.KEY.value
_AT_ONCE = 10_000
"""Rows that are in memory together."""


def everything(connection: sa.Connection) -> tuple[Iterator[KeyRecord], Iterator[ScopeRecord]]:
    """All keys and all scopes, read as they are asked for: first the keys, then the scopes.

    What keys of a name may use stands with each of them and as the scope of the name.
    """
    rows = sa.select(scopes).execution_options(yield_per=_AT_ONCE)
    return _keys(connection, sa.select(keys), None), (scope_record(row) for row in _lazily(connection, rows))


def of_name(connection: sa.Connection, name: str) -> tuple[KeyRecord, ...]:
    """All keys of one name."""
    return tuple(_keys(connection, sa.select(keys).where(keys.c.name == name), name))


def scope_record(row: Any) -> ScopeRecord:
    """A scope. Only a team's parent is one for the workers."""
    kind = ScopeKind(row.kind)
    return ScopeRecord(
        kind=kind,
        name=row.name,
        parent=row.parent if kind is ScopeKind.TEAM else "",
        limits=_limits(row.limits),
        budgets=_budgets(row.budgets),
        is_enabled=row.is_enabled,
    )


def _lazily(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Any]:
    yield from connection.execute(query)


def _keys(connection: sa.Connection, query: sa.Select[Any], name: str | None) -> Iterator[KeyRecord]:
    shares = sa.select(scopes).where(scopes.c.kind == KEY)
    if name is not None:
        shares = shares.where(scopes.c.name == name)
    shared = {row.name: (_limits(row.limits), _budgets(row.budgets)) for row in connection.execute(shares)}
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        yield _key_record(row, *shared.get(row.name, ((), ())))


def _key_record(row: Any, limits: tuple[LimitSpec, ...], budgets: tuple[BudgetSpec, ...]) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        name=row.name,
        digest=row.digest,
        team=row.team,
        organization=row.organization,
        user=row.user,
        models=tuple(row.models),
        dialects=tuple(row.dialects),
        tags=tuple(sorted(row.tags.items())),
        networks=tuple(row.networks),
        expires_s=row.expires_s,
        is_enabled=row.is_enabled,
        limits=limits,
        budgets=budgets,
    )


def _limits(found: Iterable[dict[str, Any]]) -> tuple[LimitSpec, ...]:
    return tuple(Limit.model_validate(limit).spec() for limit in found)


def _budgets(found: Sequence[dict[str, Any]]) -> tuple[BudgetSpec, ...]:
    return tuple(Budget.model_validate(budget).spec() for budget in found)
