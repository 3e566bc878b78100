"""Words are looked up in a table in which no word stands: what is not known has a class by its letters."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.text.pii.tagger import BITS
from stellwerk.text.pii.word_classes import KNOWN, LOOKS, UNKNOWN, WordClasses, letter_buckets, look, places

SHIPPED = WordClasses(files("stellwerk.text.pii").joinpath("names.bin").read_bytes()[1 << BITS :])
WORDS = st.text(st.characters(categories=["L"]), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Müller", "Schmidt"), ("Peter", "Michael"), ("Berlin", "Hamburg"), ("sagte", "meinte"), ("April", "November")],
)
def test_words_that_are_used_alike_are_of_one_class(one: str, other: str) -> None:
    assert UNKNOWN < SHIPPED.of(one) == SHIPPED.of(other) <= KNOWN


@pytest.mark.parametrize(("one", "other"), [("Müller", "Haus"), ("Berlin", "sagte"), ("Smith", "the")])
def test_words_that_are_used_otherwise_are_not(one: str, other: str) -> None:
    assert SHIPPED.of(one) != SHIPPED.of(other)
    assert SHIPPED.codes(one) != SHIPPED.codes(other)


def test_a_word_in_capitals_or_at_the_beginning_of_a_sentence_is_known_as_what_it_is() -> None:
    assert SHIPPED.of("MÜLLER") == SHIPPED.of("Müller")
    assert SHIPPED.of("Zeigte") == SHIPPED.of("zeigte")


def test_letters_tell_a_name_nobody_has_heard_of_from_a_compound() -> None:
    names = [SHIPPED.of(word) for word in ("Obermosinger", "Kwiatkowskaja", "Stolzmüllner", "Tabatabaian")]
    things = [SHIPPED.of(word) for word in ("Zustandsprüfungsfolge", "Kellertreppenlicht", "Messwertübergabeplan")]
    assert min(names) > max(things) > KNOWN


def test_a_small_word_or_a_sign_that_is_in_no_table_has_no_class() -> None:
    assert [SHIPPED.of(word) for word in ("zzyxqqa", "§", "Ⱶ")] == [UNKNOWN, UNKNOWN, UNKNOWN]


@given(WORDS)
def test_every_word_has_a_class_and_the_same_again(word: str) -> None:
    assert SHIPPED.of(word) == SHIPPED.of(word)
    assert UNKNOWN <= SHIPPED.of(word) <= KNOWN + LOOKS
    assert all(0 <= bucket < 1 << 15 for bucket in letter_buckets(word))


@given(WORDS, st.integers(1, 1 << 20))
def test_the_three_places_of_a_word_lie_in_three_thirds(word: str, third: int) -> None:
    first, second, last, sign = places(word, third)
    assert 0 <= first < third <= second < 2 * third <= last < 3 * third
    assert 0 <= sign < 256


@given(st.integers(-10_000, 10_000))
def test_the_heavier_the_letters_the_more_a_word_looks_like_a_name(weight: int) -> None:
    assert KNOWN < look(weight) <= look(weight + 1) <= KNOWN + LOOKS
