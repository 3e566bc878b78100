"""Bounds of a request's tokens, and what has room where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.catalog import ModelCard
from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.context import Bounds, Fit, bounds_of, fits, least_tokens
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Document,
    Image,
    InlineSource,
    Part,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
)
from stellwerk.core.text_tokens import estimate_text
from stellwerk.core.tool import FunctionTool

RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "token_counts.json").read_text(encoding="utf-8"))
"""Texts of many languages, notations and codes with their number of tokens in o200k_base."""
WORDS = "one two three"
CARD = ModelCard("p", "m", context_window=1_000, max_output=100)


def of(*parts: Part, **rest: Any) -> Bounds:
    """The bounds of one message with these parts."""
    return bounds_of(ChatRequest("m", (Message(Role.USER, parts),), **rest))


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["name"])
def test_no_recorded_text_has_fewer_tokens(row: dict[str, Any]) -> None:
    assert 0 < least_tokens(row["text"]) <= row["tokens"]


@pytest.mark.parametrize("name", ["english", "german", "french"])
def test_prose_is_bounded_by_at_least_a_third_of_its_tokens(name: str) -> None:
    row = next(row for row in RECORDED if row["name"] == name)
    assert least_tokens(row["text"]) * 3 >= row["tokens"]


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("", 0),
        ("a", 1),
        ("don't-stop.me 3.14 x", 3),
        (" \t\r\n\v\f", 1),
        (" " * 1_280, 10),
        ("=" * 1_281, 11),
        ("} /\n// ) {", 1),
        ("\u3000 \u3000 \u3000 \u00a0 \u2003 \u1680", 1),
        ("Привет, как дела", 3),
        ("안녕 세상", 2),
        ("天" * 33, 3),
        ("a\ud800 b", 2),
    ],
)
def test_the_least_is_a_token_a_word_and_one_for_the_longest_there_are(text: str, least: int) -> None:
    assert least_tokens(text) == least


@given(st.text() | st.text("ab .\n/天あ가é", max_size=300))
def test_the_bounds_of_a_text_never_cross(text: str) -> None:
    assert 0 <= least_tokens(text) <= estimate_text(text)


@given(st.text("ab .\n天", max_size=80), st.text("ab .\n天", max_size=80))
def test_texts_side_by_side_have_no_less_than_their_bounds_say_even_where_they_join(one: str, other: str) -> None:
    apart = of(Text(one), Text(other)).lower
    assert apart <= of(Text(one + other)).lower + 1
    assert apart <= least_tokens(one + other)


@pytest.mark.parametrize(
    "part",
    [
        Text(WORDS),
        Document(TextSource(WORDS)),
        SearchResult("s", "t", (Text(WORDS),)),
        ToolResult("c1", (Text(WORDS),)),
    ],
    ids=lambda part: type(part).__name__,
)
def test_words_count_wherever_the_model_sees_them(part: Part) -> None:
    assert of(part).lower == 2
    assert of(part, tools=(FunctionTool("f", WORDS * 100),)).lower == 2


@pytest.mark.parametrize(
    "part", [Thinking(WORDS), ToolCall("c1", "f", WORDS), Image(InlineSource("image/png", "AAAA"))]
)
def test_what_may_not_reach_the_model_as_it_stands_is_not_counted_on(part: Part) -> None:
    assert of(part).lower == 0
    assert of(part).upper > 0


@pytest.mark.parametrize(
    ("name", "value", "lower"),
    [
        ("truncation", b'"auto"', 0),
        ("truncation", b'"disabled"', 2),
        ("truncation", b"null", 2),
        ("context_management", b'{"edits":[]}', 0),
        ("transforms", b"[]", 2),
        ("user_location", b"{}", 2),
    ],
)
def test_a_prompt_that_may_be_shortened_is_certainly_long_for_nobody(name: str, value: bytes, lower: int) -> None:
    assert of(Text(WORDS), opaque=Opaque("d", {name: msgspec.Raw(value)})).lower == lower


def test_a_permission_that_is_read_in_part_is_one() -> None:
    within = Opaque("d", {"edits": msgspec.Raw(b"[]")})
    assert of(Text(WORDS), opaque=Opaque("d", {"context_management": within})).lower == 0


@pytest.mark.parametrize(
    ("card", "lower", "upper", "cap", "fit"),
    [
        (None, 10**9, 10**9, None, Fit.FITS),
        (ModelCard("p", "m"), 10**9, 10**9, 10**9, Fit.FITS),
        (CARD, 500, 1_000, None, Fit.FITS),
        (CARD, 500, 900, 100, Fit.FITS),
        (CARD, 500, 901, 100, Fit.MAY_NOT_FIT),
        (CARD, 500, 1_001, None, Fit.MAY_NOT_FIT),
        (CARD, 1_000, 2_000, None, Fit.MAY_NOT_FIT),
        (CARD, 1_001, 2_000, None, Fit.DOES_NOT_FIT),
        (CARD, 0, 10, 101, Fit.MAY_NOT_FIT),
        (ModelCard("p", "m", max_output=100), 10**9, 10**9, 101, Fit.MAY_NOT_FIT),
    ],
)
def test_only_a_prompt_that_is_certainly_too_long_does_not_fit(
    card: ModelCard | None, lower: int, upper: int, cap: int | None, fit: Fit
) -> None:
    assert fits(card, lower, upper, cap) is fit


def test_the_callers_cap_is_kept() -> None:
    assert of(Text("hi"), output_cap=7).output_cap == 7
