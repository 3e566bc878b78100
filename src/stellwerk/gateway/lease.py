"""What a request holds while it runs, and gives back exactly once."""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.usage import Usage

NO_USAGE = Usage()


class Outcome(enum.Enum):
    """How a request ended."""

    COMPLETE = "complete"
    """The caller got all of it."""
    FAILED = "failed"
    """The caller got an error instead of an answer."""
    TRUNCATED = "truncated"
    """The caller got a part, and an error."""
    CANCELLED = "cancelled"
    """The caller went away first."""


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """What became of a request: all that settling it needs. Times are seconds."""

    outcome: Outcome
    status: int
    latency_s: float
    """From the request's last byte to the answer's last."""
    usage: Usage = NO_USAGE
    error: str = ""
    target: str = ""
    attempts: int = 0
    first_byte_s: float = 0.0
    """From the request's last byte to the answer's first."""
    waited_s: float = 0.0
    """Of the latency, how much was spent waiting for providers."""
    finish: str = ""
    reply_bytes: int = 0


class Ledger(Protocol):
    """Where leases are settled."""

    def close(self, lease: Lease, settlement: Settlement) -> None:
        """Gives back what ``lease`` holds and records what became of its request. Called once per lease."""
        ...


class Lease:
    """A request's hold on what it reserved. Settling gives it back; a second settling does nothing."""

    __slots__ = ("_ledger", "envelope", "principal", "request_id", "started_ms", "tags")

    def __init__(
        self,
        ledger: Ledger,
        request_id: str,
        started_ms: int,
        principal: Principal,
        envelope: Envelope,
        tags: str,
    ) -> None:
        self._ledger: Ledger | None = ledger
        self.request_id = request_id
        self.started_ms = started_ms
        self.principal = principal
        self.envelope = envelope
        self.tags = tags

    @property
    def is_settled(self) -> bool:
        """Whether it has been given back."""
        return self._ledger is None

    def settle(self, settlement: Settlement) -> None:
        """Gives back what is held and records what became of the request."""
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close(self, settlement)
