"""The port of a bus between workers: lossy notices that something has a new version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec


class Notice(msgspec.Struct, frozen=True, gc=False):
    """``version`` of ``topic`` exists. Whoever cares reads the state again; the next notice repairs a lost one."""

    topic: str
    version: int


class Bus(Protocol):
    """Sends to every other worker and hears from them; best effort, never blocks, never raises for an absent peer."""

    def publish(self, notice: Notice) -> None:
        """Tells everyone else."""
        ...

    def subscribe(self, listener: Callable[[Notice], None]) -> None:
        """Calls ``listener`` on the event loop for every notice that arrives from another worker."""
        ...

    def close(self) -> None:
        """Stops hearing and frees its address."""
        ...
