"""Requests of our own beside somebody else's: their answers go to nobody, and records say what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from stellwerk.gateway.lease import Lease
from stellwerk.gateway.reply import Reply
from stellwerk.http.request import Request

if TYPE_CHECKING:
    from stellwerk.core.event import RequestEvent
    from stellwerk.core.identity import Principal


class Aside:
    """Ledger of such requests of one kind, of which so many may be under way at once."""

    __slots__ = ("_in_flight", "_kind", "_most", "_record")

    def __init__(self, kind: str, most: int, record: Callable[[RequestEvent], None]) -> None:
        """``kind`` ends their ids."""
        self._kind = kind
        self._most = most
        self._record = record
        self._in_flight = 0

    @property
    def has_room(self) -> bool:
        """Whether another one may be under way."""
        return self._in_flight < self._most

    def reply_to(self, original: Reply, principal: Principal, clock: Callable[[], float], why: str) -> Reply:
        """Where the answer of a copy goes: nowhere, and on record. It is ``principal`` who asks, and pays."""
        self._in_flight += 1
        lease, request = original.lease, original.request
        # A request without a connection: whatever is written to it goes nowhere.
        copy = Request(
            None,
            headers=request.headers,
            method=request.method,
            path=request.path,
            query=request.query,
            body=request.body,
            received=clock(),
        )
        # As it came: what guardrails have made of it since, they make of the copy as well.
        envelope = original.dialect.read(copy)
        kept = Lease(self, lease.request_id, lease.started_ms, principal, envelope, lease.tags)
        reply = Reply(copy, original.dialect, kept, clock)
        reply.why = why
        return reply

    def close(self, event: RequestEvent) -> None:
        """Puts a copy on record, under an id of its own."""
        self._in_flight -= 1
        self._record(msgspec.structs.replace(event, request_id=f"{event.request_id}-{self._kind}"))
