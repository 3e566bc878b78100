"""Where a request may go: targets, and the plan a strategy makes of them."""

from __future__ import annotations

import msgspec


class Target(msgspec.Struct, frozen=True):
    """A provider's model that can serve the request. ``identity`` keys run-time state and survives a reload."""

    identity: str
    """``provider/model``: the stable name of this target."""
    provider: str
    model: str
    weight: float = 1.0


class Plan(msgspec.Struct, frozen=True):
    """Targets in the order in which they are tried, and why this order."""

    targets: tuple[Target, ...]
    reason: str
