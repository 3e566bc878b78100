"""Who may do what: bearer tokens, roles, and teams that a token reaches. Without a valid token there is only 401."""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from stellwerk.admin import problems
from stellwerk.admin.database import Database
from stellwerk.admin.problems import Problem
from stellwerk.admin.tables import tokens

CONFIGURED = "configuration"
"""The id of the token in the configuration file."""
CHALLENGE = {"www-authenticate": 'Bearer realm="stellwerk"'}


class Role(enum.IntEnum):
    """What a token may do; each may do what the ones before it may."""

    VIEWER = 1
    """Look."""
    OPERATOR = 2
    """Make, change, rotate and revoke keys."""
    ADMIN = 3
    """Everything: scopes, limits and budgets too, and, where it reaches every team, tokens and reloads."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a token belongs to. ``teams`` is ``None`` where it reaches every one."""

    id: str
    name: str
    role: Role
    teams: frozenset[str] | None = None

    def may(self, role: Role) -> None:
        """Raises 403 unless the token has the role."""
        if self.role < role:
            raise Problem(403, f"this takes the role {role.name.lower()}; the token has {self.role.name.lower()}")

    def may_everywhere(self, role: Role) -> None:
        """Raises 403 unless the token has the role for all teams together."""
        self.may(role)
        if self.teams is not None:
            raise Problem(403, "this takes a token that reaches every team")

    def reaches(self, team: str | None) -> bool:
        """Whether what belongs to a team, or to none, may be seen."""
        return self.teams is None or (bool(team) and team in self.teams)

    def reach(self, teams: Iterable[str]) -> list[str] | None:
        """Of the teams that were asked for (none: of all), those that may be seen; ``None`` stands for every one."""
        asked = sorted(set(teams))
        if self.teams is None:
            return asked or None
        return sorted(self.teams.intersection(asked) if asked else self.teams)


class Guard:
    """Tells whose a bearer token is. The configuration's may be replaced while it runs; only digests are kept."""

    __slots__ = ("_clock", "_configured", "_database", "_pepper")

    def __init__(self, database: Database, pepper: bytes, clock: Callable[[], float]) -> None:
        self._database = database
        self._pepper = pepper
        self._clock = clock
        self._configured: bytes | None = None

    def configure(self, token: str | None) -> None:
        """Takes the token of the configuration, or none."""
        self._configured = self.digest(token.encode()) if token else None

    def digest(self, token: bytes) -> bytes:
        """What is kept of a token: 32 bytes."""
        return hashlib.blake2b(token, key=self._pepper, digest_size=32, person=b"stellwerk-admin").digest()

    async def principal(self, authorization: bytes) -> Principal | None:
        """Whoever sent this header, or ``None``."""
        scheme, _, token = authorization.partition(b" ")
        token = token.strip()
        if scheme.lower() != b"bearer" or not token:
            return None
        digest = self.digest(token)
        if self._configured is not None and hmac.compare_digest(digest, self._configured):
            return Principal(CONFIGURED, CONFIGURED, Role.ADMIN)
        return await run_in_threadpool(self._found, digest)

    def _found(self, digest: bytes) -> Principal | None:
        with self._database.reading() as connection:
            row = connection.execute(sa.select(tokens).where(tokens.c.digest == digest)).one_or_none()
        if row is None or (row.expires_s is not None and row.expires_s <= self._clock()):
            return None
        return Principal(row.id, row.name, Role[row.role.upper()], frozenset(row.teams) if row.teams else None)


class Gate:
    """Stands before everything else, unknown paths included."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets whoever has a valid token through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = [value for name, value in scope["headers"] if name == b"authorization"]
        try:
            principal = await self._guard.principal(found[0]) if len(found) == 1 else None
        except SQLAlchemyError:
            answer = problems.response(503, "the control database cannot be used now: nobody's token can be looked up")
            await answer(scope, receive, send)
            return
        if principal is None:
            await problems.response(401, "send a valid bearer token", headers=CHALLENGE)(scope, receive, send)
            return
        scope["principal"] = principal
        await self._app(scope, receive, send)


async def _principal(request: Request) -> Principal:
    found: Principal = request.scope["principal"]
    return found


BEARER = HTTPBearer(auto_error=False, description="The token of [admin], or one that it made.")
Caller = Annotated[Principal, Depends(_principal)]
"""Whoever sent the request: the gate has let them in."""
