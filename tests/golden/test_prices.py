"""The catalogue that ships: sound, dated, small, the same as what its source computes, and its disputes explained."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stellwerk.catalog.load import VENDORED, load, vendored
from stellwerk.core.catalog import CAPABILITIES, Catalog
from stellwerk.core.cost import cost_of
from stellwerk.core.usage import Usage
from stellwerk.providers.compatible import HOSTS

GOLDEN = Path(__file__).parent / "prices"
CATALOG: Catalog = load()
COMPUTED: list[dict[str, Any]] = json.loads((GOLDEN / "computed.json").read_bytes())["calls"]
DISPUTES: dict[str, Any] = json.loads((GOLDEN / "disagreements.json").read_bytes())
LOCAL_OR_UNPUBLISHED = {"llama.cpp", "lmstudio", "nvidia-nim", "ollama", "vllm"}


def test_the_catalogue_is_dated_and_small_and_says_where_it_is_from() -> None:
    shipped = vendored()
    assert VENDORED.stat().st_size < 400_000
    assert shipped.date.year >= 2026
    assert all(source.version and source.licence == "MIT" for source in shipped.sources)
    notice = VENDORED.with_name("NOTICE").read_text(encoding="utf-8")
    assert all(source.name in notice for source in shipped.sources)
    assert "Permission is hereby granted" in notice


def test_every_card_is_found_by_its_id_and_by_each_alias() -> None:
    lost = [
        (card.provider, name)
        for card in CATALOG
        for name in (card.id, *card.aliases)
        if (found := CATALOG.find(card.provider, name)) is None or found.id != card.id
    ]
    assert lost == []


def test_every_card_says_something_and_nothing_twice() -> None:
    for card in CATALOG:
        assert card.price is not None or card.has
        assert not set(card.has) & set(card.lacks)
        assert {*card.has, *card.lacks} <= set(CAPABILITIES)
        if card.price is not None:
            first = card.price.rows[0]
            assert (first.service, first.since_s, first.hours) == ("", 0, None)


def test_known_hosts_that_publish_prices_have_a_section() -> None:
    sections = {card.provider for card in CATALOG}
    assert {"openai", "anthropic", "gemini", "bedrock", "azure"} <= sections
    assert set(HOSTS) - sections == LOCAL_OR_UNPUBLISHED


@pytest.mark.parametrize(
    "call", COMPUTED, ids=[f"{n} {call['model']} {call['service']}" for n, call in enumerate(COMPUTED)]
)
def test_a_call_costs_what_the_source_of_the_prices_computes(call: dict[str, Any]) -> None:
    provider, _, model = call["model"].partition("/")
    usage = Usage(**call["usage"], service_tier=call["service"])
    found = cost_of(usage, CATALOG.find(provider, model), call["at_ms"])
    assert found.nanos is not None
    # The source does not round; here each line is rounded by half a nano-dollar at most.
    assert abs(found.nanos - Decimal(call["usd"]).scaleb(9)) <= Decimal(len(found.lines)) / 2


def test_the_computed_calls_cover_the_tiers_of_service() -> None:
    assert set(Counter(call["service"] for call in COMPUTED)) == {"", "batch", "flex", "priority"}


def test_every_disagreement_with_the_second_opinion_is_explained() -> None:
    classes = DISPUTES["classes"]
    assert {line["class"] for line in DISPUTES["disagreements"]} == set(classes)
    assert all(len(explanation) > 40 for explanation in classes.values())
    places = [(line["model"], line["field"]) for line in DISPUTES["disagreements"]]
    assert len(set(places)) == len(places)


def test_disputes_are_few_and_none_is_about_openai_or_anthropic() -> None:
    disputed = {line["model"] for line in DISPUTES["disagreements"] if line["class"] == "disputed"}
    assert len(disputed) <= 15
    assert not [name for name in disputed if name.startswith(("openai/", "anthropic/", "gemini/", "bedrock/"))]


@pytest.mark.parametrize("line", DISPUTES["disagreements"], ids=lambda line: f"{line['model']} {line['field']}")
def test_ours_in_a_disagreement_is_what_the_catalogue_holds(line: dict[str, str]) -> None:
    provider, _, model = line["model"].partition("/")
    field, *conditions = line["field"].split()
    above = int(conditions[1]) if conditions[:1] == ["above"] else 0
    service = conditions[-1] if len(conditions) % 2 else ""
    card = CATALOG.find(provider, model)
    assert card is not None
    assert card.price is not None
    midnight_ms = 1_795_564_800_000
    rates = card.price.row(midnight_ms, service).for_prompt(above + 1)
    whole = {"cache_write_1h": "cache_write", "output_audio": "output"}.get(field, "input")
    own = getattr(rates, field)
    rate = own if own is not None else getattr(rates, whole)
    assert Decimal(rate).scaleb(-9) == Decimal(line["ours"])
