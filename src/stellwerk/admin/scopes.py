"""``/admin/v1/organizations``, ``/teams``, ``/users``: who keys belong to."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from stellwerk.admin import records
from stellwerk.admin.access import Caller, Principal, Role
from stellwerk.admin.changes import Change, Changes, IdempotencyKey, Identity, IfMatch, etag, match
from stellwerk.admin.pages import Cursor, Page, Size, cut, position, rows_of
from stellwerk.admin.problems import Problem
from stellwerk.admin.resource import resource
from stellwerk.admin.tables import keys, scopes
from stellwerk.admin.values import Name, Scope, ScopeChange, ScopeNew
from stellwerk.core.scope import ScopeKind

PARENTS = {ScopeKind.TEAM: ScopeKind.ORGANIZATION, ScopeKind.USER: ScopeKind.TEAM}


def router(kind: ScopeKind, changes: Changes) -> APIRouter:
    """The resource of one kind."""
    plural = f"{kind.value}s"
    api = resource(f"/{plural}", tag=plural)

    @api.get("", name=f"list_{plural}")
    def list_scopes(
        caller: Caller,
        size: Size = 50,
        cursor: Cursor = None,
        parent: Annotated[list[Name], Query(max_length=100)] = [],  # noqa: B006  # FastAPI copies it
    ) -> Page[Scope]:
        """All of them, in the order of their names."""
        start = position(cursor, 2)
        with changes.database.reading() as connection:
            found = rows_of(connection, _visible(kind, caller, parent), (scopes.c.kind, scopes.c.name), start, size)
        rows, following = cut(found, size, _place)
        return Page(items=[_scope(row) for row in rows], next=following)

    @api.post("", status_code=201, name=f"create_{kind.value}")
    def create_scope(
        request: Request, response: Response, body: ScopeNew, caller: Caller, idempotency_key: IdempotencyKey = None
    ) -> Scope:
        """A new one."""
        _demand_right(kind, caller, body.parent)
        identity = Identity.of(request, caller, idempotency_key, body)
        made = Scope(**changes.once(identity, caller, lambda change: _made(change, kind, body)))
        response.headers["etag"] = etag(made.version)
        response.headers["location"] = f"/admin/v1/{plural}/{made.name}"
        return made

    @api.get("/{name}", name=f"show_{kind.value}")
    def show_scope(name: str, response: Response, caller: Caller) -> Scope:
        """One of them."""
        with changes.database.reading() as connection:
            found = _scope(_row(connection, kind, caller, name))
        response.headers["etag"] = etag(found.version)
        return found

    @api.patch("/{name}", name=f"change_{kind.value}")
    def change_scope(name: str, response: Response, body: ScopeChange, caller: Caller, if_match: IfMatch) -> Scope:
        """Changes what is given and leaves the rest."""
        with changes.making(caller) as change:
            row = _row(change.connection, kind, caller, name)
            _demand_right(kind, caller, row.parent)
            match(if_match, row.version)
            changed = _changed(change, kind, row, body, caller)
        response.headers["etag"] = etag(changed.version)
        return changed

    @api.delete("/{name}", status_code=204, name=f"delete_{kind.value}")
    def delete_scope(name: str, caller: Caller, if_match: IfMatch) -> None:
        """Removes one that nothing belongs to any more."""
        with changes.making(caller) as change:
            row = _row(change.connection, kind, caller, name)
            _demand_right(kind, caller, row.parent)
            match(if_match, row.version)
            _demand_unused(change.connection, kind, name)
            change.connection.execute(sa.delete(scopes).where(_is(kind, name)))
            change.removed_scopes.append(f"{kind.value}:{name}")
            change.tell(f"{kind.value}.delete", f"{kind.value}:{name}", before=_scope(row))

    return api


def _visible(kind: ScopeKind, caller: Principal, parents: list[str]) -> list[sa.Select[Any]]:
    """One query for each part of what may be seen, each in the order of an index."""
    query = sa.select(scopes).where(scopes.c.kind == kind.value)
    if kind is ScopeKind.USER:
        teams = caller.reach(parents)
        return [query] if teams is None else [query.where(scopes.c.parent == team) for team in teams]
    if parents:
        query = query.where(scopes.c.parent.in_(parents))
    if caller.teams is None:
        return [query]
    return [query.where(scopes.c.name.in_(sorted(caller.teams)))] if kind is ScopeKind.TEAM else []


def _demand_right(kind: ScopeKind, caller: Principal, team: str | None) -> None:
    """Raises 403 unless the caller may change it: a token of a team, the team's users alone."""
    caller.may(Role.ADMIN)
    if kind is not ScopeKind.USER or not caller.reaches(team):
        caller.may_everywhere(Role.ADMIN)


