"""What a request holds while it runs, and gives back exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.event import RequestEvent
from stellwerk.core.identity import Principal

if TYPE_CHECKING:
    from stellwerk.gateway.stages.admit import Admission


class Ledger(Protocol):
    """Where leases are settled."""

    def close(self, event: RequestEvent) -> None:
        """Gives back what a lease holds and records what became of its request. Called once per lease."""
        ...


class Lease(msgspec.Struct, eq=False):
    """A request's hold on what it reserved. Settling gives it back; a second settling does nothing."""

    _ledger: Ledger | None
    request_id: str
    started_ms: int
    principal: Principal
    envelope: Envelope
    tags: str = ""
    admission: Admission | None = None
    """What was taken of limits and budgets."""

    @property
    def is_settled(self) -> bool:
        """Whether it has been given back."""
        return self._ledger is None

    def settle(self, event: RequestEvent) -> None:
        """Gives back what is held and records what became of the request."""
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            if self.admission is not None:
                self.admission.settle(event)
            ledger.close(event)
