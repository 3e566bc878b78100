"""Numbers are compared by value, whichever way they are written."""

import pytest

from stellwerk.text.numerals import numbers


def values(text: str) -> list[set[str]]:
    return [set(read) for *_, read in numbers(text)]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("42", {"42"}),
        ("0042", {"42"}),
        ("00", {"0"}),
        ("1.234", {"1234", "1.234"}),
        ("1,234.50", {"1234.5"}),
        ("1.234,5", {"1234.5"}),
        ("1'234'000", {"1234000", "1234"}),
        ("0,50 Euro", {"0.5"}),
        ("25 %", {"25"}),
    ],
)
def test_a_number_has_every_value_that_it_can_mean(text: str, read: set[str]) -> None:
    assert values(text) == [read]


@pytest.mark.parametrize("text", ["3 Tage", "A320", "5kg", "v1.2b", ""])
def test_single_digits_and_codes_are_no_numbers(text: str) -> None:
    assert values(text) == []


def test_places_are_those_of_the_text() -> None:
    text = "Es sind 1.234, nicht 99."
    assert [text[start:end] for start, end, _ in numbers(text)] == ["1.234", "99"]
