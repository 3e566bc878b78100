"""The application: every resource, the gate before all of them, and problems for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stellwerk import __version__
from stellwerk.admin import alerts, allowances, cache, keys, operation, problems, savings, scopes, session, tokens
from stellwerk.admin.access import Gate
from stellwerk.admin.changes import Changes
from stellwerk.admin.login import Login
from stellwerk.admin.operation import Installation
from stellwerk.admin.problems import ProblemBody
from stellwerk.admin.resource import PREFIX
from stellwerk.admin.sessions import Sessions
from stellwerk.core.scope import ScopeKind
from stellwerk.ports.cache import Cache

OPENAPI = f"{PREFIX}/openapi.json"
MAX_BODY_BYTES = 1_048_576


def application(
    changes: Changes,
    installation: Installation,
    channels: alerts.Channels,
    backend: str,
    opening: Callable[[], Cache],
) -> ASGIApp:
    """What the server serves. ``opening`` opens the cache, which is kept by that backend."""
    guard = changes.guard
    sessions = Sessions(changes.database, guard.digest, changes.clock)
    resources = [
        keys.router(changes, lambda: installation.key_names),
        *(scopes.router(kind, changes) for kind in (ScopeKind.ORGANIZATION, ScopeKind.TEAM, ScopeKind.USER)),
        *allowances.routers(changes),
        alerts.router(changes, channels),
        savings.router(changes, installation),
        cache.router(changes, backend, opening),
        tokens.router(changes),
        operation.status_router(changes, installation),
        session.session_router(changes),
        operation.reload_router(changes, installation),
        session.logout_router(changes, sessions),
    ]
    # Routes are handed over as they are: to include a router would build each of them a second time.
    app = FastAPI(
        title="Stellwerk administration",
        version=__version__,
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        routes=[route for one in resources for route in one.routes],
        exception_handlers={**problems.HANDLERS, Exception: _defect},
    )
    app.openapi = _with_problems(app)  # type: ignore[method-assign]  # FastAPI's own way to change the document
    login = Login(sessions, changes.note, changes.pepper, changes.clock)
    return Gate(_Bounded(app), guard, sessions, login)


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
