"""Who may do what: tokens, sessions, roles, and the teams that are reached. Without any of these there is only 401."""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Annotated, TypeAlias

import sqlalchemy as sa
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from stellwerk.admin import problems
from stellwerk.admin.database import Database
from stellwerk.admin.problems import Problem
from stellwerk.admin.tables import tokens
from stellwerk.errors import AuthenticationFailed, IssuerUnavailable, PermissionDenied

if TYPE_CHECKING:
    from stellwerk.admin.people import People
    from stellwerk.admin.sessions import Sessions

CONFIGURED = "configuration"
"""The id of the token in the configuration file."""
CHALLENGE = {"www-authenticate": 'Bearer realm="stellwerk"'}
LOGIN_PATHS = frozenset({"/admin/login", "/admin/callback"})
"""Where people who log in are not known yet."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing, so that another site gains nothing by having a browser send them."""


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
    """Whoever a token or a session belongs to. ``teams`` is ``None`` where it reaches every one."""

    id: str
    name: str
    role: Role
    teams: frozenset[str] | None = None
    subject: str = ""
    """Who it is at which issuer, for the audit log; empty where the token is one of ours."""

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
    """Tells who somebody is. What the configuration says may be replaced while it runs; only digests are kept."""

    __slots__ = ("_clock", "_configured", "_database", "_pepper", "people")

    def __init__(self, database: Database, pepper: bytes, clock: Callable[[], float]) -> None:
        self._database = database
        self._pepper = pepper
        self._clock = clock
        self._configured: bytes | None = None
        self.people: People | None = None
        """People of an issuer, if they may come."""

    def configure(self, token: str | None, people: People | None = None) -> None:
        """Takes the token of the configuration, or none, and the people of its issuer."""
        self._configured = self.digest(token.encode()) if token else None
        self.people = people

    def digest(self, token: bytes) -> bytes:
        """What is kept of a token: 32 bytes."""
        return hashlib.blake2b(token, key=self._pepper, digest_size=32, person=b"stellwerk-admin").digest()

    async def principal(self, authorization: bytes) -> Principal | None:
        """Whoever sent this header, or ``None``.

        Raises what is wrong with a token of an issuer: ``AuthenticationFailed``, ``PermissionDenied``,
        ``IssuerUnavailable``.
        """
        scheme, _, token = authorization.partition(b" ")
        token = token.strip()
        if scheme.lower() != b"bearer" or not token:
            return None
        if self.people is not None and token.startswith(b"eyJ") and token.count(b".") == 2:
            return self.people.principal(token)
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


Enter: TypeAlias = Callable[["People", Scope, Receive, Send], Awaitable[None]]
"""Answers those who log in."""


class Gate:
    """Stands before everything else, unknown paths included."""

    def __init__(self, app: ASGIApp, guard: Guard, sessions: Sessions, login: Enter) -> None:
        self._app = app
        self._guard = guard
        self._sessions = sessions
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets whoever is known through, and those who log in as far as that."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        people = self._guard.people
        if people is not None and people.spec.url and scope["path"] in LOGIN_PATHS:
            await self._login(people, scope, receive, send)
            return
        try:
            principal = await self._principal(scope)
        except Problem as problem:
            answer: Response = problems.of_refusal(problem)
        except AuthenticationFailed as error:
            answer = challenge_of(error.message)
        except IssuerUnavailable as error:
            answer = challenge_of(error.message, {"retry-after": f"{error.retry_after_s or 1.0:.0f}"})
        except PermissionDenied as error:
            answer = problems.response(403, error.message)
        except SQLAlchemyError:
            answer = problems.response(503, "the control database cannot be used now: nobody can be looked up")
        else:
            if principal is not None:
                scope["principal"] = principal
                await self._app(scope, receive, send)
                return
            answer = challenge_of("send a valid bearer token")
        await answer(scope, receive, send)

    async def _principal(self, scope: Scope) -> Principal | None:
        found = [value for name, value in scope["headers"] if name == b"authorization"]
        if found:
            return await self._guard.principal(found[0]) if len(found) == 1 else None
        people = self._guard.people
        if people is None or not people.spec.url:
            return None
        secret = cookie_of(scope, session_cookie(people.spec.url))
        if not secret:
            return None
        principal = await run_in_threadpool(self._sessions.find, secret.encode(), people.rules)
        if principal is not None and scope["method"] not in SAFE_METHODS:
            origins = [value for name, value in scope["headers"] if name == b"origin"]
            if origins != [people.spec.url.encode()]:
                raise Problem(403, "a session changes something from pages of the admin side alone, as Origin says")
        return principal


def session_cookie(url: str) -> str:
    """The name of the cookie: the prefix has browsers take it from this host alone, and only encrypted."""
    return "__Host-stellwerk" if url.startswith("https://") else "stellwerk"


def cookie_of(scope: Scope, name: str) -> str | None:
    """What a cookie holds."""
    lines = [value.decode("latin-1") for field, value in scope["headers"] if field == b"cookie"]
    try:
        found = SimpleCookie("; ".join(lines)).get(name)
    except CookieError:
        return None
    return found.value if found is not None else None


def challenge_of(detail: str, headers: Mapping[str, str] = {}) -> Response:
    """The answer to nobody."""
    return problems.response(401, detail, headers={**CHALLENGE, **headers})


async def _principal(request: Request) -> Principal:
    found: Principal = request.scope["principal"]
    return found


BEARER = HTTPBearer(auto_error=False, description="The token of [admin], or one that it made.")
Caller = Annotated[Principal, Depends(_principal)]
"""Whoever sent the request: the gate has let them in."""
