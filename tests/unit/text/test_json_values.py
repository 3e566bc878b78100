"""JSON within texts: where it stands, what cannot be written anew, and numbers as they are written."""

from __future__ import annotations

import pytest

from stellwerk.text import json_values
from stellwerk.text.json_values import MOST_DEEP, MOST_TRIES, NoValue, depth, minified, raw_value, spans, value, written

LONG = '{"name": "a lamp of green glass", "number": 1.50}'


def found(text: str) -> list[str]:
    """The JSON in a text."""
    return [text[start:end] for start, end in spans(text)]


def test_objects_and_arrays_are_found_between_words() -> None:
    assert found(f"See {LONG} and [{LONG}, 2]. [1] is a note, {{this}} a place.") == [LONG, f"[{LONG}, 2]"]


def test_what_is_short_is_not_worth_it() -> None:
    assert found('{"a": 1} [1, 2, 3]') == []


def test_json_that_breaks_off_ends_behind_the_last_of_it() -> None:
    cut = "[" + ", ".join([LONG] * 20)
    assert found(f"Result: {cut}, {{")[0].startswith(cut)
    assert found(f"Result: {cut[:300]}") == []


def test_a_text_full_of_brackets_is_given_up_on() -> None:
    assert found('["x" ' * (MOST_TRIES + 5) + LONG) == []


def test_what_is_far_too_deep_is_none() -> None:
    assert found("[" * 100_000 + LONG) == []


def test_a_number_of_thousands_of_digits_is_none() -> None:
    assert found("[" + "9" * 5_000 + "]") == []


def test_numbers_stay_as_they_are_written() -> None:
    text = '{"a":1.50,"b":-0,"c":1E5,"d":12345678901234567890.1,"e":[true,false,null,"x"]}'
    assert written(value(text)) == text


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', "[NaN]", "[Infinity]", "[1, 2", "", "[" * (MOST_DEEP + 1) + "]" * (MOST_DEEP + 1)],
)
def test_what_cannot_be_written_anew_is_no_value(text: str) -> None:
    with pytest.raises(NoValue):
        value(text)


def test_a_value_within_a_text_ends_where_it_ends() -> None:
    assert raw_value('x {"a": 1} y', 2) == ({"a": "1"}, 10)
    with pytest.raises(NoValue):
        raw_value("nothing", 0)
    with pytest.raises(NoValue):
        raw_value("[" * 100_000, 0)


def test_depth_does_not_count_brackets_in_strings() -> None:
    assert depth('{"[[[": [1, "]]"]}') == 2
    assert depth("1") == 0


def test_nothing_but_white_space_goes() -> None:
    assert minified('{ "a  b" :\t[ 1 ,\r\n 2.0 ], "\\" " : "" }') == '{"a  b":[1,2.0],"\\" ":""}'


def test_halves_of_characters_and_ends_of_lines_stay_escaped() -> None:
    assert written(value('["\\ud800", "\\u2028", "\\u0085", "ü"]')) == '["\\ud800","\\u2028","\\u0085","ü"]'


def test_bounds_are_those_that_are_named() -> None:
    assert json_values.LEAST_CHARACTERS < json_values.LEAST_BROKEN
