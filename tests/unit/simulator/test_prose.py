"""The prose of answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.dice import Dice
from stellwerk.simulator.prose import Writers, guess_language
from stellwerk.simulator.tokens import split

WRITERS = Writers(b"seed")


@given(st.binary(max_size=8), st.integers(0, 400), st.sampled_from(["en", "de"]))
def test_prose_has_exactly_the_tokens_that_were_asked_for(seed: bytes, count: int, language: str) -> None:
    prose = WRITERS.writer(language, "")  # type: ignore[arg-type]
    tokens = prose.tokens(Dice(seed), count, prose.opening("What is this?"))
    assert len(tokens) == count
    assert split("".join(tokens)) == tokens


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the weather like in Vienna?", "en"),
        ("Wie ist das Wetter in Wien?", "de"),
        ("Übermorgen Zürich", "de"),
        ("42", "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_question_is_recognised(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_an_answer_quotes_the_question_and_shortens_a_long_one() -> None:
    prose = WRITERS.writer("auto", "What is the time?")
    assert "What is the time?" in prose.opening("What is\nthe  time?")
    assert "…" in prose.opening("many words " * 50)
    assert len(prose.opening("many words " * 50)) < 120
    assert prose.opening("  ") == ""


def test_an_answer_of_many_sentences_has_paragraphs() -> None:
    assert "\n\n" in "".join(WRITERS.writer("de", "").tokens(Dice(b"x"), 300))


def test_results_of_tools_are_reported_with_their_names() -> None:
    report = WRITERS.writer("en", "").report((("get_weather", "18 degrees"), ("get_time", "noon")))
    assert "get_weather" in report
    assert "18 degrees" in report
    assert "noon" in report
