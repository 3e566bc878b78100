"""Places in texts and in JSON, and what stands there afterwards."""

from __future__ import annotations

import json

import pytest

from stellwerk.core.taxonomy import Breach, Pii
from stellwerk.core.verdict import Span
from stellwerk.screening.edits import Edit, How, Manner, apply, edits, last_four
from stellwerk.screening.json_text import is_json, literals, rewritten
from tests.unit.screening.panels import PII, panel


def test_of_spans_that_overlap_nothing_stays_and_the_surest_type_is_told() -> None:
    text = "call Anna anna@example.org now"
    spans = [Span(5, 14, Pii.PERSON, 0.6), Span(10, 26, Pii.EMAIL_ADDRESS, 1.0), Span(27, 30, Pii.URL, 0.5)]
    wanted = edits(text, reversed(spans), Manner())
    assert apply(text, wanted).text == "call [EMAIL_ADDRESS] [URL]"
    assert edits(text, [Span(0, 4, Pii.URL, 1.0), Span(0, 9, Pii.PERSON, 1.0)], Manner())[0].type == "PERSON"


def test_what_a_pattern_of_the_policys_own_finds_is_told_by_its_name() -> None:
    text = "of HB-12 and 13"
    spans = [Span(3, 8, Breach.PATTERN, 1.0, "BOOKING"), Span(13, 15, Breach.PATTERN, 1.0, "ROOM")]
    assert apply(text, edits(text, spans, Manner({"ROOM": How.DROP}))).text == "of [BOOKING] and "


def test_the_map_says_where_each_edit_now_stands() -> None:
    edited = apply("ab cd ef", (Edit(0, 2, "[X]", "X"), Edit(6, 8, "", "Y")))
    assert edited.text == "[X] cd "
    assert [edited.text[start:end] for start, end in edited.places] == ["[X]", ""]
    assert apply("ab", ()).text == "ab"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("4111 1111 1111 1234", "**** **** **** 1234"), ("1234567", "*******"), ("12345678", "****5678"), ("", "")],
)
def test_of_a_value_the_last_four_are_shown_if_that_is_at_most_half(value: str, shown: str) -> None:
    assert last_four(value) == shown


def test_digests_tell_equal_values_and_need_the_key() -> None:
    one, other = Manner(otherwise=How.HASH, key=b"a" * 32), Manner(otherwise=How.HASH, key=b"b" * 32)
    assert one.of("PERSON", "Anna") == one.of("PERSON", "Anna") != one.of("PERSON", "Anne")
    assert one.of("PERSON", "Anna") != other.of("PERSON", "Anna")
    assert one.of("PERSON", "Anna").startswith("[PERSON:")


def test_a_value_that_gets_no_token_gets_its_label() -> None:
    assert Manner(otherwise=How.TOKEN, token=lambda _kind, _value: None).of("PERSON", "Anna") == "[PERSON]"
    assert Manner(otherwise=How.TOKEN, token=lambda kind, _: f"<{kind}_1>").of("PERSON", "Anna") == "<PERSON_1>"
    assert Manner(otherwise=How.TOKEN).of("PERSON", "Anna") == "[PERSON]"


def test_strings_and_numbers_of_json_are_found_read_and_replaced_in_place() -> None:
    text = '{ "k\\u00e9y": ["a\\"b", -1.5e3, true,null], "s": "\\ud83d" }'
    found = literals(text)
    assert [(one.value, one.is_key, one.is_string) for one in found] == [
        ("kéy", True, True),
        ('a"b', False, True),
        ("-1.5e3", False, False),
        ("s", True, True),
        ("\ud83d", False, True),
    ]
    assert is_json(text, found)
    assert rewritten(text, found, {}) == text
    new = rewritten(text, found, {1: 'x"\n', 2: "[N]", 4: "\ud83dx"})
    assert json.loads(new) == {"kéy": ['x"\n', "[N]", True, None], "s": "\ud83dx"}
    assert not is_json("plain words", literals("plain words"))
    assert not is_json('{"a": 1 or}', literals('{"a": 1 or}'))


def test_json_that_is_cut_off_anywhere_stays_as_it_is_besides_the_edits() -> None:
    text = '{"to": "anna@example.org, caf\\u00e9'
    for at in range(len(text) + 1):
        assert rewritten(text[:at], literals(text[:at]), {}) == text[:at]
    judgement, edited = panel(PII).look_at_json(text)
    assert judgement.edits
    assert edited == '{"to": "[EMAIL_ADDRESS], café'
    assert literals('"a\\u00')[0].value == "a\\u00"


def test_names_of_members_announce_what_their_values_are_and_are_edited_too() -> None:
    _, edited = panel(PII).look_at_json('{"name": "Jonathan Archibald", "anna@example.org": 1}')
    assert json.loads(edited) == {"name": "[PERSON]", "[EMAIL_ADDRESS]": 1}
