"""Rows of the database as the values that workers know: keys and scopes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from stellwerk.admin.tables import keys, scopes
from stellwerk.admin.values import Budget, Limit
from stellwerk.core.scope import BudgetSpec, KeyRecord, LimitSpec, ScopeKind, ScopeRecord

KEY = ScopeKind.KEY.value


def everything(connection: sa.Connection) -> tuple[list[KeyRecord], list[ScopeRecord]]:
    """All keys and all scopes. What keys of a name may use stands with each of them and as the scope of the name."""
    rows = connection.execute(sa.select(scopes))
    return _keys(connection, sa.select(keys), None), [scope_record(row) for row in rows]


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


def _keys(connection: sa.Connection, query: sa.Select[Any], name: str | None) -> list[KeyRecord]:
    shares = sa.select(scopes).where(scopes.c.kind == KEY)
    if name is not None:
        shares = shares.where(scopes.c.name == name)
    shared = {row.name: (_limits(row.limits), _budgets(row.budgets)) for row in connection.execute(shares)}
    rows = connection.execute(query.execution_options(yield_per=10_000))
    return [_key_record(row, *shared.get(row.name, ((), ()))) for row in rows]


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
