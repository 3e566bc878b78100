"""The notation of tables, and texts that only look like it."""

from __future__ import annotations

import json

import pytest

from stellwerk.text.json_table import MOST_COLUMNS, decoded, encoded
from stellwerk.text.json_values import MOST_DEEP, NoValue

ROWS = [
    {"id": 1, "name": "lamp", "owner": {"login": "ada", "team": "x"}, "kind": "repo", "note": None},
    {"id": 2, "name": "true", "owner": {"login": "bob", "team": "x"}, "kind": "repo", "note": "~"},
    {"id": 3, "name": "", "owner": {"login": "007", "team": "x"}, "kind": "repo"},
]
TABLE = """<rows 3>
id,name,owner.login,owner.team=x,kind=repo,note
1,lamp,ada,
2,"true",bob,"~"
3,"","007",~
</rows>"""


def test_a_list_of_objects_becomes_a_table() -> None:
    assert encoded(json.dumps(ROWS)) == TABLE.replace('"007"', "007")
    assert json.loads(decoded(TABLE)) == ROWS


def test_what_stands_around_a_table_stays_json() -> None:
    text = encoded(json.dumps({"page": 1, "items": ROWS, "next": None}))
    assert text.startswith('{"page":1,"items":<rows 3>\n')
    assert text.endswith('</rows>,"next":null}')


def test_another_separator_is_taken_where_strings_have_commas() -> None:
    rows = [{"id": number, "text": f"one, two, {number}", "more": "x"} for number in range(4)]
    text = encoded(json.dumps(rows))
    assert text.startswith("<rows 4 |>\nid|text|more=x\n0|one, two, 0\n")
    assert json.loads(decoded(text)) == rows


def test_rows_that_are_all_alike_have_no_cells() -> None:
    rows = [{"state": "open", "kind": "lamp of green glass"}] * 5
    text = encoded(json.dumps(rows))
    assert text == "<rows 5>\nstate=open,kind=lamp of green glass\n\n\n\n\n\n</rows>"
    assert json.loads(decoded(text)) == rows


def test_names_and_values_that_would_be_misread_stay_quoted() -> None:
    rows = [{"a.b": f"</rows {n}", "=": "true", "x": f"<rows 3>{n}", "y": [n]} for n in range(9)]
    text = encoded(json.dumps(rows))
    assert text.count("</rows") == 1
    assert json.loads(decoded(text)) == rows


@pytest.mark.parametrize(
    "held",
    [
        [{"a": 1}, {"a": 2}],
        [{"a": 1}, {"a": 2}, {"a": 3}],
        [{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3}],
        [{"a": 1}, {"b": 2}, {"c": 3}, {"d": 4}],
        [{f"k{n}": n} for n in range(MOST_COLUMNS + 2)],
        [{}, {}, {}],
        [1, {"a": 2}, 3],
    ],
)
def test_what_would_be_no_shorter_or_not_the_same_stays_json(held: object) -> None:
    assert encoded(json.dumps(held)) == json.dumps(held, separators=(",", ":"))


def test_rows_may_lack_members_anywhere() -> None:
    rows = [{"c": n, "d": "long enough to be worth it"} | ({"a": n, "b": n} if n % 3 else {}) for n in range(9)]
    again = [{"a": n, **row} if n % 2 else row for n, row in enumerate(rows)]
    for each in (rows, again):
        assert json.dumps(json.loads(decoded(encoded(json.dumps(each))))) == json.dumps(each)


def test_a_list_that_was_cut_is_an_open_table() -> None:
    whole = json.dumps({"page": 1, "items": [*ROWS, *ROWS, *ROWS]}, indent=1)
    cut = whole[: whole.rindex('"login"') + 4]
    text = encoded(cut)
    assert "<rows 8 open>" in text
    assert decoded(text) == json.dumps(json.loads(whole), separators=(",", ":"))[: len(decoded(text))]


def test_what_is_too_deep_is_not_written_anew() -> None:
    with pytest.raises(NoValue):
        encoded("[" * (MOST_DEEP + 1))


@pytest.mark.parametrize(
    "text",
    [
        "<rows 3>\nid,name\n1,2\n</rows>",
        "<rows 1>\nid,name\n1,2,3\n</rows>",
        "<rows 1>\n,name\n1,2\n</rows>",
        "<rows 1>\nid;name\n1,2\n</rows>",
        '<rows 1>\nid,name\n"1"x,2\n</rows>',
        "<rows 1>\nid,name\n1,2\n",
        "<rows 1>\nid,name\n" + "[" * 300 + "\n</rows>",
        "<rows 1>\nid",
        "<rows 999999999>\nid=1\n\n</rows>",
        "<rows 1>\nid\n<rows 1>\n",
        "<rows 0>\nid\nx\n</rows>",
    ],
)
def test_what_only_looks_like_a_table_stays(text: str) -> None:
    assert decoded(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('[ {"a" : 1} ; 2', '[{"a":1};2'),
        ('{ "a" : 1 ; 2', '{"a":1;2'),
        ('{ "a" : [ 1 , 2', '{"a":[1,2'),
        ('{ "a" : 1 , "b" ; 2', '{"a":1,"b";2'),
        ('[ 1 , "b', '[1,"b'),
    ],
)
def test_json_that_goes_wrong_is_written_anew_up_to_there(text: str, written: str) -> None:
    assert encoded(text) == written
