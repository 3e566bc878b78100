"""Word pieces: those of BERT's own tokenizer, never too many, and soon cut whatever the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.embedders.minilm import VOCABULARY
from stellwerk.embedders.minilm.wordpiece import HALF_CHARACTERS, LONGEST_WORD, MOST_TOKENS, WordPieces, words

PIECES = WordPieces.read(VOCABULARY)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("How do I cancel my subscription?", [2129, 2079, 1045, 17542, 2026, 15002, 1029]),
        (
            "Zürich's Weichen\N{EM DASH}gestört (Gleis 7)",
            [10204, 1005, 1055, 11417, 8661, 1517, 16216, 23809, 2102, 1006, 1043, 23057, 2015, 1021, 1007],
        ),
        ("naïve café: 3.5 € / 100%", [15743, 7668, 1024, 1017, 1012, 1019, 1574, 1013, 2531, 1003]),
        ("転轍機が故障", [100, 100, 100, 1651, 100, 100]),
        (
            "Donaudampfschifffahrtsgesellschaft",
            [24260, 14066, 8737, 10343, 5428, 4246, 7011, 8093, 3215, 8449, 5349, 26527],
        ),
        ("a\tb\nc\x00d\u200be", [1037, 1038, 3729, 2063]),
        ("x" * (LONGEST_WORD + 1), [100]),
        ("\u0130stanbul \N{GREEK CAPITAL LETTER ALPHA}\u03a3", [9960, 1155, 29733]),
        ("\U0001f600 ok", [100, 7929]),
        ("", []),
    ],
)
def test_a_text_is_cut_as_the_model_was_trained(text: str, numbers: list[int]) -> None:
    """The numbers are what the ``tokenizers`` library gives for the model's own ``tokenizer.json``."""
    assert PIECES.numbers(text) == [101, *numbers, 102]


def test_of_a_long_text_both_ends_are_read() -> None:
    text = " ".join(f"one{number}" for number in range(500))
    numbers = PIECES.numbers(text)
    assert len(numbers) == MOST_TOKENS
    assert numbers[:64] == PIECES.numbers(text[:HALF_CHARACTERS])[:64]
    assert numbers[64:] == PIECES.numbers(text[-HALF_CHARACTERS:])[-64:]


@given(st.text(max_size=300))
def test_any_text_has_numbers_of_the_vocabulary(text: str) -> None:
    numbers = PIECES.numbers(text)
    assert 2 <= len(numbers) <= MOST_TOKENS
    assert max(numbers) < 30_522


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=100))
def test_the_short_way_for_ascii_gives_the_same_words(text: str) -> None:
    assert words(text) == [word for word in words(f"{text} \N{CJK UNIFIED IDEOGRAPH-4E00}") if word != "\u4e00"]


@pytest.mark.parametrize("text", ["q" * LONGEST_WORD + " ", "\u0e01", "!", "\u4e00", "a\u0301"], ids=ascii)
def test_it_is_soon_done_whatever_the_text(text: str) -> None:
    began_s = time.process_time()
    PIECES.numbers(text * (2_000_000 // len(text)))
    assert time.process_time() - began_s < 0.5
