"""The answer to one request. It owns the request's lease: ending it, in whatever way, settles exactly once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stellwerk.core.usage import Usage
from stellwerk.errors import StellwerkError, UpstreamRateLimited, UpstreamRefused
from stellwerk.gateway.lease import NO_USAGE, Lease, Outcome, Settlement

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.dialect import Dialect
    from stellwerk.http.request import Request
    from stellwerk.ports.clock import Clock

JSON = b"content-type: application/json\r\n"
EVENT_STREAM = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
CLIENT_CLOSED_REQUEST = 499
"""The status on record for a caller that left before its answer (nginx's convention)."""


class Reply:
    """Writes the answer in the caller's dialect and keeps the times that accounting needs."""

    __slots__ = ("_clock", "attempts", "dialect", "first_byte", "lease", "request", "route", "size", "waited_s")

    def __init__(self, request: Request, dialect: Dialect, lease: Lease, clock: Clock) -> None:
        self.request = request
        self.dialect = dialect
        self.lease = lease
        self._clock = clock
        self.route: Route | None = None
        """The target that is being asked, or has answered."""
        self.attempts = 0
        self.waited_s = 0.0
        self.first_byte = 0.0
        self.size = 0

    def respond(self, body: bytes, usage: Usage, finish: str) -> None:
        """A provider's whole answer, handed on."""
        now = self.first_byte = self._clock()
        self.size = len(body)
        self.request.respond(200, b"%b%b" % (JSON, self._fields(now)), body)
        self._settle(Outcome.COMPLETE, 200, now, usage, "", finish)

    def start(self, first: bytes) -> None:
        """The first bytes of a stream."""
        now = self.first_byte = self._clock()
        self.size = len(first)
        self.request.start(200, b"%b%b" % (EVENT_STREAM, self._fields(now)), first)

    def end(self, usage: Usage | None, finish: str) -> None:
        """A stream has been handed on whole."""
        self.request.end()
        self._settle(Outcome.COMPLETE, 200, self._clock(), usage or NO_USAGE, "", finish)

    def break_off(self, rest: bytes, error: StellwerkError, usage: Usage | None, finish: str) -> None:
        """A stream ends before it is whole; ``rest`` are its last bytes, with the event that says so."""
        self.request.send(rest)
        self.request.end()
        self._settle(Outcome.TRUNCATED, 200, self._clock(), usage or NO_USAGE, error.code, finish)

    def fail(self, error: StellwerkError) -> None:
        """No answer: the caller gets an error in its own dialect."""
        now = self._clock()
        status = status_of(error)
        self.request.respond(
            status, b"%b%b%b" % (JSON, self._fields(now), _retry_after(error)), self.dialect.error(error)
        )
        self._settle(Outcome.FAILED, status, now, NO_USAGE, error.code, "")

    def cancel(self, usage: Usage | None, finish: str) -> None:
        """The caller has gone."""
        status = 200 if self.first_byte else CLIENT_CLOSED_REQUEST
        self._settle(Outcome.CANCELLED, status, self._clock(), usage or NO_USAGE, "cancelled", finish)

    def _fields(self, now: float) -> bytes:
        route = self.route
        overhead_ms = (now - self.request.received - self.waited_s) * 1e3
        return b"%bx-stellwerk-attempts: %d\r\nx-stellwerk-overhead-ms: %.3f\r\n" % (
            route.fields if route is not None else b"",
            self.attempts,
            max(overhead_ms, 0.0),
        )

    def _settle(self, outcome: Outcome, status: int, now: float, usage: Usage, error: str, finish: str) -> None:
        received = self.request.received
        self.lease.settle(
            Settlement(
                outcome,
                status,
                now - received,
                usage,
                error,
                self.route.target.identity if self.route is not None else "",
                self.attempts,
                self.first_byte - received if self.first_byte else 0.0,
                self.waited_s,
                finish,
                self.size,
            )
        )


def status_of(error: StellwerkError) -> int:
    """The status a caller sees: a provider's refusal of the request itself keeps the provider's."""
    return error.upstream_status if isinstance(error, UpstreamRefused) else error.status


def _retry_after(error: StellwerkError) -> bytes:
    if isinstance(error, UpstreamRateLimited) and error.retry_after_s is not None:
        return b"retry-after: %d\r\n" % max(1, math.ceil(error.retry_after_s))
    return b""
