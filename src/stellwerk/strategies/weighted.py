"""A random order in which each target comes first as often as its weight says."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stellwerk.core.ordering import by_weight, only
from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.ports.strategy import Strategy


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This strategy has no options: weights stand at the targets."""


class Weighted:
    """Requests are spread by weight; the others stand by in an order that is drawn in the same way."""

    __slots__ = ()

    minds_conversations = False

    def fixed(self, targets: tuple[Target, ...]) -> Plan | None:
        """Where there is one target only."""
        return only(targets)

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """An order by lot."""
        del standings
        return by_weight(targets, ask.draw)


def build(settings: Settings) -> Strategy:
    """The strategy."""
    del settings
    return Weighted()
