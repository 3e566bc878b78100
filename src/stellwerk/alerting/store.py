"""What alerting needs of the control database: the budgets that are set there, and an outbox for all hosts together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from stellwerk.core.alert import Crossing, Told
from stellwerk.core.scope import BudgetSpec
from stellwerk.ports.notifier import Message, Outcome


class Watched(msgspec.Struct, frozen=True):
    """A scope whose budgets are watched, and the team that it is of or that it belongs to; empty where it is none."""

    scope: str
    team: str
    budgets: tuple[BudgetSpec, ...]


class Delivery(msgspec.Struct, frozen=True):
    """A message that is to be told on a channel, claimed by this process for a while."""

    number: int
    channel: str
    attempt: int
    """From 1; tells this claim from any other."""
    message: Message


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a delivery after an attempt. It is tried again after ``again_s``, where there is such a time."""

    outcome: Outcome
    reason: str
    again_s: float = 0.0


class AlertStore(Protocol):
    """Called from any thread; each call is whole or not at all. All raise ``StoreUnavailable``."""

    def budgets(self, after: str | None) -> tuple[Sequence[Watched], str | None]:
        """Scopes with budgets, in pages: behind the mark ``after``, and the mark of the page that follows."""
        ...

    def tell(self, found: Crossing, channels: Sequence[str], now_s: float) -> frozenset[Told]:
        """Puts an alert into the outbox, unless somebody was told already; and what has been told in this period."""
        ...

    def claim(self, channel: str, now_s: float) -> Delivery | None:
        """The delivery on a channel that is due the longest; nobody else gets it for a minute."""
        ...

    def settle(self, delivery: Delivery, verdict: Verdict, now_s: float) -> None:
        """Notes what became of a claimed delivery. One that somebody else has claimed since is left to them."""
        ...

    def tidy(self, now_s: float) -> int:
        """Drops deliveries that nobody could make for days, and forgets what is long over; how many were dropped."""
        ...
