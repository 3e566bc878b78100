"""Texts keep their bounds, in whichever unit."""

import pytest

from stellwerk.core.taxonomy import Breach
from stellwerk.core.verdict import Finding
from stellwerk.errors import ConfigurationError
from stellwerk.guardrails.length import Settings, build
from stellwerk.text.reading import read

TOO_LONG = (Finding(Breach.LENGTH, 1.0),)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (Settings(max_characters=5), "fünf!"),
        (Settings(max_bytes=6), "fünf!"),
        (Settings(max_words=3), "It's well-known today"),
        (Settings(max_tokens=10), "one two three"),
        (Settings(min_words=2, max_words=2), "zwei Worte"),
        (Settings(min_characters=3), "drei"),
        (Settings(min_characters=3), ""),
    ],
)
def test_what_keeps_its_bounds_is_not_found(bounds: Settings, text: str) -> None:
    assert build(bounds).check(read(text)) == ()


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (Settings(max_characters=4), "fünf!"),
        (Settings(max_bytes=5), "fünf!"),
        (Settings(max_bytes=5), "\ud800abc"),
        (Settings(max_words=2), "It's well-known today"),
        (Settings(max_tokens=10), "a word " * 20),
        (Settings(max_characters=9, min_words=3), "zwei Worte"),
        (Settings(min_tokens=50), "few"),
        (Settings(max_characters=1), "\u200b" * 9),
    ],
)
def test_what_breaks_a_bound_is_found_once(bounds: Settings, text: str) -> None:
    assert build(bounds).check(read(text)) == TOO_LONG


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        (Settings(), "expected a bound"),
        (Settings(max_words=-1), "max_words: expected at least 0, found -1"),
        (Settings(min_bytes=9, max_bytes=3), "min_bytes 9 is above max_bytes 3"),
    ],
)
def test_bounds_that_are_none_are_refused(bounds: Settings, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        build(bounds)
