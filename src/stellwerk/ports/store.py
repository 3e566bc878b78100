"""The port of a store of request events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from stellwerk.core.event import RequestEvent


class EventStore(Protocol):
    """Keeps finished requests. Called from the writer's thread only; may block, may raise ``StoreUnavailable``."""

    def append(self, events: Sequence[RequestEvent]) -> None:
        """Writes a batch in one transaction: all of it or nothing."""
        ...

    def close(self) -> None:
        """Finishes what is open."""
        ...
