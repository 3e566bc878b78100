"""``/admin/v1/tokens``: bearer tokens for people and programs that administer; told once, kept as digests."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response

from stellwerk.admin.access import Caller, Role
from stellwerk.admin.changes import Change, Changes, IdempotencyKey, Identity, IfMatch, etag, match, new_id
from stellwerk.admin.pages import Cursor, Page, Size, cut, position, rows_of
from stellwerk.admin.problems import Problem
from stellwerk.admin.resource import resource
from stellwerk.admin.tables import tokens
from stellwerk.admin.values import Token, TokenMade, TokenNew

PREFIX = "sk-sw-admin-"


def router(changes: Changes) -> APIRouter:
    """The resource; all of it takes an admin's token that reaches every team."""
    api = resource("/tokens", tag="tokens")

    @api.get("")
    def list_tokens(caller: Caller, size: Size = 50, cursor: Cursor = None) -> Page[Token]:
        """All of them, in the order of their names."""
        caller.may_everywhere(Role.ADMIN)
        start = position(cursor, 1)
        with changes.database.reading() as connection:
            found = rows_of(connection, [sa.select(tokens)], (tokens.c.name,), start, size)
        rows, following = cut(found, size, _place)
        return Page(items=[_token(row) for row in rows], next=following)

    @api.post("", status_code=201)
    def create_token(
        request: Request, response: Response, body: TokenNew, caller: Caller, idempotency_key: IdempotencyKey = None
    ) -> TokenMade:
        """A new one."""
        caller.may_everywhere(Role.ADMIN)
        identity = Identity.of(request, caller, idempotency_key, body)
        secret = changes.secret(PREFIX, identity)
        made = changes.once(identity, caller, lambda change: _made(change, body, changes.guard.digest(secret.encode())))
        response.headers["cache-control"] = "no-store"
        response.headers["etag"] = etag(made["version"])
        response.headers["location"] = f"/admin/v1/tokens/{made['id']}"
        return TokenMade(**made, token=secret)

    @api.get("/{token_id}")
    def show_token(token_id: str, response: Response, caller: Caller) -> Token:
        """One of them."""
        caller.may_everywhere(Role.ADMIN)
        with changes.database.reading() as connection:
            found = _token(_row(connection, token_id))
        response.headers["etag"] = etag(found.version)
        return found

    @api.delete("/{token_id}", status_code=204)
    def revoke_token(token_id: str, caller: Caller, if_match: IfMatch) -> None:
        """Ends one, from the next request on."""
        caller.may_everywhere(Role.ADMIN)
        with changes.making(caller) as change:
            row = _row(change.connection, token_id)
            match(if_match, row.version)
            change.connection.execute(sa.delete(tokens).where(tokens.c.id == token_id))
            change.tell("token.revoke", token_id, before=_token(row))

    return api


def _made(change: Change, body: TokenNew, digest: bytes) -> Token:
    connection, now_s = change.connection, change.time_s
    if connection.execute(sa.select(tokens.c.id).where(tokens.c.name == body.name)).first() is not None:
        raise Problem(409, f"there is a token with the name {body.name}")
    stamps = {"id": new_id("tok"), "digest": digest, "version": 1, "created_s": now_s, "updated_s": now_s}
    connection.execute(sa.insert(tokens).values({**body.model_dump(), **stamps}))
    made = _token(_row(connection, str(stamps["id"])))
    change.tell("token.create", made.id, after=made)
    return made


def _row(connection: sa.Connection, token_id: str) -> Any:
    row = connection.execute(sa.select(tokens).where(tokens.c.id == token_id.replace("\0", ""))).one_or_none()
    if row is None:
        raise Problem(404, "there is no such token")
    return row


def _token(row: Any) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        role=row.role,
        teams=row.teams,
        expires_s=None if row.expires_s is None else int(row.expires_s),
        version=row.version,
        created_s=row.created_s,
        updated_s=row.updated_s,
    )


def _place(row: Any) -> tuple[str]:
    return (row.name,)
