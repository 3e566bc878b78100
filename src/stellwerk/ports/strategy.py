"""The port of a routing strategy."""

from __future__ import annotations

from typing import Protocol

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Plan, Target


class Strategy(Protocol):
    """Puts the targets of a model in the order in which they are tried. Decides from memory only: never waits."""

    def plan(self, targets: tuple[Target, ...], envelope: Envelope) -> Plan:
        """The order for this request, with its reason. ``targets`` is never empty."""
        ...
