"""Reads what a provider has charged from its CSV export: a day, an amount in dollars, and where it says so a model."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from stellwerk.core.cost import NANOS_PER_USD
from stellwerk.errors import InvalidRequest

DAYS = (
    "usage_date_utc",  # Anthropic
    "start_time_iso",  # OpenAI, DeepSeek
    "line_item_usage_start_date",  # AWS, both versions of its report
    "lineItem/UsageStartDate",
    "date",
    "day",
)
AMOUNTS = ("cost_usd", "amount_value", "line_item_unblended_cost", "lineItem/UnblendedCost", "cost", "amount")
MODELS = ("model", "line_item", "model_version")
CURRENCIES = ("amount_currency", "line_item_currency_code", "lineItem/CurrencyCode", "currency")
PRODUCTS = ("line_item_product_code", "lineItem/ProductCode")
BEDROCK = "bedrock"
"""Part of the product codes of an AWS report whose rows count; the rest is other services."""


class Charge(msgspec.Struct, frozen=True):
    """One row. ``model`` is what the provider calls it there, empty where it names none."""

    day: date
    model: str
    nanos: int


def read(path: Path) -> list[Charge]:
    """The charges of a file, in its order. Raises ``InvalidRequest`` with the first line that is not understood."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            columns = table.fieldnames or ()
            day, amount = _column(columns, DAYS, path), _column(columns, AMOUNTS, path)
            charges = [
                _charge(row, day, amount, f"{path}:{table.line_num}") for row in table if _is_wanted(row, amount)
            ]
    except OSError as error:
        raise InvalidRequest(f"{path}: {(error.strerror or 'unknown reason').lower()}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path}: expected CSV in UTF-8: {error}") from error
    if not charges:
        raise InvalidRequest(f"{path}: there are no charges in it")
    return charges


def _is_wanted(row: Mapping[str, str | None], amount: str) -> bool:
    product = next((row[name] or "" for name in PRODUCTS if name in row), BEDROCK)
    return bool(row[amount]) and BEDROCK in product.lower()


def _charge(row: Mapping[str, str | None], day: str, amount: str, where: str) -> Charge:
    currency = next((row[name] or "" for name in CURRENCIES if name in row), "USD")
    if currency.upper() != "USD":
        raise InvalidRequest(f"{where}: expected an amount in USD, found {currency!r}")
    model = next((row[name] or "" for name in MODELS if name in row), "")
    try:
        nanos = int((Decimal(row[amount] or "") * NANOS_PER_USD).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise InvalidRequest(f"{where}: expected an amount, found {row[amount]!r}") from error
    return Charge(_day(row[day] or "", where), model, nanos)


def _day(text: str, where: str) -> date:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidRequest(f"{where}: expected a day, found {text!r}") from error
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _column(columns: Sequence[str], known: Sequence[str], path: Path) -> str:
    for name in known:
        if name in columns:
            return name
    raise InvalidRequest(
        f"{path}: expected one of the columns {', '.join(known)}; found {', '.join(columns) or 'none'}"
    )
