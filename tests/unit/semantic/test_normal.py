"""Turns have one form where only spacing, the capitals of sentences and the end differ, and two where meaning may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.semantic.normal import normal_form

SAME = [
    ("How do I cancel?", "how do i cancel"),
    ("How  do I cancel ?!", "how do I cancel."),
    ("\uff28ow do I cancel?", "How do I cancel…"),
    ("WHERE CAN MY ORDER BE", "where can my order be"),
    ("Wie kündige ich?", "wie kündige ich"),
    ("What is a GPU?", "what is a GPU"),
]
DIFFERENT = [
    ("Please cancel", "cancel"),
    ("heat 5 mW", "heat 5 MW"),
    ("heat 5 mw", "heat 5 Mw"),
    ("5mW", "5MW"),
    ("what does IT do", "what does it do"),
    ("is it -5 degrees", "is it 5 degrees"),
    ("what is 5!", "what is 5"),
    ("what is n!", "what is n"),
    ("what is 1.5", "what is 15"),
    ('who said "Stop"', 'who said "stop"'),
    ('who said "a  b"', 'who said "a b"'),
    ("run `Foo`", "run `foo`"),
    ("print(A)", "print(a)"),
    ("x == Y", "x == y"),
    ("what is get_Name", "what is get_name"),
    ("use C", "use c"),
    ("a+b", "a-b"),
    ("cost in $", "cost in €"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_form_alone_makes_no_difference(one: str, two: str) -> None:
    assert normal_form(one) == normal_form(two)


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_what_carries_meaning_stays_apart(one: str, two: str) -> None:
    assert normal_form(one) != normal_form(two)


@given(st.text(max_size=60))
def test_a_form_is_its_own_form(text: str) -> None:
    form = normal_form(text)
    assert normal_form(form) == form


@given(st.text(max_size=60))
def test_digits_and_signs_are_never_lost(text: str) -> None:
    kept = "0123456789+-*/=%€$£<>#&@"
    form = normal_form(text)
    import unicodedata

    plain = unicodedata.normalize("NFKC", text)
    assert [letter for letter in form if letter in kept] == [letter for letter in plain if letter in kept]


@given(st.from_regex(r"[a-z]{2,8}( [a-z]{2,8}){1,5}", fullmatch=True))
def test_a_sentence_with_a_capital_and_a_question_mark_has_the_form_of_the_plain_one(text: str) -> None:
    assert normal_form(f" {text.capitalize()} ?") == normal_form(text)
