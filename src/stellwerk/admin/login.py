"""Browsers' way in: ``/admin/login`` leads to the issuer, ``/admin/callback`` back from there, with a session.

The authorization code flow with PKCE, state and nonce. What has to be known between the two requests is in a cookie
that only this installation can make, so strangers can fill up nothing here.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from stellwerk.admin import problems
from stellwerk.admin.access import Principal, session_cookie
from stellwerk.admin.people import CALLBACK, People
from stellwerk.admin.sessions import Sessions
from stellwerk.errors import StellwerkError, UpstreamError

WAY_S = 600
"""How long somebody may be away at the issuer."""
HOME = "/admin/v1/session"
_PAGE = f'<!doctype html><title>Stellwerk</title><meta http-equiv="refresh" content="0; url={HOME}">'
_SAFE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class Login:
    """Answers the two paths. ``note`` puts a log-in into the audit log, and raises ``StoreUnavailable``."""

    def __init__(
        self,
        sessions: Sessions,
        note: Callable[[Principal, str, str], None],
        pepper: bytes,
        clock: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._note = note
        self._pepper = pepper
        self._clock = clock

    async def __call__(self, people: People, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of somebody who is not known yet, for one of the two paths."""
        request = Request(scope)
        if request.method != "GET":
            answer: Response = problems.response(405, headers={"allow": "GET"})
        elif scope["path"] == CALLBACK:
            answer = await self._come_back(request, people)
            answer.delete_cookie(_way_cookie(people), secure=_is_tls(people), httponly=True)
        else:
            answer = self._set_out(people)
        answer.headers.update(_SAFE)
        await answer(scope, receive, send)

    def _set_out(self, people: People) -> Response:
        seed = f"{secrets.token_urlsafe(32)}.{int(self._clock())}"
        try:
            way = people.way_to_issuer(self._derived("state", seed), self._derived("nonce", seed), self._verifier(seed))
        except ValueError as error:
            return problems.response(503, f"nobody can log in now: {people.failure or error}")
        answer = RedirectResponse(way, 303)
        cookie = f"{seed}.{self._derived('seed', seed)}"
        # Lax: the issuer's page sends the browser back here.
        answer.set_cookie(
            _way_cookie(people), cookie, WAY_S, path="/", secure=_is_tls(people), httponly=True, samesite="lax"
        )
        return answer

    async def _come_back(self, request: Request, people: People) -> Response:
        seed, query = self._seed(request.cookies.get(_way_cookie(people), "")), request.query_params
        if seed is None or not hmac.compare_digest(
            query.get("state", "").encode(), self._derived("state", seed).encode()
        ):
            return problems.response(401, "this log-in was not begun in this browser, or too long ago")
        if query.get("iss", people.ring.issuer) != people.ring.issuer:
            return problems.response(401, "another issuer has answered")
        code = query.get("code")
        if not code:
            return problems.response(401, "the issuer has not let anybody in")
        try:
            principal = await people.returned(code, self._derived("nonce", seed), self._verifier(seed))
            cookie = await run_in_threadpool(self._begin, principal, people)
        except (StellwerkError, ValueError, SQLAlchemyError) as error:
            return _refusal(error)
        # A page of our own, since a redirection would still be the other site's doing: the cookie would not be sent.
        answer = HTMLResponse(_PAGE, headers={"content-security-policy": "default-src 'none'"})
        answer.set_cookie(
            session_cookie(people.spec.url),
            cookie,
            int(people.spec.session_s),
            path="/",
            secure=_is_tls(people),
            httponly=True,
            samesite="strict",
        )
        return answer

    def _begin(self, principal: Principal, people: People) -> str:
        self._note(principal, "session.begin", principal.name)
        return self._sessions.begin(principal, people.rules, people.spec.session_s)

    def _seed(self, cookie: str) -> str | None:
        """What a cookie of ours was made of, if it is not too old."""
        seed, _, mark = cookie.rpartition(".")
        if not hmac.compare_digest(mark.encode(), self._derived("seed", seed).encode()):
            return None
        return seed if int(seed.rpartition(".")[2]) + WAY_S > self._clock() else None

    def _verifier(self, seed: str) -> str:
        return self._derived("verifier", seed)

    def _derived(self, what: str, seed: str) -> str:
        """64 characters that nobody else can know."""
        return hmac.digest(self._pepper, f"stellwerk login\n{what}\n{seed}".encode(), "sha256").hex()


def _refusal(error: Exception) -> Response:
    match error:
        case UpstreamError():
            return problems.response(503, f"the issuer cannot be asked: {error.message}")
        case StellwerkError():
            return problems.response(error.status, error.message)
        case SQLAlchemyError():
            return problems.response(503, "the control database cannot be used now")
        case _:
            return problems.response(401, str(error))


def _is_tls(people: People) -> bool:
    return people.spec.url.startswith("https://")


def _way_cookie(people: People) -> str:
    return session_cookie(people.spec.url) + "-login"
