"""The catalogue: who is found by which name, and what a card is known to lack."""

import pytest

from stellwerk.core.catalog import CAPABILITIES, Catalog, ModelCard
from stellwerk.core.price import Price, Rates, Row

STANDARD, BATCH = Row(Rates(input=1, output=2)), Row(Rates(input=1), service="batch")
GPT = ModelCard("openai", "GPT-5.2", ("gpt-5-2",), price=Price((STANDARD, BATCH)))
O3 = ModelCard("azure", "o3", price=Price((STANDARD,)))
CLAUDE = ModelCard("anthropic", "claude-sonnet-4-5")
GEMINI = ModelCard("gemini", "gemini-2.5-pro")
REGIONAL = ModelCard("bedrock", "regional.anthropic.claude-sonnet-4-5-20250929-v1:0", price=Price((STANDARD,)))
NOVA = ModelCard("bedrock", "amazon.nova-lite-v1:0", ("amazon.nova-lite",), price=Price((STANDARD,)))
CATALOG = Catalog([GPT, O3, CLAUDE, GEMINI, REGIONAL, NOVA])


@pytest.mark.parametrize(
    ("provider", "model", "card"),
    [
        ("openai", "gpt-5.2", GPT),
        ("openai", "GPT-5-2", GPT),
        ("openai", "gpt-5.2-2025-12-11", GPT),
        ("openai", "gpt-5.2-pro", None),
        ("openai", "claude-sonnet-4-5", None),
        ("nobody", "gpt-5.2", None),
        ("vertex", "gemini-2.5-pro", GEMINI),
        ("vertex", "claude-sonnet-4-5@20250929", CLAUDE),
        ("azure", "o3", O3),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", REGIONAL),
        ("bedrock", "us.amazon.nova-lite-v1:0", NOVA),
    ],
)
def test_a_model_is_found_by_its_name_in_its_providers_section(
    provider: str, model: str, card: ModelCard | None
) -> None:
    assert CATALOG.find(provider, model) == card


def test_who_serves_anothers_models_does_so_at_the_standard_price() -> None:
    found = CATALOG.find("azure", "gpt-5.2")
    assert found is not None
    assert found.price == Price((STANDARD,))
    assert CATALOG.find("azure", "claude-sonnet-4-5") == CLAUDE


@pytest.mark.parametrize("name", ["eu.amazon.nova-lite-v1:0", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"])
def test_a_model_in_a_region_without_a_known_price_is_known_and_unpriced(name: str) -> None:
    found = CATALOG.find("bedrock", name)
    assert found is not None
    assert found.price is None
    assert CATALOG.find("bedrock", "eu.amazon.nova-unheard-of") is None


def test_a_later_card_replaces_an_earlier_one_and_an_id_beats_an_alias() -> None:
    newer = ModelCard("openai", "gpt-5.2", context_window=9)
    assert Catalog([GPT, newer]).find("openai", "gpt-5.2") is newer
    taker = ModelCard("openai", "other", ("gpt-5.2",))
    assert Catalog([GPT, taker]).find("openai", "gpt-5.2") is GPT


def test_a_catalogue_lists_every_card_once() -> None:
    assert list(CATALOG) == [CLAUDE, O3, NOVA, REGIONAL, GEMINI, GPT]


def test_only_what_is_stated_is_lacking() -> None:
    card = ModelCard("p", "m", has=("vision",), lacks=("tools",), context_window=128_000)
    assert card.missing(["vision", "tools", "json_schema", "parallel_tools"]) == ("tools", "parallel_tools")
    assert card.missing(["long_context"]) == ("long_context",)
    assert ModelCard("p", "m", context_window=200_000).missing(["long_context"]) == ()


def test_a_card_that_says_nothing_lacks_nothing() -> None:
    assert ModelCard("p", "m").missing([*CAPABILITIES, "telepathy"]) == ()
