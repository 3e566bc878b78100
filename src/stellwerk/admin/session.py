"""``GET /admin/v1/session`` and ``POST /admin/logout``: who somebody is here, and the end of that."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from stellwerk.admin.access import Caller, Guard, cookie_of, session_cookie
from stellwerk.admin.changes import Changes
from stellwerk.admin.sessions import Sessions
from stellwerk.admin.values import Who


def session_router() -> APIRouter:
    """Who it is."""
    api = APIRouter(prefix="/session", tags=["session"])

    @api.get("")
    def show_session(caller: Caller) -> Who:
        """Whoever asks: by a token, or by a log-in."""
        teams = sorted(caller.teams) if caller.teams is not None else None
        return Who(name=caller.name, role=caller.role.name.lower(), teams=teams, subject=caller.subject or None)

    return api


def logout_router(guard: Guard, sessions: Sessions, changes: Changes) -> APIRouter:
    """The end of a log-in."""
    api = APIRouter(tags=["session"])

    @api.post("/admin/logout", status_code=204)
    async def log_out(request: Request, response: Response, caller: Caller) -> None:
        """Ends the session whose cookie comes along; a token is not touched by that."""
        name = session_cookie(guard.people.spec.url) if guard.people is not None else ""
        secret = cookie_of(request.scope, name) if name and "authorization" not in request.headers else None
        if secret:
            await run_in_threadpool(changes.note, caller, "session.end", caller.name)
            await run_in_threadpool(sessions.end, secret.encode())
            response.delete_cookie(name, secure=name.startswith("__Host-"), httponly=True)

    return api
