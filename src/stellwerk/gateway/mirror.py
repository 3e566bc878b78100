"""Copies of requests to a target whose answers nobody gets: to see how it would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from stellwerk.gateway.lease import Lease
from stellwerk.gateway.reply import Reply
from stellwerk.http.request import Request

if TYPE_CHECKING:
    from stellwerk.core.event import RequestEvent
    from stellwerk.gateway.configuration import Model
    from stellwerk.gateway.dialect import Dialect

MOST_COPIES = 100
"""So many copies of a model's requests are under way at once; beyond that, requests are not copied."""


class Mirror:
    """The copies of one model's requests. Their events say what they are; no other figure counts them."""

    __slots__ = ("_in_flight", "_record", "_share", "model")

    def __init__(self, share: float, model: Model, record: Callable[[RequestEvent], None]) -> None:
        self._share = share
        self.model = model
        """The target, as a model without a name."""
        self._record = record
        self._in_flight = 0

    def takes(self, draw: float) -> bool:
        """Whether the next request is copied; ``draw`` is uniform in [0, 1)."""
        return draw < self._share and self._in_flight < MOST_COPIES

    def reply_to(self, original: Reply, dialect: Dialect, clock: Callable[[], float]) -> Reply:
        """Where the copy's answer goes: nowhere, and on record."""
        self._in_flight += 1
        lease, request = original.lease, original.request
        # A request without a connection: whatever is written to it goes nowhere.
        copy = Request(None, method=request.method, path=request.path, body=request.body, received=clock())
        # The limits and budgets of its model and provider hold for it; the caller has not asked for it.
        principal = msgspec.structs.replace(lease.principal, scopes=())
        kept = Lease(self, lease.request_id, lease.started_ms, principal, lease.envelope)
        reply = Reply(copy, dialect, kept, clock)
        reply.why = f"a copy of {lease.request_id}"
        return reply

    def close(self, event: RequestEvent) -> None:
        """Puts a copy on record, under an id of its own."""
        self._in_flight -= 1
        self._record(msgspec.structs.replace(event, request_id=f"{event.request_id}-mirror"))