def _made(change: Change, kind: ScopeKind, body: ScopeNew) -> Scope:
    connection = change.connection
    _demand_parent(connection, kind, body.parent)
    if connection.execute(sa.select(scopes.c.name).where(_is(kind, body.name))).first() is not None:
        raise Problem(409, f"there is a {kind.value} {body.name} already")
    row = {
        "kind": kind.value,
        "name": body.name,
        "parent": body.parent or "",
        **body.model_dump(include={"limits", "budgets"}),
        "has_limits": bool(body.limits),
        "has_budgets": bool(body.budgets),
        "is_enabled": body.enabled,
        "version": 1,
        "created_s": change.time_s,
        "updated_s": change.time_s,
    }
    connection.execute(sa.insert(scopes).values(row))
    return _told(change, kind, body.name, "create", None)


def _changed(change: Change, kind: ScopeKind, row: Any, body: ScopeChange, caller: Principal) -> Scope:
    values: dict[str, Any] = {"version": row.version + 1, "updated_s": change.time_s}
    if "enabled" in body.model_fields_set:
        values["is_enabled"] = body.enabled
    if "parent" in body.model_fields_set and (body.parent or "") != row.parent:
        _demand_right(kind, caller, body.parent)
        _demand_parent(change.connection, kind, body.parent)
        if change.connection.execute(_keys_of(kind, row.name)).first() is not None:
            raise Problem(409, f"the {kind.value} {row.name} has keys, which would move with it")
        values["parent"] = body.parent or ""
    change.connection.execute(sa.update(scopes).where(_is(kind, row.name)).values(values))
    return _told(change, kind, row.name, "change", _scope(row))


def _told(change: Change, kind: ScopeKind, name: str, what: str, before: Scope | None) -> Scope:
    row = change.connection.execute(sa.select(scopes).where(_is(kind, name))).one()
    record = records.scope_record(row)
    change.scopes[record.id] = record
    now = _scope(row)
    change.tell(f"{kind.value}.{what}", record.id, before=before, after=now)
    return now


def _demand_parent(connection: sa.Connection, kind: ScopeKind, parent: str | None) -> None:
    if parent is None:
        return
    above = PARENTS.get(kind)
    if above is None:
        raise Problem(409, f"no {kind.value} has a parent")
    if connection.execute(sa.select(scopes.c.name).where(_is(above, parent))).first() is None:
        raise Problem(409, f"there is no {above.value} {parent}; make it first")


def _demand_unused(connection: sa.Connection, kind: ScopeKind, name: str) -> None:
    if connection.execute(_keys_of(kind, name)).first() is not None:
        raise Problem(409, f"keys belong to the {kind.value} {name}; revoke them first")
    below = next((child for child, parent in PARENTS.items() if parent is kind), None)
    if below is not None:
        children = sa.select(scopes.c.name).where(scopes.c.kind == below.value, scopes.c.parent == name).limit(1)
        if connection.execute(children).first() is not None:
            raise Problem(409, f"{below.value}s belong to the {kind.value} {name}; move or delete them first")


def _keys_of(kind: ScopeKind, name: str) -> sa.Select[Any]:
    columns = {ScopeKind.ORGANIZATION: keys.c.organization, ScopeKind.TEAM: keys.c.team, ScopeKind.USER: keys.c.user}
    return sa.select(keys.c.id).where(columns[kind] == name).limit(1)


def _row(connection: sa.Connection, kind: ScopeKind, caller: Principal, name: str) -> Any:
    row = connection.execute(sa.select(scopes).where(_is(kind, name.replace("\0", "")))).one_or_none()
    if row is not None:
        team = {ScopeKind.TEAM: row.name, ScopeKind.USER: row.parent}.get(kind)
        if caller.reaches(team):
            return row
    raise Problem(404, f"there is no such {kind.value}")


def _is(kind: ScopeKind, name: str) -> sa.ColumnElement[bool]:
    return (scopes.c.kind == kind.value) & (scopes.c.name == name)


def _scope(row: Any) -> Scope:
    return Scope(
        name=row.name,
        parent=row.parent or None,
        limits=row.limits,
        budgets=row.budgets,
        enabled=row.is_enabled,
        version=row.version,
        created_s=row.created_s,
        updated_s=row.updated_s,
    )


def _place(row: Any) -> tuple[str, str]:
    return row.kind, row.name
