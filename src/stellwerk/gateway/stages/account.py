"""What did it come to? Opens a request's lease, and on settling records one event and counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stellwerk.core.envelope import Envelope
from stellwerk.core.event import RequestEvent
from stellwerk.core.identity import Principal
from stellwerk.gateway.lease import Lease
from stellwerk.gateway.metrics import Metrics

if TYPE_CHECKING:
    from stellwerk.screening.redaction import Redaction


class Account:
    """The ledger of a worker."""

    __slots__ = ("_count", "in_flight", "record", "redaction")

    def __init__(self, record: Callable[[RequestEvent], None], metrics: Metrics) -> None:
        self.record = record
        self._count = metrics.count
        self.in_flight = 0
        self.redaction: Redaction | None = None
        """Takes out of events what may not be kept."""

    def open(self, request_id: str, started_ms: int, principal: Principal, envelope: Envelope, tags: str) -> Lease:
        """Starts to account for a request."""
        self.in_flight += 1
        return Lease(self, request_id, started_ms, principal, envelope, tags)

    def close(self, event: RequestEvent) -> None:
        """Ends the accounting of a request: one event, and the counters."""
        self.in_flight -= 1
        if self.redaction is not None:
            event = self.redaction.event(event)
        self._count(event)
        self.record(event)
