"""``/admin/v1/keys``: virtual keys, made, changed, rotated, revoked. The key itself is told once and kept nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, cast

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from stellwerk.admin import records
from stellwerk.admin.access import Caller, Principal, Role
from stellwerk.admin.changes import Change, Changes, IdempotencyKey, Identity, IfMatch, etag, match, new_id
from stellwerk.admin.pages import Cursor, Page, Size, cut, position, rows_of
from stellwerk.admin.problems import Problem
from stellwerk.admin.resource import resource
from stellwerk.admin.tables import keys, scopes
from stellwerk.admin.values import Key, KeyChange, KeyMade, KeyNew, Name, Rotation
from stellwerk.core.scope import ScopeKind

PREFIX = "sk-sw-"
KEY = ScopeKind.KEY.value


def router(changes: Changes, reserved: Callable[[], frozenset[str]]) -> APIRouter:
    """The resource. ``reserved()`` gives the names of the keys in the configuration file, which are not ours."""
    api = resource("/keys", tag="keys")
    _reading(api, changes)
    _making(api, changes, reserved)
    _changing(api, changes)
    return api


def _reading(api: APIRouter, changes: Changes) -> None:
    @api.get("")
    def list_keys(
        *,
        caller: Caller,
        size: Size = 50,
        cursor: Cursor = None,
        team: Annotated[list[Name], Query(max_length=100)] = [],  # noqa: B006  # FastAPI copies it
        user: Name | None = None,
        name: Annotated[str | None, Query(max_length=128, description="How names begin.")] = None,
        enabled: bool | None = None,
    ) -> Page[Key]:
        """Keys in the order of their names."""
        caller.may(Role.VIEWER)
        start = position(cursor, 2)
        query = _filtered(user=user, name=name, enabled=enabled)
        teams = caller.reach(team)
        queries = [query] if teams is None else [query.where(keys.c.team == one) for one in teams]
        with changes.database.reading() as connection:
            near = (query, keys.c.team, teams) if teams is not None else None
            found = rows_of(connection, queries, (keys.c.name, keys.c.id), start, size, near)
            rows, following = cut(found, size, _place)
            return Page(items=_shown(connection, rows), next=following)

    @api.get("/{key_id}")
    def show_key(key_id: str, response: Response, caller: Caller) -> Key:
        """One key."""
        with changes.database.reading() as connection:
            (shown,) = _shown(connection, [_row(connection, caller, key_id)])
        response.headers["etag"] = etag(shown.version)
        return shown


def _making(api: APIRouter, changes: Changes, reserved: Callable[[], frozenset[str]]) -> None:
    @api.post("", status_code=201)
    def create_key(
        request: Request, response: Response, body: KeyNew, caller: Caller, idempotency_key: IdempotencyKey = None
    ) -> KeyMade:
        """A new key, with the limits and budgets of its name."""
        caller.may(Role.OPERATOR)
        identity = Identity.of(request, caller, idempotency_key, body)
        secret = changes.secret(PREFIX, identity)

        def work(change: Change) -> Key:
            _demand_room(change, caller, body, reserved())
            return _made(change, body, changes.pepper, secret)

        made = changes.once(identity, caller, work)
        _locate(response, made)
        return KeyMade(**made, key=secret)

    @api.post("/{key_id}/rotate", status_code=201)
    def rotate_key(
        key_id: str,
        request: Request,
        response: Response,
        body: Rotation,
        caller: Caller,
        idempotency_key: IdempotencyKey = None,
    ) -> KeyMade:
        """A second key of the same name and rights; the old one goes on for a while."""
        caller.may(Role.OPERATOR)
        identity = Identity.of(request, caller, idempotency_key, body)
        secret = changes.secret(PREFIX, identity)

        def work(change: Change) -> Key:
            row = _row(change.connection, caller, key_id)
            ends_s = change.time_s + body.overlap_s
            if row.expires_s is None or row.expires_s > ends_s:
                _update(change, row, {"expires_s": float(int(ends_s))}, "key.expire")
            (old,) = _shown(change.connection, [row])
            copied = old.model_dump(include=set(KeyNew.model_fields)) | {"expires_s": body.expires_s}
            return _made(change, KeyNew(**copied), changes.pepper, secret, what="key.rotate")

        made = changes.once(identity, caller, work)
        _locate(response, made)
        return KeyMade(**made, key=secret)


def _changing(api: APIRouter, changes: Changes) -> None:
    @api.patch("/{key_id}")
    def change_key(
        key_id: str,
        response: Response,
        body: KeyChange,
        caller: Caller,
        if_match: IfMatch,
    ) -> Key:
        """Changes what is given and leaves the rest."""
        caller.may(Role.OPERATOR)
        with changes.making(caller) as change:
            row = _row(change.connection, caller, key_id)
            match(if_match, row.version)
            values = _columns(body.model_dump(include=body.model_fields_set))
            changed = _update(change, row, values, "key.change")
        response.headers["etag"] = etag(changed.version)
        return changed

    @api.delete("/{key_id}", status_code=204)
    def revoke_key(key_id: str, caller: Caller, if_match: IfMatch) -> None:
        """Ends a key for good."""
        caller.may(Role.OPERATOR)
        with changes.making(caller) as change:
            row = _row(change.connection, caller, key_id)
            match(if_match, row.version)
            (shown,) = _shown(change.connection, [row])
            change.connection.execute(sa.delete(keys).where(keys.c.id == key_id))
            if not records.of_name(change.connection, row.name):
                mine = (scopes.c.kind == KEY) & (scopes.c.name == row.name)
                if change.connection.execute(sa.delete(scopes).where(mine)).rowcount:
                    change.removed_scopes.append(f"{KEY}:{row.name}")
            change.removed_keys.append(key_id)
            change.tell("key.revoke", key_id, before=shown)


def _filtered(*, user: str | None, name: str | None, enabled: bool | None) -> sa.Select[Any]:
    query = sa.select(keys)
    if user is not None:
        query = query.where(keys.c.user == user)
    if enabled is not None:
        query = query.where(keys.c.is_enabled == enabled)
    if name is not None:
        query = query.where(keys.c.name >= name.replace("\0", ""), keys.c.name < name.replace("\0", "") + "\U0010ffff")
    return query


def _demand_room(change: Change, caller: Principal, body: KeyNew, reserved: frozenset[str]) -> None:
    """Raises a problem unless the key may be made: its team and user are there, its name is free."""
    if not caller.reaches(body.team):
        raise Problem(403, "the token does not reach this team")
    if body.name in reserved:
        raise Problem(409, f"a key in the configuration file has the name {body.name}")
    taken = sa.select(keys.c.id).where(keys.c.name == body.name).limit(1)
    if change.connection.execute(taken).first() is not None:
        raise Problem(409, f"there is a key with the name {body.name}; rotate it, or choose another name")
    if body.team is not None:
        _scope(change.connection, ScopeKind.TEAM, body.team)
    if body.user is not None:
        found = _scope(change.connection, ScopeKind.USER, body.user)
        if found.parent and found.parent != body.team:
            raise Problem(409, f"the user {body.user} belongs to the team {found.parent}")


def _scope(connection: sa.Connection, kind: ScopeKind, name: str) -> Any:
    row = connection.execute(sa.select(scopes).where(scopes.c.kind == kind.value, scopes.c.name == name)).one_or_none()
    if row is None:
        raise Problem(409, f"there is no {kind.value} {name}; make it first")
    return row


def _made(change: Change, body: KeyNew, pepper: bytes, secret: str, what: str = "key.create") -> Key:
    connection, now_s = change.connection, change.time_s
    organization = _scope(connection, ScopeKind.TEAM, body.team).parent if body.team else ""
    found = body.model_dump(exclude={"limits", "budgets"})
    row = {
        **_columns(found),
        "id": new_id("key"),
        "team": body.team or "",
        "user": body.user or "",
        "organization": organization,
        "digest": hashlib.blake2b(secret.encode(), key=pepper, digest_size=16).digest(),
        "version": 1,
        "created_s": now_s,
        "updated_s": now_s,
    }
    if what == "key.create" and (body.limits or body.budgets):
        share = body.model_dump(include={"limits", "budgets"})
        connection.execute(
            sa.insert(scopes).values(
                **share,
                kind=KEY,
                name=body.name,
                parent=body.team or "",
                has_limits=bool(body.limits),
                has_budgets=bool(body.budgets),
                is_enabled=True,
                version=1,
                created_s=now_s,
                updated_s=now_s,
            )
        )
        change.scopes[f"{KEY}:{body.name}"] = records.scope_record(_scope(connection, ScopeKind.KEY, body.name))
    connection.execute(sa.insert(keys).values(row))
    (made,) = _shown(connection, connection.execute(sa.select(keys).where(keys.c.id == row["id"])).all())
    change.keys.update((record.id, record) for record in records.of_name(connection, body.name))
    change.tell(what, made.id, after=made)
    return made


def _update(change: Change, row: Any, values: dict[str, Any], what: str) -> Key:
    connection = change.connection
    (before,) = _shown(connection, [row])
    values = {**values, "version": row.version + 1, "updated_s": change.time_s}
    connection.execute(sa.update(keys).where(keys.c.id == row.id).values(values))
    (changed,) = _shown(connection, connection.execute(sa.select(keys).where(keys.c.id == row.id)).all())
    change.keys.update((record.id, record) for record in records.of_name(connection, row.name) if record.id == row.id)
    change.tell(what, row.id, before=before, after=changed)
    return changed


def _columns(found: dict[str, Any]) -> dict[str, Any]:
    return {"is_enabled" if name == "enabled" else name: value for name, value in found.items()}


def _row(connection: sa.Connection, caller: Principal, key_id: str) -> Any:
    row = connection.execute(sa.select(keys).where(keys.c.id == key_id.replace("\0", ""))).one_or_none()
    if row is None or not caller.reaches(row.team):
        raise Problem(404, "there is no such key")
    return row


def _shown(connection: sa.Connection, rows: Sequence[Any]) -> list[Key]:
    """Keys as clients see them, with the limits and budgets of their names."""
    names = sorted({row.name for row in rows})
    query = sa.select(scopes.c.name, scopes.c.limits, scopes.c.budgets)
    shared = connection.execute(query.where(scopes.c.kind == KEY, scopes.c.name.in_(names)))
    shares = {row.name: {"limits": row.limits, "budgets": row.budgets} for row in shared}
    return [_key(row, shares.get(row.name, {})) for row in rows]


def _key(row: Any, share: dict[str, Any]) -> Key:
    found = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's own way to the columns of a row
    del found["digest"]
    found["enabled"] = found.pop("is_enabled")
    found["expires_s"] = None if row.expires_s is None else int(row.expires_s)
    for name in ("team", "organization", "user"):
        found[name] = found[name] or None
    return Key(**found, **share)


def _place(row: Any) -> tuple[str, str]:
    return cast("tuple[str, str]", (row.name, row.id))


def _locate(response: Response, made: Any) -> None:
    response.headers["cache-control"] = "no-store"
    response.headers["etag"] = etag(made["version"])
    response.headers["location"] = f"/admin/v1/keys/{made['id']}"
