"""Prices of one's own, as they stand in ``stellwerk.toml`` at a target."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from stellwerk.catalog.document import MOST_USD, RatesEntry, RowEntry, TierEntry, price_of
from stellwerk.config.section import Section
from stellwerk.core.price import Price

Dollars = Annotated[float | None, Field(ge=0, le=float(MOST_USD), allow_inf_nan=False)]


class Rates(Section):
    """Dollars for a million tokens, or for a thousand of web_search and request."""

    input: Dollars = Field(default=None, description="A million tokens of prompt.")
    output: Dollars = Field(default=None, description="A million tokens of answer.")
    cache_read: Dollars = Field(default=None, description="Prompt that was read from a cache. Default: input.")
    cache_write: Dollars = Field(default=None, description="Prompt that was written to a cache. Default: input.")
    cache_write_1h: Dollars = Field(default=None, description="The same, kept for an hour. Default: cache_write.")
    input_audio: Dollars = Field(default=None, description="Sound in the prompt. Default: input.")
    cache_read_audio: Dollars = Field(default=None, description="Sound read from a cache. Default: cache_read.")
    output_audio: Dollars = Field(default=None, description="Sound in the answer. Default: output.")
    input_image: Dollars = Field(default=None, description="Images in the prompt. Default: input.")
    output_image: Dollars = Field(default=None, description="Images in the answer. Default: output.")
    reasoning: Dollars = Field(default=None, description="Thinking before the answer. Default: output.")
    web_search: Dollars = Field(default=None, description="A thousand searches that the provider makes.")
    request: Dollars = Field(default=None, description="A thousand calls, beside their tokens.")


class PriceTier(Rates):
    """The rates of larger prompts, complete."""

    above: int = Field(ge=0, le=2**40, description="Tokens of prompt beyond which these rates hold for the whole call.")


class PriceRow(Rates):
    """Rates with their conditions. Of those that hold at a moment the last one counts."""

    service: str = Field(default="", description="Tier of service, such as batch or flex; empty for the standard one.")
    since: date | None = Field(default=None, description="The first day, in UTC, on which it holds.")
    hours: list[time] | None = Field(default=None, description="The time of day, in UTC, when it holds: from, until.")
    tiers: list[PriceTier] = Field(default=[], description="Rates for larger prompts, by ascending size.")


def price_from(rows: Sequence[PriceRow]) -> Price | None:
    """The price that rows make; ``None`` for none, which makes a target unpriced. Raises ``ValueError``."""
    return price_of([_row(row) for row in rows], "prices")


def _row(row: PriceRow) -> RowEntry:
    if row.hours is not None and len(row.hours) != 2:
        raise ValueError("prices: expected two times of day as hours, from and until")
    return RowEntry(
        **_dollars(row),
        service=row.service,
        since=row.since,
        hours=(row.hours[0], row.hours[1]) if row.hours is not None else None,
        tiers=tuple(TierEntry(**_dollars(tier), above=tier.above) for tier in row.tiers),
    )


def _dollars(rates: Rates) -> dict[str, Any]:
    """What was written, digit for digit."""
    units = RatesEntry.__struct_fields__
    return {unit: Decimal(repr(usd)) for unit in units if (usd := getattr(rates, unit)) is not None}
