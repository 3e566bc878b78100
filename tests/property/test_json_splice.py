"""Edits in the original bytes mean what the same edits of the decoded object mean, and touch nothing else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.dialects import json_splice
from stellwerk.errors import InvalidRequest

NAMES = st.sampled_from(
    ["model", "stream", "n", "messages", "x y", "mödel", 'quo"te', "back\\slash", "", "{", "\ud800"]
)
TEXTS = st.one_of(
    st.text(max_size=12), st.sampled_from(["model", '"model":', '{"model": 1}', "\\", '\\"', "]}", "[[["])
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=6)
EDITED = st.sampled_from(["model", "stream", "n"])
RAWS = st.sampled_from([b'"new"', b"null", b'{"a": [1]}', b"-1.5e3", b"[]"])


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """An object as bytes, in one of many spellings: spaces, escaped characters, escaped keys."""
    value = draw(OBJECTS)
    space = draw(st.sampled_from(["", " ", "\n\t", "\r\n  "]))
    is_ascii = draw(st.booleans())
    text = json.dumps(value, ensure_ascii=is_ascii, separators=(f"{space},{space}", f"{space}:{space}"))
    if draw(st.booleans()):
        text = text.replace('"model"', draw(st.sampled_from(['"mod\\u0065l"', '"\\u006Dodel"', '"model"'])))
    return f"{space}{text}{space}".encode(errors="surrogatepass" if not is_ascii else "strict")


def load(body: bytes) -> Any:
    return json.loads(body.decode(errors="surrogatepass"))


@given(bodies())
def test_members_are_those_of_the_object_and_their_spans_hold_the_values(body: bytes) -> None:
    found = json_splice.members(body)
    if b"\\ud800" not in body and b"\xed\xa0\x80" not in body:
        assert [member.name for member in found] == list(load(body))
    assert [load(body[member.start : member.end]) for member in found] == list(load(body).values())
    assert all(body[member.key : member.key + 1] == b'"' for member in found)


@given(bodies(), EDITED)
def test_a_member_is_found_where_it_is_and_only_there(body: bytes, name: str) -> None:
    found = json_splice.find(body, name)
    assert (found is not None) == (name in load(body))
    if found is not None:
        assert load(body[found.start : found.end]) == load(body)[name]
        assert json_splice.locate(body, name) == found
        assert json_splice.locate_unique(body, name) == found


@given(bodies(), EDITED, RAWS)
def test_putting_a_member_changes_it_alone(body: bytes, name: str, raw: bytes) -> None:
    changed = json_splice.put(body, name, raw)
    assert load(changed) == {**load(body), name: json.loads(raw)}
    found = json_splice.find(body, name)
    if found is not None:
        assert changed == body[: found.start] + raw + body[found.end :]


@given(bodies(), EDITED)
def test_dropping_a_member_leaves_all_others_byte_for_byte(body: bytes, name: str) -> None:
    found = json_splice.find(body, name)
    if found is None:
        return
    changed = json_splice.drop(body, found)
    others = {key: value for key, value in load(body).items() if key != name}
    assert load(changed) == others
    left = [body[member.start : member.end] for member in json_splice.members(body) if member != found]
    assert [changed[member.start : member.end] for member in json_splice.members(changed)] == left


@given(bodies(), RAWS)
def test_edits_made_together_are_the_edits_made_one_by_one(body: bytes, raw: bytes) -> None:
    edits = [json_splice.insertion(body, "added", b"1")]
    edits += [(member.start, member.end, raw) for member in json_splice.members(body)]
    assert load(json_splice.splice(body, edits)) == {"added": 1, **dict.fromkeys(load(body), json.loads(raw))}


@given(bodies(), EDITED)
def test_a_member_that_stands_twice_is_refused(body: bytes, name: str) -> None:
    twice = json_splice.insert(json_splice.put(body, name, b"1"), name, b"2")
    for look in (json_splice.find, json_splice.locate):
        with pytest.raises(InvalidRequest, match=f"Duplicate parameter: '{name}'"):
            look(twice, name)


@given(bodies())
def test_depth_is_that_of_the_decoded_value(body: bytes) -> None:
    expected = nesting(load(body))
    assert json_splice.depth(body) == expected
    for limit in range(1, expected + 3):
        assert json_splice.is_deeper(body, limit) == (expected > limit)


@given(st.lists(st.sampled_from("[{"), min_size=1, max_size=400), st.integers(0, 420))
def test_depth_of_narrow_towers(openers: list[str], limit: int) -> None:
    text = "1"
    for opener in openers:
        text = f"[{text}]" if opener == "[" else f'{{"":{text}}}'
    assert json_splice.depth(text.encode()) == len(openers)
    assert json_splice.is_deeper(text.encode(), limit) == (len(openers) > limit)


def nesting(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(nesting, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(nesting, value), default=0)
    return 0


@given(bodies())
def test_members_found_by_a_decoder_are_the_same(body: bytes) -> None:
    try:
        expected = json_splice.members(body)
    except UnicodeDecodeError:
        return
    try:
        found = json_splice.outer_members(body)
    except (msgspec.DecodeError, UnicodeDecodeError):  # half a character, which a decoder refuses in a name
        return
    assert found == expected


@pytest.mark.parametrize(
    "body",
    [b'{"a":1,"a":2}', b'{"a":1,"b":2,"a":30}', b'{"a":1,"b":2,"a":3}', b'{"a":"long","a":1}', b'{"a":{"b":1},"a":{}}'],
)
def test_a_name_that_stands_twice_is_refused_by_a_decoders_walk(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="Duplicate"):
        json_splice.outer_members(body)


@given(st.lists(VALUES, max_size=6), st.sampled_from(["", " ", "\n\t"]))
def test_elements_are_those_of_the_array(values: list[Any], space: str) -> None:
    array = json.dumps(values, separators=(f"{space},{space}", f"{space}:{space}")).replace("[", f"[{space}", 1)
    body = f'{{"x":{array}}}'.encode()
    try:
        spans = json_splice.elements(body, len('{"x":'), len(body) - 1)
    except msgspec.DecodeError:
        assert b"\\ud800" in body
        return
    assert [json.loads(body[start:end]) for start, end in spans] == values
