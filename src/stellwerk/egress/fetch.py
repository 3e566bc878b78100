"""A small HTTP client on the data plane's own pool, for what a process needs: credentials, keys of issuers, webhooks.

When nobody answers, ``fetch`` raises, and whoever needed the answer goes on with what it has.
"""

from __future__ import annotations

import asyncio
import string
from collections.abc import Mapping
from urllib.parse import quote

from stellwerk.core import url as urls
from stellwerk.core.wire import Origin
from stellwerk.egress.guard import Guard
from stellwerk.errors import EgressDenied, UpstreamError, UpstreamInvalid
from stellwerk.http.call import Call, Patience, frame
from stellwerk.http.fields import Headers, render
from stellwerk.http.pool import Pool

TIMEOUT_S = 10.0
MAX_BYTES = 1_048_576
OWN_FIELDS = {"accept-encoding": "identity", "user-agent": "stellwerk"}
"""Sent with every request, unless the caller says otherwise."""


class Fetcher:
    """Fetches through the egress guard. Each request has a connection to itself, so that nothing of it stays."""

    __slots__ = ("_guard", "_pool")

    def __init__(self, pool: Pool, guard: Guard) -> None:
        self._pool = pool
        self._guard = guard

    async def fetch(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES,
    ) -> tuple[int, bytes]:
        """Status and body of one answer; a redirection is an answer like any other.

        ``headers`` have lower-case names and nothing that concerns framing. ``timeout_s`` bounds the whole. Raises
        ``EgressDenied`` where the policy does not permit it, ``UpstreamTimeout``, ``UpstreamInvalid`` for an answer
        over ``max_bytes``, another ``UpstreamError`` when there is none, and ``ValueError`` for a header that would
        split. Who is cancelled meanwhile takes the connection along.
        """
        origin, target = self._permitted(url)
        fields = render((name.encode(), value.encode()) for name, value in {**OWN_FIELDS, **headers}.items())
        head = frame(method.encode(), target, origin.authority.encode(), fields, len(body))
        answer = _Answer(max_bytes)
        patience = Patience(timeout_s, timeout_s, timeout_s, timeout_s)
        expires = self._pool.deadlines.clock() + timeout_s
        answer.call = call = Call(head, body, answer, is_streamed=True, patience=patience, expires=expires)
        self._pool.send_alone(call, origin)
        try:
            return await answer.whole
        finally:
            call.cancel()

    def _permitted(self, url: str) -> tuple[Origin, bytes]:
        """Where to connect to for a URL, and what to ask for there."""
        decision = self._guard.judge_url(url)
        origin = decision.origin
        if not decision.is_allowed or origin is None:
            where = origin.host if origin is not None else "a URL"
            raise EgressDenied(f"The connection to {where} is not allowed: {decision.reason}.")
        target = urls.read(url).target
        return origin, quote(target if target.startswith("/") else f"/{target}", safe=string.punctuation).encode()


class _Answer:
    """Hears one answer and collects it, up to a bound."""

    __slots__ = ("_left", "_pieces", "_status", "call", "whole")

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._pieces: list[bytes] = []
        self._status = 0
        self.call: Call | None = None
        self.whole: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

    def on_head(self, status: int, headers: Headers) -> bool:
        """Keeps the status."""
        del headers
        self._status = status
        return True

    def on_body(self, data: bytes) -> None:
        """A piece, if there is room for it."""
        self._left -= len(data)
        if self._left >= 0:
            self._pieces.append(data)
        elif self.call is not None:
            self.call.cancel()
            self.on_failure(UpstreamInvalid("The answer is larger than it may be."))

    def on_end(self) -> None:
        """The answer is whole."""
        if not self.whole.done():
            self.whole.set_result((self._status, b"".join(self._pieces)))

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Never called: every answer is streamed."""
        raise AssertionError(status, headers, body)

    def on_failure(self, error: UpstreamError) -> None:
        """There is no answer, or not all of it."""
        if not self.whole.done():
            self.whole.set_exception(error)
