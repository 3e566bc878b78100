"""Where a request may go: targets, and the plan a strategy makes of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stellwerk.core.catalog import ModelCard


class Target(msgspec.Struct, frozen=True):
    """A provider's model that can serve the request. ``identity`` keys run-time state and survives a reload."""

    identity: str
    """``provider/model``: the stable name of this target."""
    provider: str
    model: str
    weight: float = 1.0
    card: ModelCard | None = None
    """What the catalogue knows of the model; ``None`` where it does not know it."""


class Plan(msgspec.Struct, frozen=True):
    """Targets in the order in which they are tried, and why this order."""

    targets: tuple[Target, ...]
    reason: str


def able(targets: Iterable[Target], capabilities: Iterable[str]) -> tuple[Target, ...]:
    """Targets of which none of the capabilities is known to be missing, in their order.

    A model that the catalogue does not know, or of which it does not say, is trusted to be able to.
    """
    wanted = tuple(capabilities)
    return tuple(target for target in targets if target.card is None or not target.card.missing(wanted))
