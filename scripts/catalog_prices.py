"""Turns the price list's models into rows of the catalogue: units, prompt sizes, service tiers, dates and hours."""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from scripts.catalog_sources import Made

UNITS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "cache_audio_read_mtok": "cache_read_audio",
    "output_audio_mtok": "output_audio",
    "input_image_mtok": "input_image",
    "output_image_mtok": "output_image",
    "output_reasoning_mtok": "reasoning",
    "web_searches_kcount": "web_search",
    "requests_kcount": "request",
}
LEFT_OUT = frozenset({"storage_searches_kcount", "cache_image_read_mtok"})
"""Units that no provider reports with a chat's usage."""

WHOLES = {
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "input_audio": "input",
    "input_image": "input",
    "output_audio": "output",
    "output_image": "output",
    "reasoning": "output",
    "cache_read_audio": "cache_read",
}
SERVICES = {
    ("processing", "batch"): "batch",
    ("service_tier", "flex"): "flex",
    ("service_tier", "priority"): "priority",
    ("service_tier", "fast"): "fast",
    ("speed", "fast"): "fast",
}
FREE = ":free"
"""The end of a name under which a host gives a model away; the price list leaves its price empty."""

FINEST = Decimal("0.000000001")
BEGINNING = date(1970, 1, 1)

Row = dict[str, Any]


def rows(model: Made) -> list[Row]:
    """The model's rows; none when it is billed by a unit that usage does not count, for then any sum would be wrong."""
    standard = _standard(model.prices)
    if model.id.endswith(FREE):
        return [{"input": "0", "output": "0"}]
    if any(unit not in UNITS and unit not in LEFT_OUT for prices, _ in standard for unit in prices):
        return []
    found = [{**_row(prices), **conditions} for prices, conditions in standard if prices]
    if not found or not any(unit in found[0] for unit in ("input", "output")):
        return []
    for service in dict.fromkeys(SERVICES.values()):
        found += _service(service, model.price_variants or (), standard)
    return found


def _standard(prices: Made | list[Made]) -> list[tuple[dict[str, Any], Row]]:
    """Each of the standard prices with its conditions, in their order."""
    if isinstance(prices, Made):
        return [(_given(prices), {})]
    return [(_given(conditional.prices), _conditions(conditional.constraint)) for conditional in prices]


def _given(price: Made) -> dict[str, Any]:
    return {unit: value for unit, value in price.given.items() if value is not None}


def _conditions(constraint: Made | None) -> Row:
    match constraint:
        case None:
            return {}
        case Made(kind="StartDateConstraint"):
            return {"since": constraint.start_date.isoformat()}
        case Made(kind="TimeOfDateConstraint"):
            ends = (constraint.start_time, constraint.end_time)
            return {"hours": [end.replace(tzinfo=None).isoformat() for end in ends]}
    message = f"unknown condition {constraint}"
    raise ValueError(message)


def _service(service: str, variants: Any, standard: list[tuple[dict[str, Any], Row]]) -> Iterator[Row]:
    """Rows of one service tier: the standard price of its day with what the tier's variants put over it."""
    own = [
        (_given(variant.prices), _day(_conditions(variant.constraint)))
        for variant in variants
        if [SERVICES.get(pair) for pair in variant.when.items()] == [service]
    ]
    if not own or any("hours" in conditions for _, conditions in standard):
        return
    days = sorted({_day(conditions) for _, conditions in standard} | {day for _, day in own})
    for day in days:
        active = [prices for prices, since in own if since <= day]
        if not active:
            continue
        merged = dict([prices for prices, conditions in standard if _day(conditions) <= day][-1])
        for prices in reversed(active):  # the first of the variants wins
            merged |= prices
        since = {"since": day.isoformat()} if day > BEGINNING else {}
        yield {**_row(merged), "service": service, **since}


def _day(conditions: Row) -> date:
    return date.fromisoformat(conditions["since"]) if "since" in conditions else BEGINNING


def _row(prices: dict[str, Any]) -> Row:
    """Rates of the smallest prompts, and complete ones for each size from which on others hold."""
    starts = sorted({tier.start for price in prices.values() if isinstance(price, Made) for tier in price.tiers})
    base = _rates(prices, 0)
    tiers = [{"above": start, **_rates(prices, start + 1)} for start in starts]
    return {**base, "tiers": tiers} if tiers else base


def _rates(prices: dict[str, Any], tokens: int) -> Row:
    rates = {UNITS[unit]: _dollars(price, tokens) for unit, price in prices.items() if unit in UNITS}
    ordered = {unit: rates[unit] for unit in UNITS.values() if unit in rates}
    # A part that costs what its whole does needs no rate of its own.
    for part in reversed(WHOLES):
        if part in ordered and ordered[part] == _of_whole(part, ordered):
            del ordered[part]
    return {unit: _number(usd) for unit, usd in ordered.items()}


def _of_whole(part: str, rates: dict[str, Decimal]) -> Decimal | None:
    whole = WHOLES[part]
    while whole not in rates and whole in WHOLES:
        whole = WHOLES[whole]
    return rates.get(whole)


def _dollars(price: Any, tokens: int) -> Decimal:
    found: Decimal = price
    if isinstance(price, Made):
        found = price.base
        for tier in price.tiers:
            if tokens > tier.start:
                found = tier.price
    return found.quantize(FINEST, ROUND_HALF_EVEN)


def _number(usd: Decimal) -> str:
    """Digits without needless zeros and without an exponent."""
    text = f"{usd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
