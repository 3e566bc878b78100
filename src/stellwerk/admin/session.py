"""Sessions over the API: who somebody is here, who has logged in, and the end of that."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from stellwerk.admin.access import Caller, Role, cookie_of, session_cookie
from stellwerk.admin.changes import Changes
from stellwerk.admin.pages import Cursor, Page, Size, cut, position, rows_of
from stellwerk.admin.problems import Problem
from stellwerk.admin.resource import resource
from stellwerk.admin.sessions import Sessions
from stellwerk.admin.tables import sessions as table
from stellwerk.admin.values import Session, Who


def session_router(changes: Changes) -> APIRouter:
    """Who it is, and who else has logged in."""
    api = resource("", tag="sessions")

    @api.get("/session")
    def show_session(caller: Caller) -> Who:
        """Whoever asks: by a token, or by a log-in."""
        teams = sorted(caller.teams) if caller.teams is not None else None
        return Who(name=caller.name, role=caller.role.name.lower(), teams=teams, subject=caller.subject or None)

    @api.get("/sessions")
    def list_sessions(caller: Caller, size: Size = 50, cursor: Cursor = None) -> Page[Session]:
        """Those that have not ended, in no order that means anything."""
        caller.may_everywhere(Role.ADMIN)
        start = position(cursor, 1)
        living = sa.select(table).where(table.c.expires_s > changes.clock())
        with changes.database.reading() as connection:
            found = rows_of(connection, [living], (table.c.id,), start, size)
        rows, following = cut(found, size, lambda row: (row.id,))
        return Page(items=[_session(row) for row in rows], next=following)

    @api.delete("/sessions/{session_id}", status_code=204)
    def revoke_session(session_id: str, caller: Caller) -> None:
        """Ends somebody's, from the next request on. Sessions never change, so no version is named."""
        caller.may_everywhere(Role.ADMIN)
        with changes.making(caller) as change:
            here = table.c.id == session_id.replace("\0", "")
            row = change.connection.execute(sa.select(table).where(here)).one_or_none()
            if row is None:
                raise Problem(404, "there is no such session")
            change.connection.execute(sa.delete(table).where(here))
            change.tell("session.revoke", row.id, before=_session(row))

    return api


def logout_router(changes: Changes, sessions: Sessions) -> APIRouter:
    """The end of a log-in."""
    api = resource("/logout", tag="sessions", prefix="/admin")

    @api.post("", status_code=204)
    async def log_out(request: Request, response: Response, caller: Caller) -> None:
        """Ends the session whose cookie comes along; a token is not touched by that."""
        people = changes.guard.people
        name = session_cookie(people.spec.url) if people is not None else ""
        secret = cookie_of(request.scope, name) if name and "authorization" not in request.headers else None
        if secret:
            await run_in_threadpool(changes.note, caller, "session.end", caller.name)
            await run_in_threadpool(sessions.end, secret.encode())
            response.delete_cookie(name, secure=name.startswith("__Host-"), httponly=True)

    return api


def _session(row: Any) -> Session:
    kept = ("id", "name", "subject", "role", "teams", "created_s", "expires_s")
    return Session(**{name: getattr(row, name) for name in kept})
