"""Targets, standings and requests for tests of strategies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stellwerk.core.catalog import ModelCard
from stellwerk.core.envelope import Envelope
from stellwerk.core.price import Price, Rates, Row, Tier
from stellwerk.core.route import Ask, Kept, Plan, Target

DOLLAR = 10**9
NOW = 1_000.0


class Known(NamedTuple):
    """What is known of a target."""

    in_flight: int = 0
    first_byte_s: float = 0.0


def target(
    name: str,
    weight: float = 1.0,
    rates: Rates | None = None,
    tiers: tuple[Tier, ...] = (),
    lacks: tuple[str, ...] = (),
) -> Target:
    """A target of this name; with rates it has a price."""
    price = None if rates is None else Price((Row(rates, tiers),))
    return Target(name, name, "model", weight, ModelCard(name, "model", price=price, lacks=lacks))


def dollars(fresh: float, output: float, read: float | None = None) -> Rates:
    """Rates in dollars for a million tokens."""
    return Rates(
        input=round(fresh * DOLLAR),
        output=round(output * DOLLAR),
        cache_read=None if read is None else round(read * DOLLAR),
    )


def ask(
    body: bytes = b"{}",
    draw: float = 0.5,
    tokens: int = 1_000,
    kept: Kept | None = None,
    cap: int | None = None,
    choices: int = 1,
    at_ms: int = 0,
) -> Ask:
    """A request."""
    envelope = Envelope("openai_chat", "smart", is_stream=False, body=body, output_cap=cap, choices=choices)
    return Ask(envelope, draw, NOW, lambda: tokens, kept, at_ms)


def calm(*targets: Target, **known: Known) -> Mapping[str, Known]:
    """Standings by name; those that are not named are idle and unknown."""
    return {each.identity: known.get(each.identity, Known()) for each in targets}


def names(plan: Plan) -> list[str]:
    """The order."""
    return [each.identity for each in plan.targets]
