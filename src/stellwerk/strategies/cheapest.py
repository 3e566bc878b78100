"""The target first at which this request is expected to cost least."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from stellwerk.core.expected_cost import ExpectedCost
from stellwerk.core.ordering import only, remembered
from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.ports.strategy import Strategy


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer is taken to be."""

    expected_output_tokens: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 500
    """Tokens of a usual answer; a request that allows fewer is counted with what it allows."""
    cache_ttl_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 300.0
    """How long a provider keeps a prompt in its cache: so long, a conversation's next turn is cheaper there."""


class Cheapest:
    """Compares prices for this request: its length, the answer it allows, and what of it is in a provider's cache."""

    __slots__ = ("_cost", "_ttl_s", "minds_conversations")

    def __init__(self, settings: Settings) -> None:
        self._cost = ExpectedCost(settings.expected_output_tokens)
        self._ttl_s = settings.cache_ttl_s
        self.minds_conversations = settings.cache_ttl_s > 0

    def fixed(self, targets: tuple[Target, ...]) -> Plan | None:
        """Where there is one target only."""
        return only(targets)

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """By expected cost; targets without a price come last."""
        del standings
        return self._cost.plan(targets, ask, remembered(ask, self._ttl_s))


def build(settings: Settings) -> Strategy:
    """The strategy."""
    return Cheapest(settings)
