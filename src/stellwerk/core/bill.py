"""The bill of a recorded request, computed again from what its event says and the price that it names."""

from __future__ import annotations

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import CostLine, cost_of
from stellwerk.core.event import RequestEvent
from stellwerk.core.price import Price
from stellwerk.core.usage import DETAILS, Usage


class Bill(msgspec.Struct, frozen=True):
    """``lines`` and ``computed_nanos`` are our own arithmetic; ``None`` where the price is not known or not complete.

    ``counted_nanos`` is what was counted for the answer itself, ``extra_nanos`` for what the caller did not get;
    ``None`` where the cost is unknown. ``basis`` says whose word was counted.
    """

    lines: tuple[CostLine, ...]
    computed_nanos: int | None
    reported_nanos: int | None
    counted_nanos: int | None
    extra_nanos: int
    basis: str

    @property
    def is_wrong(self) -> bool:
        """Whether what was counted after our own arithmetic is not what that comes to."""
        return self.basis == OWN_PRICE and self.computed_nanos is not None and self.computed_nanos != self.counted_nanos


UNKNOWN, PROVIDER, OWN_PRICE, NOTHING = "unknown", "the provider's word", "price times usage", "nothing was used"
"""What a bill can be based on."""


def usage_of(event: RequestEvent) -> Usage:
    """What a recorded request used."""
    counts = msgspec.json.decode(event.usage_details, type=dict[str, int]) if event.usage_details else {}
    return Usage(
        event.input_tokens,
        event.output_tokens,
        event.cache_read_tokens,
        event.cache_write_tokens,
        event.reasoning_tokens,
        **{name: counts[name] for name in DETAILS if name in counts},
        service_tier=event.service_tier,
        reported_nanos=event.reported_nanos,
    )


def bill_of(event: RequestEvent, price: Price | None) -> Bill:
    """The bill of an event, with the price that its ``price_version`` names, or ``None`` where nobody knows it."""
    card = ModelCard(event.provider, event.provider_model, price=price, price_version=event.price_version)
    usage = usage_of(event)
    cost = cost_of(usage, card, event.started_ms)
    counted = None if event.cost_nanos is None else event.cost_nanos - event.extra_cost_nanos
    if counted is None:
        basis = UNKNOWN
    elif event.reported_nanos is not None and not card.has_own_price:
        basis = PROVIDER
    else:
        basis = OWN_PRICE if usage.total_tokens or usage.web_searches else NOTHING
    return Bill(cost.lines, cost.nanos, event.reported_nanos, counted, event.extra_cost_nanos, basis)
