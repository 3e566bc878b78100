"""The application: every resource, the gate before all of them, and problems for whatever goes wrong."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stellwerk import __version__
from stellwerk.admin import alerts, allowances, keys, operation, problems, scopes, session, tokens
from stellwerk.admin.access import BEARER, Gate
from stellwerk.admin.changes import Changes
from stellwerk.admin.login import Login
from stellwerk.admin.operation import Installation
from stellwerk.admin.problems import ProblemBody
from stellwerk.admin.sessions import Sessions
from stellwerk.core.scope import ScopeKind

PREFIX = "/admin/v1"
OPENAPI = f"{PREFIX}/openapi.json"
MAX_BODY_BYTES = 1_048_576

_CODES = (400, 401, 403, 404, 405, 409, 412, 413, 422, 428, 500, 503)


def application(changes: Changes, installation: Installation, channels: alerts.Channels) -> ASGIApp:
    """What the server serves."""
    app = FastAPI(
        title="Stellwerk administration",
        version=__version__,
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(BEARER)],
        responses={code: _documented(code) for code in _CODES},
        exception_handlers={**problems.HANDLERS, Exception: _defect},
    )
    api = APIRouter(prefix=PREFIX)
    api.include_router(keys.router(changes, lambda: installation.key_names))
    for kind in (ScopeKind.ORGANIZATION, ScopeKind.TEAM, ScopeKind.USER):
        api.include_router(scopes.router(kind, changes))
    for router in allowances.routers(changes):
        api.include_router(router)
    api.include_router(alerts.router(changes, channels))
    api.include_router(tokens.router(changes))
    api.include_router(operation.status_router(changes, installation))
    api.include_router(session.session_router(changes))
    app.include_router(api)
    app.include_router(operation.reload_router(changes, installation))
    guard = changes.guard
    sessions = Sessions(changes.database, guard.digest, changes.clock)
    app.include_router(session.logout_router(changes, sessions))
    app.openapi = _with_problems(app)  # type: ignore[method-assign]  # FastAPI's own way to change the document
    login = Login(sessions, changes.note, changes.pepper, changes.clock)
    return Gate(_Bounded(app), guard, sessions, login)


def _documented(code: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {"description": problems.TITLES[code], "content": {problems.MEDIA_TYPE: {"schema": schema}}}


def _with_problems(app: FastAPI) -> Any:
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        document["components"]["schemas"].update({**schema.pop("$defs"), "ProblemBody": schema})
        return document

    return openapi


async def _defect(_: Request, __: Exception) -> JSONResponse:
    return problems.response(500, "the log of the admin process says more")


class _Bounded:
    """Refuses bodies that are too large, however they are sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, bounded, send)
