"""Texts for regular expressions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.dice import Dice
from stellwerk.simulator.schema.pattern import UnsupportedPattern, pattern_writer

PATTERNS = [
    r"^[A-Z]{2}\d{4}$",
    r"^(cat|dog)s?$",
    r"^\w+@\w+\.(com|org)$",
    r"[^a-z]{3}",
    r"^\+?[0-9]{3}-[0-9]{4,}$",
    r"^(?:ab|c)*d+?$",
    r"^(?P<year>\d{4})-(?<month>\d\d)$".replace("(?<month>", "("),
    r"^[\w.-]{1,20}$",
    r"^\S\D\W$",
    r"^\x41\u00e4\t\.$",
    r"^a{0,2}b{2}[]x]$",
    r"\bword\b",
    r"^.{5,10}$",
    r"^[a\-z]$",
    "",
]


@given(st.sampled_from(PATTERNS), st.binary(max_size=8))
def test_what_is_written_matches(pattern: str, seed: bytes) -> None:
    assert re.search(pattern, pattern_writer(pattern)(Dice(seed))) is not None


def test_named_groups_of_json_schemas_own_notation_are_understood() -> None:
    assert pattern_writer(r"(?<word>abc)")(Dice(b"")) == "abc"


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[", "a{3,2}", "a{5000}", "*a", r"\1", r"(?=a)", "a\\", "[z-a]", r"\p{L}", "(a", r"[^\w\W]"],
)
def test_what_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern, match="in the pattern"):
        pattern_writer(pattern)
