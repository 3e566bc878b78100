"""Two samples that say the same, and two that do not."""

from __future__ import annotations

import pytest

from stellwerk.core.agreement import agree

AGREEING = [
    ("Paris", "paris."),
    ("**Paris**", "'Paris'"),
    ("the  answer", "The answer"),
    ("+", "+"),
    ("", " "),
    ('{"a": 1, "b": [2]}', '{ "b": [2.0], "a": 1 }'),
    ("So it is 1,000.", "Together that makes 1000.00 euros."),
    ("3 + 4 = 7", "The result is 7"),
    ("-5", "minus five, so -5.0"),
    (
        "The train leaves Lindau at noon and arrives in Munich in the afternoon.",
        "At noon the train leaves Lindau, and it arrives in Munich in the afternoon.",
    ),
    ("这是一个很好的答案", "这是一个不错的答案"),
]
DISAGREEING = [
    ("Paris", "London"),
    ("yes", "no"),
    ("C", "C++"),
    ("+", "-"),
    ("!", "?!"),
    ('{"a": 1}', '{"a": 2}'),
    ("[1]", "[true]"),
    ("It is 42.", "It is 43."),
    ("It is 5", "It is -5"),
    ("It is 10", "It is 100"),
    (
        "The train leaves Lindau at noon and arrives in the afternoon.",
        "Nobody knows when it will rain again in Bregenz.",
    ),
    ("这是一个很好的答案", "天气明天会下雨"),
    ("{not json at all, but words", "[1] is the reference you want here"),
]


@pytest.mark.parametrize(("first", "second"), AGREEING)
def test_what_says_the_same_agrees(first: str, second: str) -> None:
    assert agree(first, second)
    assert agree(second, first)


@pytest.mark.parametrize(("first", "second"), DISAGREEING)
def test_what_says_something_else_does_not(first: str, second: str) -> None:
    assert not agree(first, second)
    assert not agree(second, first)


def test_a_number_within_a_text_decides_nothing() -> None:
    first = "In 1995 the old harbour was rebuilt after long years of debate in town"
    second = "In 1996 the old harbour was rebuilt after long years of debate in town"
    assert agree(first, second)


def test_words_far_beyond_are_not_compared() -> None:
    assert agree("word " * 2_000 + "one ends so", "word " * 2_000 + "and the other " * 500)
