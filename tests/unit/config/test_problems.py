"""Problems as lines, and values as messages show them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.config.problems import Problem, described, quoted, render_path, shown


def test_a_problem_is_one_line_with_its_place() -> None:
    assert Problem(("a", 0, "b"), "wrong", 3).render("f.toml") == "f.toml:3: a[0].b: wrong"
    assert Problem((), "wrong", 3, 4).render("f.toml") == "f.toml:3:4: wrong"
    assert Problem((), "wrong").render("f.toml") == "f.toml: wrong"


def test_a_key_that_needs_quotes_has_them() -> None:
    assert render_path(("a", "b c", 1, "ü\n")) == 'a."b c"[1]."ü\\n"'
    assert len(render_path(("x" * 1000,))) < 80


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (5, "5"),
        (10**5000, "an integer of more than 64 bits"),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        ("a", '"a"'),
        ("x" * 100, '"' + "x" * 60 + '…"'),
        ("http://me:secret/word@host", '"http://…@host"'),
        ([1], "an array"),
        ({}, "a table"),
        (date(2026, 1, 1), "a date or time"),
        (None, "nothing"),
    ],
    ids=range(12),
)
def test_values_are_shown_shortly(value: Any, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, "a boolean"), (5, "an integer"), (1.5, "a number"), ("a", "a string"), (None, "nothing")],
    ids=range(5),
)
def test_hidden_values_are_described_by_their_type(value: Any, expected: str) -> None:
    assert described(value) == expected


@given(st.text())
def test_quoted_text_is_always_printable_and_short(text: str) -> None:
    assert quoted(text).isprintable()
    assert len(quoted(text)) <= 63
