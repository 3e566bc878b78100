"""How ``stellwerk models`` shows a card: a line, a page, or a JSON object with dollars as exact decimals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stellwerk.catalog.document import PER_THOUSAND
from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import format_usd
from stellwerk.core.price import Rates, Row

UNPRICED = "unpriced"


def line(card: ModelCard, at_ms: int) -> str:
    """Name, window, and what a million tokens in and out cost at that moment."""
    rates = card.price.row(at_ms).rates if card.price else None
    money = f"{_usd('input', rates.input)} in, {_usd('output', rates.output)} out" if rates else UNPRICED
    window = f"{card.context_window:,}" if card.context_window else "?"
    return f"{card.provider + '/' + card.id:70} {window:>12}  {money}"


def page(card: ModelCard) -> str:
    """Everything that is known, a line for each rate."""
    lines = [f"{card.provider}/{card.id}{'  (deprecated)' if card.is_deprecated else ''}"]
    facts = {
        "also": ", ".join(card.aliases),
        "window": f"{card.context_window:,} tokens" if card.context_window else "",
        "output": f"at most {card.max_output:,} tokens" if card.max_output else "",
        "has": ", ".join(card.has),
        "lacks": ", ".join(card.lacks),
        "from": card.source,
    }
    lines += [f"  {name:7} {value}" for name, value in facts.items() if value]
    for row in card.price.rows if card.price else ():
        lines.append(f"  price   {_when(row)}")
        lines += _rate_lines(row.rates, "")
        for tier in row.tiers:
            lines += _rate_lines(tier.rates, f" above {tier.above:,} tokens of prompt")
    return "\n".join(lines if card.price else [*lines, f"  price   {UNPRICED}"])


def described(card: ModelCard) -> dict[str, Any]:
    """The card as JSON: ``price`` is ``null`` or an array of rows; rates are decimals of dollars, as text."""
    return {
        "provider": card.provider,
        "id": card.id,
        "aliases": list(card.aliases),
        "context_window": card.context_window or None,
        "max_output": card.max_output or None,
        "has": list(card.has),
        "lacks": list(card.lacks),
        "deprecated": card.is_deprecated,
        "source": card.source,
        "price": [_described(row) for row in card.price.rows] if card.price else None,
    }


def _described(row: Row) -> dict[str, Any]:
    return {
        "service": row.service or "standard",
        "since": _day(row.since_s) if row.since_s else None,
        "hours_utc": [_clock(minute) for minute in row.hours] if row.hours else None,
        "usd": {unit: _usd(unit, rate) for unit, rate in _rates(row.rates)},
        "tiers": [
            {"above": tier.above, "usd": {unit: _usd(unit, rate) for unit, rate in _rates(tier.rates)}}
            for tier in row.tiers
        ],
    }


def _rate_lines(rates: Rates, condition: str) -> list[str]:
    found = []
    for unit, rate in _rates(rates):
        per = "thousand calls" if unit in PER_THOUSAND else "million tokens"
        found.append(f"    {unit:17} {_usd(unit, rate):>10} USD a {per}{condition}")
    return found


def _rates(rates: Rates) -> list[tuple[str, int]]:
    return [(unit, rate) for unit in rates.__struct_fields__ if (rate := getattr(rates, unit)) is not None]


def _usd(unit: str, rate: int | None) -> str:
    if rate is None:
        return "-"
    return format_usd(rate // 1000 if unit in PER_THOUSAND else rate).decode()


def _when(row: Row) -> str:
    parts = [row.service or "standard"]
    parts += [f"since {_day(row.since_s)}"] if row.since_s else []
    parts += [f"from {_clock(row.hours[0])} to {_clock(row.hours[1])} UTC"] if row.hours else []
    return ", ".join(parts)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
