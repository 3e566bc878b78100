"""A conversation stays with the target that has it in its prompt cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from stellwerk.core.expected_cost import ExpectedCost
from stellwerk.core.ordering import as_configured, by_load, by_weight, only, remembered
from stellwerk.core.route import Ask, Kept, Plan, Standing, Target
from stellwerk.ports.strategy import Strategy


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long conversations stay, and where those go that are new."""

    ttl_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 300.0
    """How long after its last turn a conversation stays: as long as providers keep a prompt in their cache."""
    otherwise: Literal["priority", "weighted", "least_busy", "cheapest"] = "weighted"
    """The order where there is no conversation to keep. With `cheapest`, a conversation moves as soon as another target
    is cheaper by more than its cached prompt saves."""
    expected_output_tokens: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 500
    """Tokens of a usual answer, for `cheapest`."""


class Sticky:
    """Whoever answered a conversation's last turn is asked for the next one; new ones follow another order."""

    __slots__ = ("_cost", "_otherwise", "_ttl_s")

    minds_conversations = True

    def __init__(self, settings: Settings) -> None:
        self._ttl_s = settings.ttl_s
        self._otherwise = settings.otherwise
        self._cost = ExpectedCost(settings.expected_output_tokens)

    def fixed(self, targets: tuple[Target, ...]) -> Plan | None:
        """Where there is one target only."""
        return only(targets)

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """The conversation's own target and the others as they stand by, or the order for new conversations."""
        kept = remembered(ask, self._ttl_s)
        if kept is not None:
            for own in targets:
                if own.identity == kept.identity:
                    return self._kept(own, targets, ask, kept, standings)
        return self._new(targets, ask, standings)

    def _kept(
        self, own: Target, targets: tuple[Target, ...], ask: Ask, kept: Kept, standings: Mapping[str, Standing]
    ) -> Plan:
        stays = f"{own.identity} answered the conversation's last turn"
        if self._otherwise == "cheapest":
            others, reason = self._cost.ranked(targets, ask, kept)
            if others[0] is own:
                return Plan(others, f"{stays}; {reason}")
            if self._cost.is_priced(own):
                return Plan(others, f"{reason}, although {stays}")
        else:
            others = self._new(targets, ask, standings).targets
        return Plan((own, *[target for target in others if target is not own]), stays)

    def _new(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        match self._otherwise:
            case "weighted":
                return by_weight(targets, ask.draw)
            case "least_busy":
                return by_load(targets, standings, ask.draw)
            case "cheapest":
                return self._cost.plan(targets, ask, None)
            case _:
                return as_configured(targets)


def build(settings: Settings) -> Strategy:
    """The strategy."""
    return Sticky(settings)
