"""Targets in the order in which the configuration lists them."""

from __future__ import annotations

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Plan, Target
from stellwerk.ports.strategy import Strategy


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This strategy has no options."""


class Priority:
    """The first target serves; the others stand by in their order."""

    __slots__ = ("_plan",)

    def __init__(self) -> None:
        self._plan = Plan((), "the order of the configuration")

    def plan(self, targets: tuple[Target, ...], envelope: Envelope) -> Plan:
        """The order of the configuration, whatever the request: mostly the same plan again."""
        del envelope
        plan = self._plan
        if plan.targets is not targets:
            self._plan = plan = Plan(targets, plan.reason)
        return plan


def build(settings: Settings) -> Strategy:
    """The strategy."""
    del settings
    return Priority()
