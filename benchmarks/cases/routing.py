"""What a plan costs, by strategy and number of targets: at most 3 µs with two of them, 15 with twenty."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, cast

from benchmarks.cases.case import Case
from benchmarks.cases.samples import chat_request
from stellwerk import plugins
from stellwerk.core.catalog import ModelCard
from stellwerk.core.envelope import Envelope
from stellwerk.core.price import Price, Rates, Row, Tier
from stellwerk.core.route import Ask, Kept, Target
from stellwerk.ports.strategy import Strategy

COUNTS = (2, 20)
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("priority", {}),
    ("weighted", {}),
    ("cheapest", {}),
    ("fastest", {}),
    ("least_busy", {}),
    ("sticky", {}),
    ("sticky", {"otherwise": "cheapest"}),
    ("cascade", {}),
)
DRAW = 0.618033988749895


class _Standing:
    __slots__ = ("first_byte_s", "in_flight")

    def __init__(self, in_flight: int, first_byte_s: float) -> None:
        self.in_flight = in_flight
        self.first_byte_s = first_byte_s


def cases() -> Iterator[Case]:
    """Each strategy with each number of targets, for a conversation that goes on."""
    envelope = Envelope("openai_chat", "smart", is_stream=True, body=chat_request(1_000))
    for count in COUNTS:
        targets = tuple(map(_target, range(count)))
        standings = {
            target.identity: _Standing(place * 7 % 5, 0.2 + place * 7 % 11 / 10) for place, target in enumerate(targets)
        }
        ask = Ask(envelope, DRAW, 1_000.0, lambda: 240, Kept(targets[1].identity, 200, 900.0))
        for name, options in OPTIONS:
            strategy = cast("Strategy", plugins.build("strategies", name, options))
            yield Case(
                group="routing",
                name=f"{_named(name, options)}, {count} targets",
                call=partial(strategy.plan, targets, ask, standings),
            )


def _target(place: int) -> Target:
    """Weights, prices and standings go up and down, so that nothing is in order from the start."""
    rates = Rates(input=(place * 7 % 10 + 1) * 10**8, output=(place * 3 % 10 + 1) * 10**9, cache_read=10**7)
    tiers = (Tier(200_000, rates),) if place % 4 == 0 else ()
    card = ModelCard("mock", str(place), price=Price((Row(rates, tiers), Row(rates, service="batch"))))
    return Target(f"mock-{place}/model", f"mock-{place}", "model", place * 7 % 5 + 0.5, card)


def _named(name: str, options: Mapping[str, Any]) -> str:
    return ", ".join([name, *map(str, options.values())])
