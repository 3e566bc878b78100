"""The port of a notifier: a channel on which people or programs are told of something."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from stellwerk.core.wire import Origin
from stellwerk.ports.credential import Fetch


class Message(msgspec.Struct, frozen=True):
    """What is told. A message that is sent again is the same to the byte, under the same id."""

    id: str
    type: str
    """Such as ``budget.threshold``."""
    summary: str
    """One line for people."""
    body: bytes
    """A JSON object that says everything, these three included."""


class Outcome(enum.Enum):
    """What became of an attempt to tell."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """A later attempt may succeed."""
    REFUSED = "refused"
    """No attempt will."""


class Receipt(msgspec.Struct, frozen=True):
    """The outcome, and why it is not better, in words without secrets."""

    outcome: Outcome
    reason: str = ""


class Line(Protocol):
    """Writes a line into the process's log."""

    def __call__(self, event: str, **fields: Any) -> None:
        """One event with its fields."""
        ...


class Means(NamedTuple):
    """What a notifier may tell with; ``build`` gets it beside the settings."""

    fetch: Fetch
    """Through the egress guard, which permits the notifier's origins."""
    wall: Callable[[], float]
    """Unix time in seconds."""
    line: Line


class Notifier(Protocol):
    """One channel."""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where it connects to."""
        ...

    async def deliver(self, message: Message) -> Receipt:
        """Tries to tell, once. Raises nothing: what goes wrong outside is in the receipt."""
        ...
