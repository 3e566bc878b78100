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

    def plan(self, targets: tuple[Target, ...], envelope: Envelope) -> Plan:
        """The order of the configuration, whatever the request."""
        del envelope
        return Plan(targets, "the order of the configuration")


def build(settings: Settings) -> Strategy:
    """The strategy."""
    del settings
    return Priority()
