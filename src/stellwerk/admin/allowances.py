"""``/admin/v1/budgets`` and ``/limits``: what organizations, teams, users, keys, models, providers and tags may use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Response

from stellwerk.admin import records
from stellwerk.admin.access import Caller, Principal, Role
from stellwerk.admin.changes import Change, Changes, IfMatch, etag, match
from stellwerk.admin.pages import Cursor, Page, Size, cut, position, rows_of
from stellwerk.admin.problems import Problem
from stellwerk.admin.resource import resource
from stellwerk.admin.tables import keys, scopes
from stellwerk.admin.values import BudgetsOf, LimitsOf, ScopeBudgets, ScopeLimits
from stellwerk.core.scope import ScopeKind

_NAMED = frozenset({ScopeKind.MODEL, ScopeKind.PROVIDER, ScopeKind.TAG})
"""Kinds whose scopes are there as soon as somebody gives them something."""
_OF_TEAMS = (ScopeKind.USER, ScopeKind.KEY)
"""Kinds of what belongs to a team."""
_NAME = re.compile(r"[\x21-\x7e]{1,256}")
_TAG = re.compile(r"[^=]+=.+")


@dataclass(frozen=True, slots=True)
class _ScopeId:
    kind: ScopeKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}"


def routers(changes: Changes) -> list[APIRouter]:
    """Both resources."""
    return [_limits(changes), _budgets(changes)]


def _limits(changes: Changes) -> APIRouter:
    api = resource("/limits", tag="limits")

    @api.get("")
    def list_limits(
        caller: Caller, size: Size = 50, cursor: Cursor = None, kind: Annotated[ScopeKind | None, Query()] = None
    ) -> Page[LimitsOf]:
        """Every scope that has limits, in the order of kinds and names."""
        rows, following = _page(changes, caller, scopes.c.has_limits, kind, cursor, size)
        return Page(items=[_limits_of(_id_of(row), row) for row in rows], next=following)

    @api.get("/{scope:path}")
    def show_limits(scope: str, response: Response, caller: Caller) -> LimitsOf:
        """Those of one scope, such as `team:shop`."""
        with changes.database.reading() as connection:
            wanted, row = _found(connection, caller, scope)
        shown = _limits_of(wanted, row)
        response.headers["etag"] = etag(shown.version)
        return shown

    @api.put("/{scope:path}")
    def set_limits(scope: str, response: Response, body: ScopeLimits, caller: Caller, if_match: IfMatch) -> LimitsOf:
        """Replaces them."""
        caller.may(Role.ADMIN)
        with changes.making(caller) as change:
            wanted, row = _found(change.connection, caller, scope)
            _demand_right(caller, wanted)
            before = _limits_of(wanted, row)
            match(if_match, before.version)
            written = {"limits": body.model_dump()["limits"], "has_limits": bool(body.limits)}
            made = _limits_of(wanted, _written(change, wanted, row, written))
            change.tell("limits.set", str(wanted), before=before, after=made)
        response.headers["etag"] = etag(made.version)
        return made

    return api


def _budgets(changes: Changes) -> APIRouter:
    api = resource("/budgets", tag="budgets")

    @api.get("")
    def list_budgets(
        caller: Caller, size: Size = 50, cursor: Cursor = None, kind: Annotated[ScopeKind | None, Query()] = None
    ) -> Page[BudgetsOf]:
        """Every scope that has budgets, in the order of kinds and names."""
        rows, following = _page(changes, caller, scopes.c.has_budgets, kind, cursor, size)
        return Page(items=[_budgets_of(_id_of(row), row) for row in rows], next=following)

    @api.get("/{scope:path}")
    def show_budgets(scope: str, response: Response, caller: Caller) -> BudgetsOf:
        """Those of one scope, such as `team:shop`."""
        with changes.database.reading() as connection:
            wanted, row = _found(connection, caller, scope)
        shown = _budgets_of(wanted, row)
        response.headers["etag"] = etag(shown.version)
        return shown

    @api.put("/{scope:path}")
    def set_budgets(scope: str, response: Response, body: ScopeBudgets, caller: Caller, if_match: IfMatch) -> BudgetsOf:
        """Replaces them."""
        caller.may(Role.ADMIN)
        with changes.making(caller) as change:
            wanted, row = _found(change.connection, caller, scope)
            _demand_right(caller, wanted)
            before = _budgets_of(wanted, row)
            match(if_match, before.version)
            written = {"budgets": body.model_dump()["budgets"], "has_budgets": bool(body.budgets)}
            made = _budgets_of(wanted, _written(change, wanted, row, written))
            change.tell("budgets.set", str(wanted), before=before, after=made)
        response.headers["etag"] = etag(made.version)
        return made

    return api


def _page(
    changes: Changes, caller: Principal, has: sa.Column[bool], kind: ScopeKind | None, cursor: str | None, size: int
) -> tuple[Any, str | None]:
    start = position(cursor, 2)
    query = sa.select(scopes).where(has == sa.true())
    if kind is not None:
        query = query.where(scopes.c.kind == kind.value)
    queries = [query]
    if caller.teams is not None:
        teams = sorted(caller.teams)
        itself = query.where(scopes.c.kind == ScopeKind.TEAM.value, scopes.c.name.in_(teams))
        theirs = [query.where(scopes.c.kind == one.value, scopes.c.parent.in_(teams)) for one in _OF_TEAMS]
        queries = [itself, *theirs]
    with changes.database.reading() as connection:
        return cut(rows_of(connection, queries, (scopes.c.kind, scopes.c.name), start, size), size, _place)


def _found(connection: sa.Connection, caller: Principal, scope: str) -> tuple[_ScopeId, Any | None]:
    """A scope, and its row if it has one. Raises 404 where there is no such scope, or none that may be seen."""
    kind, _, name = scope.partition(":")
    try:
        wanted = _ScopeId(ScopeKind(kind), name)
    except ValueError:
        wanted = None
    if wanted is None or not _NAME.fullmatch(name) or (wanted.kind is ScopeKind.TAG and not _TAG.fullmatch(name)):
        kinds = ", ".join(f"{one.value}:" for one in ScopeKind)
        raise Problem(404, f"a scope is written as one of {kinds} and a name; a tag's name is tag=value")
    query = sa.select(scopes).where(scopes.c.kind == wanted.kind.value, scopes.c.name == name)
    row = connection.execute(query).one_or_none()
    if row is None and wanted.kind not in _NAMED and not _is_key(connection, wanted):
        raise Problem(404, f"there is no {wanted}")
    if not caller.reaches(_team(connection, wanted, row)):
        raise Problem(404, f"there is no {wanted}")
    return wanted, row


def _is_key(connection: sa.Connection, wanted: _ScopeId) -> bool:
    """Whether it is the name of a key, which has a row only once it was given something."""
    if wanted.kind is not ScopeKind.KEY:
        return False
    return connection.execute(sa.select(keys.c.id).where(keys.c.name == wanted.name).limit(1)).first() is not None


def _team(connection: sa.Connection, wanted: _ScopeId, row: Any | None) -> str | None:
    if wanted.kind is ScopeKind.TEAM:
        return wanted.name
    if wanted.kind is ScopeKind.KEY:
        query = sa.select(keys.c.team).where(keys.c.name == wanted.name).limit(1)
        return connection.execute(query).scalar()
    return row.parent if row is not None and wanted.kind is ScopeKind.USER else None


def _demand_right(caller: Principal, wanted: _ScopeId) -> None:
    """A token of a team sets what its users and keys may use, never what the team itself may."""
    if wanted.kind not in _OF_TEAMS:
        caller.may_everywhere(Role.ADMIN)


def _written(change: Change, wanted: _ScopeId, row: Any | None, values: dict[str, Any]) -> Any:
    """The row with new values; workers are told."""
    connection, mine = change.connection, (scopes.c.kind == wanted.kind.value) & (scopes.c.name == wanted.name)
    if row is None:
        fresh: dict[str, Any] = {
            "kind": wanted.kind.value,
            "name": wanted.name,
            "parent": _team(connection, wanted, None) or "",
            "limits": [],
            "budgets": [],
            "has_limits": False,
            "has_budgets": False,
            "is_enabled": True,
            "created_s": change.time_s,
        }
        connection.execute(sa.insert(scopes).values({**fresh, **values, "version": 1, "updated_s": change.time_s}))
    else:
        values = {**values, "version": row.version + 1, "updated_s": change.time_s}
        connection.execute(sa.update(scopes).where(mine).values(values))
    now = connection.execute(sa.select(scopes).where(mine)).one()
    if wanted.kind is ScopeKind.KEY:
        change.keys.update((record.id, record) for record in records.of_name(connection, wanted.name))
    change.scopes[str(wanted)] = records.scope_record(now)
    return now


def _limits_of(wanted: _ScopeId, row: Any | None) -> LimitsOf:
    return LimitsOf(scope=str(wanted), limits=row.limits if row else [], version=row.version if row else 0)


def _budgets_of(wanted: _ScopeId, row: Any | None) -> BudgetsOf:
    return BudgetsOf(scope=str(wanted), budgets=row.budgets if row else [], version=row.version if row else 0)


def _id_of(row: Any) -> _ScopeId:
    return _ScopeId(ScopeKind(row.kind), row.name)


def _place(row: Any) -> tuple[str, str]:
    return row.kind, row.name
