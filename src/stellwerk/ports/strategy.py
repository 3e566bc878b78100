"""The port of a routing strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from stellwerk.core.route import Ask, Plan, Standing, Target


class Strategy(Protocol):
    """Puts the targets of a model in the order in which they are tried. Decides from memory only: never waits.

    Which of them are able to serve a request, and whether they are well, is judged elsewhere: a strategy only orders
    what it is given.
    """

    @property
    def minds_conversations(self) -> bool:
        """Whether its plans depend on who answered a conversation's last turn."""
        ...

    def fixed(self, targets: tuple[Target, ...]) -> Plan | None:
        """The one plan that it makes of these targets whatever the request, where there is such a plan."""
        ...

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """The order for this request, with its reason. ``targets`` is never empty; each has a standing by identity."""
        ...
