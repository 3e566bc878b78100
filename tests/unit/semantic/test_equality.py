"""Answers say the same when neither numbers nor names nor JSON contradict and their vectors agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.semantic.equality import compare

LONG = "Every order can be cancelled in the app on its page as long as the parcel has not been sent to the customer."
CASES = [
    ("Yes.", "yes", True, "text"),
    ("answer 12", "answer 13", False, "numbers"),
    ("grp_a", "grp_b", False, "words"),
    ('{"a": 1, "b": [2]}', '{"b": [2], "a": 1}', True, "json"),
    ('{"a": 1}', '{"a": 2}', False, "json"),
    ('{"a": 1}', "a is 1", False, "json"),
    (LONG, LONG.replace("has not", "has"), False, "negation"),
    (
        LONG,
        "Open the page of the order in the app: it can be cancelled if the parcel has not been sent to the customer yet.",
        True,
        "cosine",
    ),
    (f"{LONG} It takes 3 days.", f"{LONG} It takes 5 days.", False, "numbers"),
    (f"{LONG} Ask Berlin.", f"{LONG} Ask Hamburg.", False, "names"),
]


@pytest.mark.parametrize(("one", "two", "is_same", "why"), CASES)
def test_answers_are_compared_by_the_cheapest_thing_that_tells(one: str, two: str, is_same: bool, why: str) -> None:
    found = compare(one, two, lambda: 0.95)
    assert (found.is_same, found.why) == (is_same, why)


def test_vectors_that_disagree_part_answers() -> None:
    assert not compare(LONG, LONG.replace("app", "shop"), lambda: 0.5).is_same


@given(st.text(max_size=80))
def test_an_answer_says_the_same_as_itself(text: str) -> None:
    def never() -> float:
        raise AssertionError

    assert compare(text, text, never).is_same
