"""Where a request may go: targets, and the plan a strategy makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.envelope import Envelope

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance


class Target(msgspec.Struct, frozen=True):
    """A provider's model that can serve the request. ``identity`` keys run-time state and survives a reload."""

    identity: str
    """``provider/model``: the stable name of this target."""
    provider: str
    model: str
    weight: float = 1.0
    card: ModelCard | None = None
    """What the catalogue knows of the model; ``None`` where it does not know it."""


class Kept(msgspec.Struct, frozen=True):
    """What is remembered of a conversation: who answered its last turn, and how much of it that target has in cache."""

    identity: str
    """The target that answered."""
    tokens: int
    """The length of its prompt and answer then: what a provider's prompt cache may hold."""
    at: float
    """When, in seconds of a monotonic clock."""


class Ask(msgspec.Struct, frozen=True):
    """A request as strategies see it."""

    envelope: Envelope
    draw: float
    """Uniform in [0, 1): all the chance that a plan may use."""
    now: float
    """Seconds of a monotonic clock."""
    input_tokens: Callable[[], int]
    """An estimate of the prompt's tokens; counted when first asked for."""
    kept: Kept | None = None
    """The conversation so far, for strategies that mind it."""
    at_ms: int = 0
    """Unix time in milliseconds, for prices that change with the hour."""
    text: Callable[[], str] = str
    """The text of the last message of the user, read when first asked for; empty where there is none."""


class Standing(Protocol):
    """How a target is doing at the moment."""

    @property
    def in_flight(self) -> int:
        """Calls under way, of all workers of the host."""
        ...

    @property
    def first_byte_s(self) -> float:
        """Typical time to first content, 0 where nothing is known."""
        ...


class Plan(msgspec.Struct, frozen=True):
    """Targets in the order in which they are tried, and why this order."""

    targets: tuple[Target, ...]
    reason: str
    acceptance: Acceptance | None = None
    """What an answer has to be for the caller to get it; one of the last target is taken as it is."""
