"""Turns that mean something else in a minute, or for somebody else, are left to the exact tier."""

import time

import pytest

from stellwerk.semantic.cacheable import bypass_reason

BYPASSED = [
    ("", "empty"),
    ("What is the weather today?", "time"),
    ("the latest news", "time"),
    ("Wie ist das Wetter heute?", "time"),
    ("Was kostet das derzeit?", "time"),
    ("What happened last week?", "time"),
    ("Where is order 48213?", "personal"),
    ("Where is my order AB-12345X?", "personal"),
    ("Wo ist meine Bestellnummer 5512?", "personal"),
    ("mail it to ada@example.org", "personal"),
    ("my name is Ada, what is yours", "personal"),
    ("call 01701234567", "personal"),
    ("why does `foo()` fail", "code"),
    ("def f(x):\n    return x", "code"),
    ("SELECT name FROM users", "code"),
    ("word " * 200, "long"),
]
TAKEN = [
    "How do I cancel my subscription?",
    "Wie kündige ich meinen Vertrag?",
    "What is the capital of France?",
    "How much is the 10GB plan?",
    "Why is the sky blue?",
]


@pytest.mark.parametrize(("text", "reason"), BYPASSED)
def test_a_turn_is_left_alone_for_a_reason(text: str, reason: str) -> None:
    assert bypass_reason(text) == reason


@pytest.mark.parametrize("text", TAKEN)
def test_an_ordinary_question_is_taken(text: str) -> None:
    assert bypass_reason(text) is None


@pytest.mark.parametrize(
    "text", ["Yes, cancel it", "and the red one?", "Why?", "Und davon?", "do that again for me please"]
)
def test_a_turn_that_leans_on_earlier_ones_is_taken_only_without_them(text: str) -> None:
    assert bypass_reason(text) is None
    assert bypass_reason(text, earlier_turns=2) == "follow-up"


def test_a_question_that_stands_by_itself_is_taken_behind_others() -> None:
    assert bypass_reason("Which documents does a German passport application need?", earlier_turns=4) is None


@pytest.mark.parametrize("piece", ["a", "A1-", "@", "(", "order ", " #", "`", "\\a{", "="])
def test_hostile_turns_cost_little(piece: str) -> None:
    before = time.perf_counter()
    bypass_reason(piece * 100_000)
    bypass_reason((piece * 600)[:510])
    assert time.perf_counter() - before < 0.5
