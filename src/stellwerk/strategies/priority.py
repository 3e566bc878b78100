"""Targets in the order in which the configuration lists them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.ports.strategy import Strategy


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This strategy has no options."""


class Priority:
    """The first target serves; the others stand by in their order."""

    __slots__ = ()

    minds_conversations = False

    def fixed(self, targets: tuple[Target, ...]) -> Plan:
        """The order of the configuration."""
        return Plan(targets, "the order of the configuration")

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """The order of the configuration, whatever the request."""
        del ask, standings
        return self.fixed(targets)


def build(settings: Settings) -> Strategy:
    """The strategy."""
    del settings
    return Priority()
