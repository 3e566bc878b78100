"""The target first that has the fewest calls under way, for its weight."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stellwerk.core.ordering import by_load, only
from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.ports.strategy import Strategy


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This strategy has no options: weights stand at the targets."""


class LeastBusy:
    """A target of twice the weight is as busy as another with twice as many calls under way, of all workers."""

    __slots__ = ()

    minds_conversations = False

    def fixed(self, targets: tuple[Target, ...]) -> Plan | None:
        """Where there is one target only."""
        return only(targets)

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """By load, equals by lot."""
        return by_load(targets, standings, ask.draw)


def build(settings: Settings) -> Strategy:
    """The strategy."""
    del settings
    return LeastBusy()
