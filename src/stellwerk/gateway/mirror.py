"""Copies of requests to a target whose answers nobody gets: to see how it would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from stellwerk.gateway.aside import Aside

if TYPE_CHECKING:
    from stellwerk.core.event import RequestEvent
    from stellwerk.gateway.configuration import Model
    from stellwerk.gateway.reply import Reply

MOST_COPIES = 100
"""So many copies of a model's requests are under way at once; beyond that, requests are not copied."""


class Mirror:
    """The copies of one model's requests. Their events say what they are; no other figure counts them."""

    __slots__ = ("_aside", "_share", "model")

    def __init__(self, share: float, model: Model, record: Callable[[RequestEvent], None]) -> None:
        self._share = share
        self.model = model
        """The target, as a model without a name."""
        self._aside = Aside("mirror", MOST_COPIES, record)

    def takes(self, draw: float) -> bool:
        """Whether the next request is copied; ``draw`` is uniform in [0, 1)."""
        return draw < self._share and self._aside.has_room

    def reply_to(self, original: Reply, clock: Callable[[], float]) -> Reply:
        """Where the copy's answer goes: nowhere, and on record."""
        # The limits and budgets of its model and provider hold for it; the caller has not asked for it.
        principal = msgspec.structs.replace(original.lease.principal, scopes=())
        return self._aside.reply_to(original, principal, clock, f"a copy of {original.lease.request_id}")
