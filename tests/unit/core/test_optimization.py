"""Levels, what a change is worth, and the job of the compute process."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quicktok import get_encoding

from stellwerk.core.optimization import Level, Outcome, is_worth, shared, weigh
from stellwerk.core.optimization_job import Asked, Changes, answer, question, read_answer, read_question
from stellwerk.core.snapshot import OptimizeSpec
from stellwerk.core.vocabulary import O200K

TEXTS = [
    "The signal box sets the route of every train, and makes collisions impossible. " * 20,
    '[{"id": 1, "name": "lamp", "stock": 12}, {"id": 2, "name": "bulb", "stock": 7}]' * 20,
    "2026-11-26 12:00:01,123 INFO worker[123]: request 4711 took 12.5 ms\n" * 20,
    "Das Stellwerk stellt jedem Zug seine Fahrstraße ein; Zusammenstöße sind dann unmöglich. " * 20,
]


def test_levels_are_in_order() -> None:
    assert sorted(Level, key=lambda level: level.rank) == [Level.OFF, Level.SAFE, Level.BALANCED, Level.AGGRESSIVE]


@pytest.mark.parametrize("text", TEXTS)
def test_a_weight_is_about_the_number_of_tokens(text: str) -> None:
    assert 0.7 < weigh(text) / get_encoding(O200K).count(text) < 1.5


@given(st.text(), st.text())
def test_a_longer_text_never_weighs_less(one: str, two: str) -> None:
    assert weigh(one + two) >= weigh(one) - 1.0


def test_a_change_has_to_save_tokens_and_a_share() -> None:
    assert is_worth(200, 180)
    assert not is_worth(200, 181)
    assert is_worth(10_000, 9_700)
    assert not is_worth(10_000, 9_701)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 9_999), max_size=5), st.integers(-99, 9_999))
def test_shares_make_up_the_total(saved: dict[str, int], total: int) -> None:
    shares = shared(saved, total)
    assert sum(shares.values()) == (total if any(saved.values()) else 0)


def test_an_outcome_sums_up_its_steps() -> None:
    assert Outcome("x", (("a", 1), ("b", 2))).tokens == 3


def test_questions_and_answers_come_through() -> None:
    asked = Asked(OptimizeSpec(Level.SAFE, ("whitespace",)), b"{}")
    assert read_question(question(asked)) == asked
    told = Changes(((1, 2, b"x"), (2, 4, b"")), {"a": 3}, 1, is_exact=True)
    assert read_answer(answer(told), 4) == told
    assert told.tokens == 3


@pytest.mark.parametrize("edits", [((1, 5, b""),), ((2, 1, b""),), ((1, 3, b""), (2, 4, b""))])
def test_edits_that_do_not_fit_are_no_answer(edits: tuple[tuple[int, int, bytes], ...]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        read_answer(answer(Changes(edits)), 4)
