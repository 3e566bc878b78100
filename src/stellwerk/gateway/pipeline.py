"""The order of the stages, written once: who calls, what is asked, where it goes, and the exchange that answers."""

from __future__ import annotations

import re

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.errors import InvalidRequest, StellwerkError
from stellwerk.gateway.configuration import Configuration
from stellwerk.gateway.dialect import Dialect
from stellwerk.gateway.exchange import Exchange, Scheduler
from stellwerk.gateway.reply import Reply
from stellwerk.gateway.stages.account import Account
from stellwerk.gateway.stages.authenticate import authenticate
from stellwerk.gateway.stages.route import route
from stellwerk.http.fields import Headers, render
from stellwerk.http.request import Request

NOBODY = Principal("", "", frozenset())
MAX_TAGS_BYTES = 1024
_TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_TAGS = re.compile(rb"[\x20-\x7e]*")


class Pipeline:
    """Runs requests under the configuration of the moment in which each of them starts."""

    __slots__ = ("_account", "_scheduler", "configuration")

    def __init__(self, configuration: Configuration, account: Account, scheduler: Scheduler) -> None:
        self.configuration = configuration
        """The current configuration: replaced by one assignment, taken once per request."""
        self._account = account
        self._scheduler = scheduler

    def run(self, request: Request, dialect: Dialect, request_id: str, started_ms: int) -> None:
        """Answers ``request`` now or later. ``started_ms`` is Unix time in milliseconds."""
        configuration = self.configuration
        headers = request.headers
        principal: Principal | None = None
        envelope: Envelope | None = None
        try:
            principal = authenticate(headers, configuration.directory)
            envelope = dialect.read(request.body)
            model, plan = route(principal, envelope, configuration)
            timeout_s = _timeout_s(headers, model.timeout_s)
            tags = _tags(headers)
        except StellwerkError as error:
            known = envelope if envelope is not None else Envelope(dialect.name, "", is_stream=False, body=request.body)
            lease = self._account.open(request_id, started_ms, principal or NOBODY, known, "")
            Reply(request, dialect, lease, self._scheduler.deadlines.clock).fail(error)
            return
        lease = self._account.open(request_id, started_ms, principal, envelope, tags)
        reply = Reply(request, dialect, lease, self._scheduler.deadlines.clock)
        targets = plan.targets + model.spare if model.spare else plan.targets
        trace = _trace(headers) if b"traceparent" in headers else b""
        Exchange(reply, model, targets, self._scheduler, request.received + timeout_s, trace).start()


def _timeout_s(headers: Headers, limit_s: float) -> float:
    """The model's deadline, shortened by ``x-stellwerk-timeout``."""
    wanted = headers.get(b"x-stellwerk-timeout")
    if wanted is None:
        return limit_s
    try:
        seconds = float(wanted)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        message = "Invalid value for the header 'x-stellwerk-timeout': expected a positive number of seconds."
        raise InvalidRequest(message, param="x-stellwerk-timeout")
    return min(seconds, limit_s)


def _tags(headers: Headers) -> str:
    """The caller's own ``k=v,k=v`` labels, for the event log."""
    tags = headers.get(b"x-stellwerk-tags")
    if tags is None:
        return ""
    if len(tags) > MAX_TAGS_BYTES or _TAGS.fullmatch(tags) is None:
        message = (
            f"Invalid value for the header 'x-stellwerk-tags': expected k=v,k=v in at most {MAX_TAGS_BYTES} bytes."
        )
        raise InvalidRequest(message, param="x-stellwerk-tags")
    return tags.decode("ascii")


def _trace(headers: Headers) -> bytes:
    """The caller's trace context, handed on as it came (W3C Trace Context); one that is malformed is dropped."""
    parent = headers[b"traceparent"]
    if _TRACE_PARENT.fullmatch(parent) is None:
        return b""
    pairs = [(b"traceparent", parent)]
    if b"tracestate" in headers:
        pairs.append((b"tracestate", headers[b"tracestate"]))
    try:
        return render(pairs)
    except ValueError:
        return b""
