"""What a request has saved, kind by kind, at list price and net: what it would have cost without, minus what it did.

Amounts are whole nano-dollars, negative where something was lost. Of one request they stand together in one column of
its event, ``prompt_cache=1200 routing=-30``; of many they add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import cost_of
from stellwerk.core.event import RequestEvent
from stellwerk.core.usage import Usage

CACHE_EXACT: Final = "cache_exact"
CACHE_NORMALIZED: Final = "cache_normalized"
CACHE_SEMANTIC: Final = "cache_semantic"
OPTIMIZERS: Final = "optimizers"
PROMPT_CACHE: Final = "prompt_cache"
ROUTING: Final = "routing"
KINDS: Final = (CACHE_EXACT, CACHE_NORMALIZED, CACHE_SEMANTIC, OPTIMIZERS, PROMPT_CACHE, ROUTING)
"""What saves, in the order in which it is shown."""


def tell(savings: Mapping[str, int]) -> str:
    """The column of an event; empty where nothing was saved or lost."""
    return " ".join(f"{kind}={nanos}" for kind, nanos in savings.items() if nanos)


def read(column: str) -> dict[str, int]:
    """The amounts in a column. What is no amount is left out: another version may have written it."""
    found = {}
    for pair in column.split():
        kind, _, amount = pair.partition("=")
        if kind and amount.removeprefix("-").isdecimal() and amount.isascii():
            found[kind] = int(amount)
    return found


# -- what one request has saved


def of_tier(tier: str) -> str:
    """What saves where an answer was there: the cache's tier, by its word (``exact``, ``normalized``, ``semantic``)."""
    return f"cache_{tier}"


def of_answer(usage: Usage, card: ModelCard | None, at_ms: int) -> int:
    """A call that was not made, because its answer was there. ``usage`` is what that answer had taken.

    Zero where the model has no price: nobody knows what it would have cost.
    """
    return cost_of(usage, card, at_ms).nanos or 0


def of_marks(usage: Usage, card: ModelCard | None, at_ms: int) -> int:
    """Marks for the provider's cache, all of them ours: discounts of reads minus surcharges of writes.

    It is the difference to the same call with nothing cached.
    """
    if not (usage.cache_read_tokens or usage.cache_write_tokens):
        return 0
    without = msgspec.structs.replace(
        usage, cache_read_tokens=0, cache_write_tokens=0, cache_write_1h_tokens=0, cache_read_audio_tokens=0
    )
    return _between(cost_of(without, card, at_ms).nanos, cost_of(usage, card, at_ms).nanos)


def of_route(usage: Usage, card: ModelCard | None, reference: ModelCard | None, at_ms: int) -> int:
    """A target other than the one that the model's calls are compared with, for the same tokens."""
    return _between(cost_of(usage, reference, at_ms).nanos, cost_of(usage, card, at_ms).nanos)


def _between(without: int | None, with_: int | None) -> int:
    return 0 if without is None or with_ is None else without - with_


# -- what many have saved


class Row(msgspec.Struct):
    """What requests of one group have cost and saved. Costs of requests whose cost is unknown are not in it."""

    requests: int = 0
    cost_nanos: int = 0
    unpriced: int = 0
    saved: dict[str, int] = {}

    @property
    def net_nanos(self) -> int:
        """All that was saved, minus what was lost."""
        return sum(self.saved.values())

    @property
    def share(self) -> float:
        """What was saved of what these requests would have cost; 0 where that is nothing."""
        whole = self.cost_nanos + self.net_nanos
        return self.net_nanos / whole if whole > 0 else 0.0

    def add(self, event: RequestEvent) -> None:
        """One request more."""
        self.requests += 1
        self.cost_nanos += event.cost_nanos or 0
        self.unpriced += event.cost_nanos is None
        for kind, nanos in read(event.savings).items() if event.savings else ():
            self.saved[kind] = self.saved.get(kind, 0) + nanos


def grouped(events: Iterable[RequestEvent], group: str) -> dict[str, Row]:
    """Requests by ``model``, ``key``, ``team`` or ``day`` (UTC, ``2026-11-26``), each group under its name."""
    rows: dict[str, Row] = {}
    for event in events:
        rows.setdefault(_name(event, group), Row()).add(event)
    return dict(sorted(rows.items()))


def total(rows: Iterable[Row]) -> Row:
    """All of them together."""
    whole = Row()
    for row in rows:
        whole.requests += row.requests
        whole.cost_nanos += row.cost_nanos
        whole.unpriced += row.unpriced
        for kind, nanos in row.saved.items():
            whole.saved[kind] = whole.saved.get(kind, 0) + nanos
    return whole


GROUPS: Final = ("model", "key", "team", "day")
"""What requests are put together by."""


def _name(event: RequestEvent, group: str) -> str:
    match group:
        case "day":
            return f"{datetime.fromtimestamp(event.started_ms / 1000, UTC):%Y-%m-%d}"
        case "key":
            return event.key_name
        case "team":
            return event.team
        case _:
            return event.model
