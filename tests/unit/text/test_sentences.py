"""Sentences end at marks and line breaks, not at abbreviations and ordinals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.text.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Das geht. Oder nicht?  Doch!", ["Das geht.", "Oder nicht?", "Doch!"]),
        ("Am 3. Mai kommt Dr. Frei, z. B. um 10 Uhr.", ["Am 3. Mai kommt Dr. Frei, z. B. um 10 Uhr."]),
        ("eins\nzwei\n\n drei", ["eins", "zwei", "drei"]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        (" \n ", []),
        ("", []),
    ],
)
def test_a_text_is_cut_into_its_sentences(text: str, parts: list[str]) -> None:
    assert cut(text) == parts


@given(st.text(alphabet="ab .!?\n)", max_size=40))
def test_nothing_but_blanks_is_lost(text: str) -> None:
    assert "".join("".join(cut(text)).split()) == "".join(text.split())
