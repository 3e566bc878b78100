"""The estimate of tokens."""

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.tokens import SAMPLE_CHARACTERS, count, split


@given(st.text())
def test_the_tokens_of_a_text_are_the_text_again(text: str) -> None:
    assert "".join(split(text)) == text
    assert count(text) == len(split(text))


@given(st.text(), st.integers(0, 40))
def test_the_first_tokens_of_a_text_are_counted_alone_as_within_it(text: str, first: int) -> None:
    tokens = split(text)[:first]
    assert split("".join(tokens)) == tokens


def test_english_has_about_four_characters_a_token() -> None:
    text = "The quick brown fox jumps over the lazy dog, and nobody is surprised by that any more. "
    assert 3.5 < len(text) / count(text) < 5.5


def test_long_texts_are_counted_by_their_density() -> None:
    sentence = "The quick brown fox jumps over the lazy dog. "
    text = sentence * (4 * SAMPLE_CHARACTERS // len(sentence))
    assert abs(count(text) - len(split(text))) < len(split(text)) / 100
