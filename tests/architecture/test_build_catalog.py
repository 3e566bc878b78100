"""The script that makes the catalogue: what it takes from its sources, and what it leaves out."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from scripts.build_catalog import main
from scripts.catalog_sources import prices
from stellwerk.catalog.document import card_of, parse
from stellwerk.core.catalog import Catalog, ModelCard

DATA = """
import datetime
from decimal import Decimal
from .types import *

providers: list[Provider] = [
    Provider(
        id='openai',
        models=[
            ModelInfo(
                id='chat-1',
                match=ClauseOr(or_=[ClauseEquals(equals='Chat-One'), ClauseStartsWith(starts_with='chat-1-')]),
                context_window=1000,
                prices=[
                    ConditionalPrice(
                        constraint=None,
                        prices=ModelPrice(
                            input_mtok=Decimal('4'), output_mtok=Decimal('8'), cache_read_mtok=Decimal('4')
                        ),
                    ),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 6, 10)),
                        prices=ModelPrice(
                            input_mtok=TieredPrices(base=Decimal('2'), tiers=[Tier(start=200000, price=Decimal('3'))]),
                            output_mtok=Decimal('8.000'),
                            storage_searches_kcount=Decimal('1'),
                        ),
                    ),
                ],
                price_variants=[
                    PriceVariant(when={'service_tier': 'default'}, prices=ModelPrice(), constraint=None),
                    PriceVariant(
                        when={'processing': 'batch'},
                        prices=ModelPrice(input_mtok=Decimal('1')),
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 1, 1)),
                    ),
                ],
            ),
            ModelInfo(
                id='by-the-hour',
                match=ClauseEquals(equals='by-the-hour'),
                prices=[
                    ConditionalPrice(
                        constraint=TimeOfDateConstraint(
                            start_time=datetime.time(0, 30, tzinfo=datetime.timezone.utc),
                            end_time=datetime.time(16, 30, tzinfo=datetime.UTC),
                        ),
                        prices=ModelPrice(input_mtok=Decimal('0.18000000000000002'), output_mtok=Decimal('1')),
                    ),
                ],
            ),
            ModelInfo(
                id='listener',
                match=ClauseAnd(and_=[ClauseContains(contains='listener'), ClauseRegex(regex='x')]),
                prices=ModelPrice(input_mtok=Decimal('1'), audio_hours=Decimal('2')),
            ),
            ModelInfo(id='chat-2', match=ClauseEndsWith(ends_with='chat-2'), prices=ModelPrice()),
            ModelInfo(id='gift:free', match=ClauseEquals(equals='gift:free'), prices=ModelPrice()),
        ],
    ),
    Provider(
        id='aws',
        models=[
            ModelInfo(
                id='regional.maker.model-v1:0',
                match=ClauseOr(
                    or_=[ClauseContains(contains='us-gov.maker.model'), ClauseContains(contains='eu.maker.model')]
                ),
                prices=ModelPrice(input_mtok=Decimal('11'), output_mtok=Decimal('11')),
            ),
            ModelInfo(
                id='global.maker.model-v1:0',
                match=ClauseContains(contains='global.maker.model'),
                prices=ModelPrice(input_mtok=Decimal('10'), output_mtok=Decimal('10')),
            ),
        ],
    ),
    Provider(id='somebody-else', models=[]),
]
"""
MODELS = [
    ("openai", "chat-1", 1, 0, None, 900, 100, None),
    ("openai", "chat-2", 0, 1, 1, 5000, 50, "deprecated"),
    ("amazon-bedrock", "maker.model-v1:0", 1, 0, 0, 0, 0, None),
]
SECOND = {"chat-1": {"litellm_provider": "openai", "supports_vision": True, "supports_reasoning": False}}


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    """The script's arguments, with a small source for each."""
    (tmp_path / "data.py").write_text(DATA, encoding="utf-8")
    (tmp_path / "second.json").write_text(json.dumps(SECOND), encoding="utf-8")
    connection = sqlite3.connect(tmp_path / "db.sqlite")
    connection.execute("create table metadata (key, value)")
    connection.execute("insert into metadata values ('generated_at', '2026-08-18T08:14:34+00:00')")
    connection.execute(
        "create table models (full_id, provider_id, id, tool_call, reasoning, structured_output, limit_context,"
        " limit_output, status)"
    )
    connection.execute("create table model_modalities (model_full_id, direction, value)")
    for provider, name, *rest in MODELS:
        row = (f"{provider}:{name}", provider, name, *rest)
        connection.execute("insert into models values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        for direction in ("input", "output"):
            connection.execute("insert into model_modalities values (?, ?, 'text')", (row[0], direction))
    connection.commit()
    connection.close()
    given = {"prices": "data.py", "capabilities": "db.sqlite", "second-opinion": "second.json", "out": "models.json"}
    arguments = [word for option, name in given.items() for word in (f"--{option}", str(tmp_path / name))]
    return [*arguments, "--version", "1.2.3", "--date", "2026-11-25"]


@pytest.fixture
def built(sources: list[str], tmp_path: Path) -> dict[str, Any]:
    """What the script makes of them, by the models' ids."""
    assert main(sources) == 0
    return {model["id"]: model for model in json.loads((tmp_path / "models.json").read_bytes())["models"]}


def test_the_edition_names_its_day_and_its_sources(sources: list[str], tmp_path: Path) -> None:
    assert main(sources) == 0
    document = parse((tmp_path / "models.json").read_bytes())
    assert str(document.date) == "2026-11-25"
    assert [(source.name, source.version) for source in document.sources] == [
        ("genai-prices", "1.2.3"),
        ("models.dev", "2026-08-18"),
    ]


def test_prices_keep_their_days_sizes_and_services(built: dict[str, Any]) -> None:
    assert built["chat-1"]["prices"] == [
        {"input": 4, "output": 8},
        {"input": 2, "output": 8, "tiers": [{"above": 200000, "input": 3, "output": 8}], "since": "2026-06-10"},
        {"input": 1, "output": 8, "cache_read": 4, "service": "batch", "since": "2026-01-01"},
        {"input": 1, "output": 8, "service": "batch", "since": "2026-06-10"},
    ]


def test_hours_are_kept_and_what_computers_have_done_to_a_number_is_not(built: dict[str, Any]) -> None:
    assert built["by-the-hour"]["prices"] == [{"input": 0.18, "output": 1, "hours": ["00:30:00", "16:30:00"]}]


def test_what_is_billed_by_other_units_or_not_at_all_is_no_price(built: dict[str, Any]) -> None:
    assert "listener" not in built
    assert "prices" not in built["chat-2"]
    assert built["gift:free"]["prices"] == [{"input": 0, "output": 0}]


def test_capabilities_are_stated_unless_the_second_opinion_contradicts_a_lack(built: dict[str, Any]) -> None:
    assert built["chat-1"]["has"] == ["tools"]
    assert built["chat-1"]["lacks"] == ["audio_in", "audio_out", "files", "image_out", "reasoning"]
    assert (built["chat-1"]["context_window"], built["chat-1"]["max_output"]) == (1000, 100)
    assert built["chat-2"]["has"] == ["json_schema", "reasoning"]
    assert (built["chat-2"]["context_window"], built["chat-2"]["deprecated"]) == (5000, True)


def test_both_prices_of_bedrock_are_one_models(built: dict[str, Any]) -> None:
    assert {name: built[name]["has"] for name in built if "maker" in name} == {
        "regional.maker.model-v1:0": ["tools"],
        "global.maker.model-v1:0": ["tools"],
    }


def test_names_are_found_that_the_price_list_spells_out(sources: list[str], tmp_path: Path) -> None:
    assert main(sources) == 0
    models = parse((tmp_path / "models.json").read_bytes()).models
    catalog = Catalog(card_of(entry, "here") for entry in models)
    names = {
        ("openai", "chat-one"): "chat-1",
        ("openai", "chat-1-2026-01-01"): "chat-1",
        ("bedrock", "eu.maker.model"): "regional.maker.model-v1:0",
        ("bedrock", "maker.model-v2:0"): "regional.maker.model-v1:0",
        ("bedrock", "global.maker.model"): "global.maker.model-v1:0",
    }
    found = {name: catalog.find(*name) for name in names}
    assert {name: card and card.id for name, card in found.items()} == names
    government = catalog.find("bedrock", "us-gov.maker.model-v1:0")
    assert isinstance(government, ModelCard)
    assert government.price is None


@pytest.mark.parametrize("text", ["other = []\n", "providers: list = [open('x').read()]\n"])
def test_what_is_no_price_list_is_refused_and_nothing_of_it_is_run(text: str, tmp_path: Path) -> None:
    path = tmp_path / "data.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"there is no list of providers|line 1"):
        prices(path)
