"""A catalogue as JSON: dollars become whole nano-dollars exactly, and what cannot be used is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.catalog.document import card_of, parse
from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import Price, Rates, Row, Tier

SHIPPED = ModelCard(
    "openai",
    "gpt-5.2",
    ("gpt-5-2",),
    context_window=400_000,
    has=("tools", "vision"),
    lacks=("audio_in",),
    price=Price((Row(Rates(input=1)),)),
)


def document(*models: dict[str, Any], **head: Any) -> bytes:
    """A catalogue's bytes."""
    return json.dumps({"format": 1, "date": "2026-11-25", "models": models, **head}).encode()


def card(under: ModelCard | None = None, **entry: Any) -> ModelCard:
    """The card of the one model with these members."""
    (model,) = parse(document({"provider": "openai", "id": "gpt-5.2", **entry})).models
    return card_of(model, "here", under)


def test_dollars_become_nano_dollars_a_million() -> None:
    found = card(prices=[{"input": 1.75, "output": "14", "cache_read": 0.175, "web_search": 10, "request": 0.5}])
    assert found.price == Price(
        (
            Row(
                Rates(
                    input=1_750_000_000,
                    output=14_000_000_000,
                    cache_read=175_000_000,
                    web_search=10_000_000_000_000,
                    request=500_000_000_000,
                )
            ),
        )
    )


@pytest.mark.parametrize(
    ("dollars", "nanos"),
    [
        ("0.1", 100_000_000),
        ("0.0833333333333333", 83_333_333),
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("1e-9", 1),
        ("1000000", 10**15),
        ("0", 0),
    ],
)
def test_no_digit_is_lost_on_the_way(dollars: str, nanos: int) -> None:
    content = document({"provider": "p", "id": "m", "prices": [{"input": "HERE"}]}).replace(b'"HERE"', dollars.encode())
    found = card_of(parse(content).models[0], "here").price
    assert found is not None
    assert found.rows[0].rates.input == nanos


def test_conditions_of_a_price_are_read() -> None:
    found = card(
        prices=[
            {"input": 2, "tiers": [{"above": 200_000, "input": 4}]},
            {"input": 1, "service": "batch", "since": "2026-10-14"},
            {"input": 3, "hours": ["22:30:00", "06:00:00"]},
        ]
    )
    assert found.price == Price(
        (
            Row(Rates(input=2 * 10**9), (Tier(200_000, Rates(input=4 * 10**9)),)),
            Row(Rates(input=10**9), service="batch", since_s=1_791_936_000),
            Row(Rates(input=3 * 10**9), hours=(1350, 360)),
        )
    )


def test_an_overlay_keeps_what_it_does_not_mention() -> None:
    found = card(SHIPPED, prices=[{"input": 0}])
    assert found.price == Price((Row(Rates(input=0)),))
    assert (found.aliases, found.context_window, found.has) == (SHIPPED.aliases, 400_000, SHIPPED.has)
    assert found.source == "here"


def test_an_overlay_can_turn_a_capability_round_and_withdraw_a_price() -> None:
    found = card(SHIPPED, has=["audio_in", "files"], lacks=["vision"], prices=[], deprecated=True, context_window=7)
    assert found.has == ("audio_in", "files", "tools")
    assert found.lacks == ("vision",)
    assert found.price is None
    assert (found.is_deprecated, found.context_window) == (True, 7)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b"\xff", "malformed|character"),
        (b"[" * 100_000, "."),
        (document(format=2), "expected a catalogue of format 1, found format 2"),
        (document({"provider": "p"}), "missing required field `id`"),
        (document({"provider": "p", "id": ""}), "length >= 1"),
        (document({"provider": "p", "id": "m", "price": []}), "price"),
        (document({"provider": "p", "id": "m", "prices": [{"inptu": 1}]}), "inptu"),
        (document({"provider": "p", "id": "m", "prices": [{"input": "one"}]}), "decimal"),
        (document({"provider": "p", "id": "m", "context_window": -1}), "context_window"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(content)


@pytest.mark.parametrize(
    ("prices", "reason"),
    [
        ([{"input": -1}], "expected dollars from 0 to 1,000,000, found -1"),
        ([{"output": "NaN"}], "output: expected dollars"),
        ([{"output": "Infinity"}], "output: expected dollars"),
        ([{"output": 1_000_001}], "output: expected dollars"),
        ([{"input": 1, "service": "batch"}], "the first of the prices must be the standard one"),
        ([{"input": 1, "tiers": [{"above": 9}, {"above": 9}]}], "tiers of a price must ascend"),
        ([{"input": 1, "tiers": [{"above": 9}, {"above": 1}]}], "tiers of a price must ascend"),
    ],
)
def test_a_price_that_cannot_be_one_is_refused_with_its_place(prices: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(ValueError, match=rf"openai/gpt-5\.2: .*{reason}"):
        card(prices=prices)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_catalogue_or_refused(content: bytes) -> None:
    try:
        parse(content)
    except ValueError as refused:
        assert str(refused)  # noqa: PT017  # any reason, but a reason
