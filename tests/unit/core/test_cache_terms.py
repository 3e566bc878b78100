"""What prompt caches take and give: by maker, model and price, and from which chance on a write pays."""

import pytest

from stellwerk.core.cache_terms import CacheTerms, Style, terms_of
from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.prompt_memory import MIDDLE

USD = 10**9


def card(*rates: int | None) -> ModelCard:
    """Input, output, cache read, cache write, the same for an hour."""
    return ModelCard("p", "m", price=Price((Row(Rates(*rates)),)))


WHOLE = card(3 * USD, 15 * USD, 3 * USD // 10, 15 * USD // 4, 6 * USD)


def test_a_write_pays_above_twenty_eight_percent_and_an_hour_above_two_reads() -> None:
    terms = terms_of("anthropic", "anthropic_messages", "claude-sonnet-4-5", WHOLE)
    assert terms is not None
    assert terms.least_chance == pytest.approx(0.2778, abs=1e-4)
    assert (terms.pays(0.27), terms.pays(0.28)) == (False, True)
    assert (terms.pays_long(0.1, 0.66), terms.pays_long(0.1, 0.7)) == (False, True)
    assert not terms.pays_long(0.98, 0.985)  # five minutes are enough
    assert terms.surcharge(1_000, is_long=False) == 750_000
    assert terms.surcharge(1_000, is_long=True) == 3_000_000


def test_no_discount_never_pays() -> None:
    assert not CacheTerms(Style.MARKS, fresh=100, read=100, write=100).pays(1.0)
    assert not CacheTerms(Style.MARKS).pays_long(0.0, 1.0)


def test_a_model_without_a_price_has_the_ratios_of_its_maker() -> None:
    own = terms_of("anthropic", "anthropic_messages", "claude-next", None)
    assert own is not None
    assert own.least_chance == pytest.approx(0.2778, abs=1e-4)
    assert own.write_long == 2_000_000
    priced = terms_of("anthropic", "anthropic_messages", "claude-next", card(USD, USD))
    assert priced is not None
    assert priced.write_long is None
    bedrock = terms_of("bedrock", "bedrock_converse", "anthropic.claude-next-v1:0", None)
    assert bedrock is not None
    assert (bedrock.style, bedrock.write_long) == (Style.MARKS, None)


def test_other_providers_are_told_by_a_key_by_breakpoints_or_not_at_all() -> None:
    def style(kind: str, dialect: str, card: ModelCard | None = None) -> Style | None:
        found = terms_of(kind, dialect, "m", card)
        return None if found is None else found.style

    charging = card(5 * USD, 5 * USD, USD // 2, 6 * USD)
    explicit = terms_of("openai", "openai_responses", "gpt-6", charging)
    assert explicit is not None
    assert (explicit.style, explicit.horizon, explicit.write) == (Style.BREAKPOINTS, MIDDLE, 6 * USD)
    assert style("openai", "openai_chat", card(5, 5, 1)) is Style.KEY
    assert style("azure", "openai_chat", charging) is Style.KEY
    assert style("deepseek", "openai_chat") is Style.IMPLICIT
    assert style("gemini", "gemini") is Style.IMPLICIT
    assert style("openai", "openai_embeddings") is None
    assert style("bedrock", "bedrock_converse") is None
