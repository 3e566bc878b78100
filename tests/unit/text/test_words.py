"""Words are compared without case, accents and inflection, and words that only look alike stay apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.text.words import fold, inflections, small_words, spellings, stem

FAMILIES = [
    "Aktie Aktien",
    "Bank Banken banks",
    "Waffe Waffen",
    "Steuer Steuern Steuers",
    "Rate Raten",
    "medizinisch medizinische medizinischer medizinischem medizinischen medizinisches",
    "invest invests invested investing",
    "investieren investiere investiert",
    "policy policies",
    "Arzt Ärzte Ärzten",
    "trade trades traded trading",
    "drug drugs",
]
STRANGERS = ["Wetter Wetten", "Betten betting", "Kur Kurs", "Glas glass", "ties tie"]


@pytest.mark.parametrize("family", FAMILIES)
def test_forms_of_one_word_have_one_stem(family: str) -> None:
    assert len({stem(fold(word)) for word in family.split()}) == 1


@pytest.mark.parametrize("strangers", STRANGERS)
def test_words_that_look_alike_have_stems_of_their_own(strangers: str) -> None:
    one, other = strangers.split()
    assert stem(fold(one)) != stem(fold(other))


@given(st.text(max_size=20))
def test_each_character_keeps_its_place_when_it_is_folded(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_letters_that_grow_in_lower_case_keep_their_place_too() -> None:
    assert fold("İŁẞé") == "ilse"


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_every_inflection_has_the_stem_of_its_word(word: str) -> None:
    forms = inflections(word)
    assert word in forms
    assert {stem(form) for form in forms} == {stem(word)}


def test_plurals_in_ies_are_forms_of_words_in_y() -> None:
    assert "policies" in inflections("policy")


def test_umlauts_and_sharp_s_are_spelt_in_several_ways() -> None:
    assert spellings("Straße für Öl") == {"strase fur ol", "strasse fuer oel"}
    assert spellings("Masse") == {"masse", "mase"}


@pytest.mark.parametrize("signs", ["“”", "“”…•€¥£·÷°¿¡§«»"])
def test_words_are_told_from_signs_of_any_number(signs: str) -> None:  # one by one, or all at once
    assert small_words(signs.join(("Ignore", "Rückwärts", "all"))).split() == [b"ignore", "rückwärts".encode(), b"all"]
