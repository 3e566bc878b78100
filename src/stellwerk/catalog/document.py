"""A catalogue as a JSON document: dollars as people read them, turned into cards with whole nano-dollars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import Price, Rates, Row, Tier

FORMAT = 1
"""Version of this layout: a document of another one is refused instead of guessed at."""

MOST_USD = Decimal(1_000_000)
"""No unit costs more: whoever writes more has mistaken the unit."""

NANOS_PER_USD = 1_000_000_000
PER_THOUSAND = frozenset({"web_search", "request"})
"""Rates that are published for a thousand calls; all others are for a million tokens."""

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class RatesEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Dollars: for a million tokens, or for a thousand of ``web_search`` and ``request``."""

    input: Decimal | None = None
    """A million tokens of prompt."""
    output: Decimal | None = None
    """A million tokens of answer."""
    cache_read: Decimal | None = None
    """Prompt that was read from a cache; without it what ``input`` costs."""
    cache_write: Decimal | None = None
    """Prompt that was written to a cache; without it what ``input`` costs."""
    cache_write_1h: Decimal | None = None
    """The same, kept for an hour; without it what ``cache_write`` costs."""
    input_audio: Decimal | None = None
    """Sound in the prompt; without it what ``input`` costs."""
    cache_read_audio: Decimal | None = None
    """Sound that was read from a cache; without it what ``cache_read`` costs."""
    output_audio: Decimal | None = None
    """Sound in the answer; without it what ``output`` costs."""
    input_image: Decimal | None = None
    """Images in the prompt; without it what ``input`` costs."""
    output_image: Decimal | None = None
    """Images in the answer; without it what ``output`` costs."""
    reasoning: Decimal | None = None
    """Thinking before the answer; without it what ``output`` costs."""
    web_search: Decimal | None = None
    """A thousand searches that the provider made."""
    request: Decimal | None = None
    """A thousand calls, beside their tokens."""


class TierEntry(RatesEntry, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The same for prompts of more than ``above`` tokens, complete."""

    above: _Count
    """Size of the prompt in tokens, cached ones counted, beyond which these rates hold for the whole call."""


class RowEntry(RatesEntry, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Rates with their conditions: a service tier, a date from which on, hours of the UTC day."""

    service: str = ""
    """The tier of service: ``batch``, ``flex``, ``priority``, ``fast``; empty for the standard one."""
    since: date | None = None
    """The first day, in UTC, on which it holds."""
    hours: tuple[time, time] | None = None
    """The time of day, in UTC, at which it holds: from the first until before the second."""
    tiers: tuple[TierEntry, ...] = ()
    """Rates for larger prompts, by ascending size."""


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One model; in an overlay, what is not given is kept from the card that it lies over."""

    provider: _Name
    """A kind of provider, or the name of a compatible host."""
    id: _Name
    """That provider's name for the model."""
    aliases: tuple[_Name, ...] | None = None
    """Other names of it; dated, regional and versioned forms need not be listed."""
    context_window: _Count | None = None
    """Most tokens of prompt and answer together."""
    max_output: _Count | None = None
    """Most tokens of answer."""
    has: tuple[_Name, ...] | None = None
    """Capabilities that it is known to have."""
    lacks: tuple[_Name, ...] | None = None
    """Capabilities that it is known to lack: only these turn requests away from it."""
    deprecated: bool | None = None
    """Whether its provider wants to be rid of it."""
    prices: tuple[RowEntry, ...] | None = None
    """Of those that hold at a moment the last one counts; an empty array makes the model unpriced."""


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a document's contents come from."""

    name: str
    version: str = ""
    licence: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole catalogue, or a part to lie over another one."""

    format: int
    date: date
    models: tuple[ModelEntry, ...]
    sources: tuple[Source, ...] = ()


def parse(content: bytes) -> Document:
    """The document in a file's bytes. Raises ``ValueError`` with a reason that names the place."""
    try:
        document = msgspec.json.decode(content, type=Document)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        reason = str(error)
    else:
        if document.format == FORMAT:
            return document
        reason = f"expected a catalogue of format {FORMAT}, found format {document.format}"
    raise ValueError(reason)


def card_of(entry: ModelEntry, source: str, under: ModelCard | None = None, price_version: str = "") -> ModelCard:
    """The card of an entry, over the one that is known already. Raises ``ValueError`` on a price that cannot be one.

    ``price_version`` is that of the entry's price, if it has one.
    """
    known = under or ModelCard(entry.provider, entry.id)
    given: dict[str, Any] = {
        "aliases": entry.aliases,
        "context_window": entry.context_window,
        "max_output": entry.max_output,
        "has": entry.has,
        "lacks": entry.lacks,
        "is_deprecated": entry.deprecated,
        "price": price_of(entry.prices or (), f"{entry.provider}/{entry.id}"),
        "price_version": price_version if entry.prices else None,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if entry.prices == ():
        changes |= {"price": None, "price_version": ""}
    if under is not None:
        changes |= _capabilities(entry, under)
    return msgspec.structs.replace(known, source=source, **changes)


def _capabilities(entry: ModelEntry, under: ModelCard) -> dict[str, Any]:
    """What an overlay states of a capability replaces what was known of it, whichever way; the rest stays."""
    has, lacks = entry.has or (), entry.lacks or ()
    return {
        "has": tuple(sorted({*under.has, *has} - set(lacks))),
        "lacks": tuple(sorted({*under.lacks, *lacks} - set(has))),
    }


def price_of(entries: Sequence[RowEntry], where: str) -> Price | None:
    """The price that rows make, ``None`` for none. Raises ``ValueError`` with ``where`` on what cannot be one."""
    rows = tuple(_row(row, where) for row in entries)
    if rows and rows[0].service:
        message = f"{where}: the first of the prices must be the standard one, without a service"
        raise ValueError(message)
    return Price(rows) if rows else None


def _row(entry: RowEntry, where: str) -> Row:
    hours = (_minutes(entry.hours[0]), _minutes(entry.hours[1])) if entry.hours else None
    since = datetime.combine(entry.since, time(), UTC) if entry.since else None
    tiers = tuple(Tier(tier.above, _rates(tier, where)) for tier in entry.tiers)
    if [tier.above for tier in tiers] != sorted({tier.above for tier in tiers}):
        message = f"{where}: the tiers of a price must ascend"
        raise ValueError(message)
    return Row(
        rates=_rates(entry, where),
        tiers=tiers,
        service=entry.service,
        since_s=int(since.timestamp()) if since else 0,
        hours=hours,
    )


def _rates(entry: RatesEntry, where: str) -> Rates:
    return Rates(
        **{
            unit: _nanos(usd, 1_000 if unit in PER_THOUSAND else 1, f"{where}: {unit}")
            for unit in RatesEntry.__struct_fields__
            if (usd := getattr(entry, unit)) is not None
        }
    )


def _nanos(usd: Decimal, thousands: int, where: str) -> int:
    """Nano-dollars per million; what is finer than one is rounded half to even, a femto-dollar for each unit."""
    if not (usd.is_finite() and 0 <= usd <= MOST_USD):
        message = f"{where}: expected dollars from 0 to {MOST_USD:,}, found {usd}"
        raise ValueError(message)
    return int((usd * NANOS_PER_USD * thousands).to_integral_value(ROUND_HALF_EVEN))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
