"""Bills of every provider, from the usage as it stands on the wire to the nano-dollar.

Each row of ``bills/bills.json`` has a provider's usage object, the bill that follows by hand from the prices of the
page that it names (units, how many, dollars for a million of them or a thousand searches), and their sum. ``counted``
is what counts where the provider itself says what it took. ``second`` names the model in litellm's price list, of which
``second_source.json`` holds an extract: its price must lead to the same sum, unless the row says why not.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stellwerk.catalog.document import PER_THOUSAND
from stellwerk.catalog.load import load
from stellwerk.core.catalog import Catalog, ModelCard
from stellwerk.core.cost import cost_of, nanos_of
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.usage import Usage
from stellwerk.dialects import openai_usage
from stellwerk.dialects.anthropic_messages import usage as anthropic_usage
from stellwerk.dialects.bedrock_converse import usage as bedrock_usage
from stellwerk.dialects.gemini import usage as gemini_usage
from stellwerk.dialects.openai_responses import usage as responses_usage

GOLDEN = Path(__file__).parent / "bills"
BILLS: list[dict[str, Any]] = json.loads((GOLDEN / "bills.json").read_bytes())
SECOND: dict[str, dict[str, Any]] = json.loads((GOLDEN / "second_source.json").read_bytes())["models"]
CATALOG: Catalog = load()
PROVIDERS = {
    "openai",
    "anthropic",
    "gemini",
    "bedrock",
    "azure",
    "deepseek",
    "xai",
    "mistral",
    "groq",
    "openrouter",
}
NANOS_PER_TOKEN = 1_000
"""A dollar for a million tokens."""

UNITS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "input_audio": "input_cost_per_audio_token",
    "cache_read_audio": "cache_read_input_audio_token_cost",
    "output_audio": "output_cost_per_audio_token",
    "input_image": "input_cost_per_image_token",
    "output_image": "output_cost_per_image_token",
}
"""The second list's words."""

SERVICES = {"batch": "_batches", "flex": "_flex", "priority": "_priority"}


def usage_of(row: dict[str, Any]) -> Usage:
    """The row's usage, read by the dialect it is in."""
    wire, tier = row["usage"], row.get("tier")
    match row["dialect"]:
        case "openai_chat":
            return openai_usage.decode_usage(wire, tier)
        case "openai_responses":
            return responses_usage.decode_usage(wire, row.get("searches", 0), tier)
        case "anthropic_messages":
            return anthropic_usage.neutral(anthropic_usage.read_wire(wire))
        case "gemini":
            return gemini_usage.decode_usage(wire)
        case _:
            found = bedrock_usage.decode_usage(msgspec.Raw(json.dumps(wire).encode()), tier or "")
            assert found is not None
            return found


def by_name(row: dict[str, Any]) -> str:
    return str(row["name"])


def of_complaint(word: str) -> list[dict[str, Any]]:
    return [row for row in BILLS if word in row["name"]]


def card_of(row: dict[str, Any]) -> ModelCard:
    card = CATALOG.find(row["provider"], row["model"])
    assert card is not None
    return card


@pytest.mark.parametrize("row", BILLS, ids=by_name)
def test_a_bill_is_what_was_calculated_by_hand(row: dict[str, Any]) -> None:
    by_hand = sum(
        Decimal(count) * Decimal(usd) * (NANOS_PER_TOKEN * 1_000 if unit in PER_THOUSAND else NANOS_PER_TOKEN)
        for unit, count, usd in row["bill"]
    )
    assert by_hand == row["nanos"]
    usage, card = usage_of(row), card_of(row)
    found = cost_of(usage, card, row["at_ms"])
    assert [(line.unit, line.count) for line in found.lines] == [(unit, count) for unit, count, _ in row["bill"]]
    assert found.nanos == row["nanos"]
    assert nanos_of(usage, card, row["at_ms"]) == row.get("counted", row["nanos"])


@pytest.mark.parametrize("row", [row for row in BILLS if "second" in row], ids=by_name)
def test_a_second_price_list_leads_to_the_same_bill_or_it_is_said_why_not(row: dict[str, Any]) -> None:
    usage = usage_of(row)
    card = ModelCard("second", row["second"], price=Price((Row(second_rates(row, usage)),)))
    found = cost_of(usage, card, row["at_ms"]).nanos
    assert (found == row["nanos"]) == ("second_differs" not in row), f"the other list leads to {found}"


def second_rates(row: dict[str, Any], usage: Usage) -> Rates:
    """The second list's rates for the row's service tier and size of prompt."""
    entry = SECOND[row["second"]]
    service = SERVICES.get(usage.service_tier, "")
    long = "_above_200k_tokens" if usage.input_tokens > 200_000 else ""
    rates = {}
    for unit, name in UNITS.items():
        usd = next((entry[key] for key in (f"{name}{long}{service}", f"{name}{service}", name) if key in entry), None)
        rates[unit] = None if usd is None else int(Decimal(repr(usd)).scaleb(15))
    search = entry.get("search_context_cost_per_query", {}).get("search_context_size_medium")
    rates["web_search"] = None if search is None else int(Decimal(repr(search)).scaleb(15))
    return Rates(**rates)


def test_the_table_covers_every_provider_and_every_kind_of_unit() -> None:
    assert {row["provider"] for row in BILLS} == PROVIDERS
    units = {unit for row in BILLS for unit, _, _ in row["bill"]}
    assert units == {*Rates.__struct_fields__} - {"reasoning", "request"}  # no model of the table has these rates
    assert {usage_of(row).service_tier for row in BILLS} >= {"batch", "flex", "priority"}
    assert all(row["page"].startswith("https://") for row in BILLS)
    assert sum("second" in row for row in BILLS) >= 20
    assert max(Counter(by_name(row) for row in BILLS).values()) == 1


def test_the_extract_holds_no_more_than_what_is_compared() -> None:
    assert {row["second"] for row in BILLS if "second" in row} == set(SECOND)
    assert "MIT License" in (GOLDEN / "NOTICE").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", of_complaint("cache"), ids=by_name)
def test_complaint_13_cached_tokens_are_charged_once(row: dict[str, Any]) -> None:
    usage = usage_of(row)
    whole = {"cache_read", "cache_read_audio", "cache_write", "cache_write_1h", "input", "input_audio", "input_image"}
    charged = sum(line.count for line in cost_of(usage, card_of(row), row["at_ms"]).lines if line.unit in whole)
    assert charged == usage.input_tokens


def test_complaint_14_a_bill_for_cached_images_is_the_providers_own_number() -> None:
    (row,) = of_complaint("cached images")
    usage = usage_of(row)
    assert usage.input_image_tokens + usage.cache_read_tokens > usage.input_tokens  # they overlap
    assert cost_of(usage, card_of(row), row["at_ms"]).nanos == usage.reported_nanos


@pytest.mark.parametrize("usual", [True, False])
def test_complaint_15_usage_in_two_events_of_a_stream_is_neither_lost_nor_doubled(usual: bool) -> None:
    # Some hosts tell the input first, some only at the end, some both times.
    first = {"input_tokens": 1200 if usual else 0, "output_tokens": 1 if usual else 0}
    last = {"input_tokens": 1200, "output_tokens": 300}
    told = anthropic_usage.updated(None, anthropic_usage.read_wire(first))
    usage = anthropic_usage.neutral(anthropic_usage.updated(told, anthropic_usage.read_wire(last)))
    # 1,200 x 3.00 + 300 x 15.00 a million.
    assert nanos_of(usage, CATALOG.find("anthropic", "claude-sonnet-4-5"), BILLS[0]["at_ms"]) == 8_100_000
