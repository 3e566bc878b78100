"""Tables give back every JSON value, whole or cut off, with its numbers as they were written."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.text.json_table import decoded, encoded, encoded_lines
from stellwerk.text.json_values import minified, value, written

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["", "~", "true", "null", "1e5", "007", "<rows 3>\n", "</rows>", "a,b", "a|b", 'say "x"', "\ud800", " x"]
    )
)
NAMES = st.sampled_from(["id", "name", "a.b", "", "x=y", "tag s", "Ö"]) | st.text(max_size=4)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@st.composite
def lists_of_objects(draw: st.DrawFn) -> Any:
    """Rows that have much in common, as answers of services have."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    inner = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    constant = draw(SCALARS)
    rows = []
    for _ in range(draw(st.integers(3, 6))):
        row: dict[str, Any] = {}
        for place, name in enumerate(names):
            if draw(st.integers(0, 9)) == 0:
                continue
            if place == 1:
                row[name] = {each: draw(SCALARS) for each in inner}
            elif place == 2:
                row[name] = constant
            else:
                row[name] = draw(VALUES)
        rows.append(row)
    return {"rows": rows} if draw(st.booleans()) else rows


@given(VALUES | lists_of_objects(), st.sampled_from([None, 2]))
def test_what_is_written_as_a_table_reads_as_the_same_value(held: Any, indent: int | None) -> None:
    text = json.dumps(held, indent=indent)
    again = decoded(encoded(text))
    assert again == written(value(text))
    assert json.dumps(json.loads(again)) == json.dumps(json.loads(text))


@given(st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), min_size=1, max_size=6))
def test_objects_with_a_line_each_come_back_line_by_line(rows: list[Any]) -> None:
    text = "\n".join(map(json.dumps, rows))
    assert decoded(encoded_lines(text)) == "\n".join(written(value(line)) for line in text.split("\n"))


@given(lists_of_objects(), st.data())
def test_what_was_cut_off_is_the_same_up_to_where_it_was_cut(held: Any, data: st.DataObject) -> None:
    text = json.dumps(held, ensure_ascii=False)
    cut = text[: data.draw(st.integers(0, len(text)))]
    again = decoded(encoded(cut))
    assert _plain(again) == _plain(cut)


@given(lists_of_objects())
def test_a_table_stays_as_it_is(held: Any) -> None:
    once = encoded(json.dumps(held))
    if "<rows" not in once:
        assert encoded(once) == once


@given(st.text() | st.from_regex(r"<rows [0-9]( open)?( \|)?>\n[a-z=,.\n~]*(</rows>)?"))
def test_a_text_that_is_no_table_of_ours_does_no_harm(text: str) -> None:
    assert isinstance(decoded(text), str)


def _plain(text: str) -> str:
    """A beginning of a JSON text without what may be written in several ways."""
    return re.sub(r"\\u([0-9a-f]{4})", lambda escape: chr(int(escape[1], 16)), minified(text))
