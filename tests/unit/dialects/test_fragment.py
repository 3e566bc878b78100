"""Arguments that broke off: as much of them as is whole, and always an object."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.dialects.fragment import best_object

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.floats(-9, 9), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)


def best(text: str) -> Any:
    return json.loads(bytes(best_object(text)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("{}", {}),
        ('{"a":1}', {"a": 1}),
        ("{", {}),
        ('{"a', {}),
        ('{"a"', {}),
        ('{"a":', {}),
        ('{"a":1', {}),
        ('{"a":1,', {"a": 1}),
        ('{"a":tru', {}),
        ('{"a":"x', {}),
        ('{"a":"x"', {"a": "x"}),
        ('{"a":"\\"', {}),
        ('{"a":[1,2', {"a": [1]}),
        ('{"a":[1,{"b":"c"', {"a": [1, {"b": "c"}]}),
        ('{"a":[1,{"b":"c"}],"d":"e', {"a": [1, {"b": "c"}]}),
        ('{"a":{"b":1 ', {"a": {"b": 1}}),
        ("[1,2]", {}),
        ("7", {}),
        ("nonsense", {}),
        ('{"a":1]', {"a": 1}),
        ("}", {}),
        ('{"a" "b"', {}),
        ('{"a":1}x', {"a": 1}),
        ('{"a":"\ud800"}', {"a": "?"}),
        ('{"a":' + "[" * 100_000, {}),
        ("{" * 100_000, {}),
    ],
)
def test_what_is_whole_is_kept(text: str, value: Any) -> None:
    assert best(text) == value


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.data())
def test_any_beginning_of_an_object_is_an_object_of_its_first_members(
    value: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps(value)
    assert best(text) == value
    cut = best(text[: data.draw(st.integers(0, len(text)))])
    assert list(cut) == list(value)[: len(cut)]
    assert all(cut[name] == value[name] for name in list(cut)[:-1])


@given(st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=30))
def test_any_text_becomes_an_object(text: str) -> None:
    assert isinstance(best(text), dict)
    assert isinstance(best("{" + text), dict)
