"""Splicing JSON: the cases in which a look at the bytes alone would go wrong."""

from __future__ import annotations

import pytest

from stellwerk.dialects import json_splice
from stellwerk.errors import InvalidRequest


def value(body: bytes, member: json_splice.Member) -> bytes:
    return body[member.start : member.end]


@pytest.mark.parametrize(
    "body",
    [
        b'{"tools": [{"model": 1}], "mod\\u0065l": "top"}',
        b'{"x": "\\"model\\": 1", "model": "top"}',
        b'{"\\"model": 1, "model": "top"}',
        b'{"x": "model", "model": "top"}',
        b'{"a": {"model": 1}, "model" : "top" , "b": {"model": 2}}',
        b'{"a": ["model"], "text": "not a key: {\\"model\\": [", "model":"top"}',
        b'{"x": "\\\\u006d", "model": "top"}',
        b'{"model":"top","padding":"' + b"x" * 600 + b'"}',
        b'{"padding":["' + b"x" * 600 + b'"],"model":"top"}',
        b'{"padding":["' + b"x" * 600 + b'"],"model":"top","more":["' + b"x" * 600 + b'"]}',
        b'{"model\\"":0,"x":[1],"y\\"model":2,"model":"top"}',
    ],
)
def test_the_top_level_member_is_told_from_everything_that_looks_like_it(body: bytes) -> None:
    for look in (json_splice.find, json_splice.locate, json_splice.locate_unique):
        found = look(body, "model")
        assert found is not None
        assert value(body, found) == b'"top"'


@pytest.mark.parametrize(
    "body",
    [b'{"model":"a","model":"b"}', b'{"model":"a","mod\\u0065l":"b"}', b'{"model":"a","x":[{"model":1}],"model":"b"}'],
)
def test_two_models_are_refused_however_they_are_spelled(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as raised:
        json_splice.locate(body, "model")
    assert raised.value.param == "model"


def test_a_key_in_doubt_is_not_called_shallow() -> None:
    assert json_splice.shallow(b'{"x\\"model":1,"model":2}', b'"model"') == -1
    assert json_splice.shallow(b'{"a":[1],"x\\"model":1}', b'"model"') == -1
    assert json_splice.shallow(b'{"a":[{"model":1}]}', b'"model"') == -1
    assert json_splice.shallow(b'{"a":[1],"model":"{"}', b'"model"') == 9


def test_a_missing_member_is_an_error_only_where_it_was_promised() -> None:
    assert json_splice.find(b'{"a":"model"}', "model") is None
    with pytest.raises(InvalidRequest, match="Missing required parameter: 'model'"):
        json_splice.locate_unique(b'{"a":"model"}', "model")


@pytest.mark.parametrize(
    ("body", "name", "left"),
    [
        (b'{"a":1}', "a", b"{}"),
        (b'{ "a" : 1 }', "a", b"{ }"),
        (b'{"a":1, "b":2}', "a", b'{"b":2}'),
        (b'{"a":1 , "b":2}', "b", b'{"a":1 }'),
        (b'{"a":1,"b":[2],"c":3}', "b", b'{"a":1,"c":3}'),
    ],
)
def test_a_dropped_member_takes_its_comma_along(body: bytes, name: str, left: bytes) -> None:
    found = json_splice.find(body, name)
    assert found is not None
    assert json_splice.drop(body, found) == left


@pytest.mark.parametrize(
    ("body", "result"), [(b"{}", b'{"a":1}'), (b" { } ", b' {"a":1 } '), (b'{ "b":2}', b'{"a":1, "b":2}')]
)
def test_an_inserted_member_comes_first(body: bytes, result: bytes) -> None:
    assert json_splice.insert(body, "a", b"1") == result


def test_large_bodies_are_spliced_like_small_ones() -> None:
    body = b'{"a":"' + b"x" * 100_000 + b'","model":"old"}'
    found = json_splice.locate_unique(body, "model")
    assert json_splice.replace(body, found, b'"new"') == body.replace(b"old", b"new")


def test_brackets_in_strings_and_escaped_quotes_are_not_depth() -> None:
    assert json_splice.depth(b'{"a":"[[[\\"[[\\\\","b":[1]}') == 2
    assert json_splice.depth(b"1") == 0
    assert json_splice.depth(b"[" * 100_000 + b"]" * 100_000) == 100_000


def test_what_is_no_json_ends_the_walk_without_harm() -> None:
    assert json_splice.members(b'{"a":[1')[0].end == 7
    assert json_splice.members(b"{}") == ()
    assert json_splice.members(b'{"a":}')[0].end == 5


@pytest.mark.parametrize("size", [4_095, 4_096, 100_000])
@pytest.mark.parametrize("after", [b"", b" ", b" \n\t"], ids=repr)
def test_where_long_values_end(size: int, after: bytes) -> None:
    value = b"[" + b",".join([b'"]"'] * size) + b"]"
    first, last = json_splice.members(b'{"a":%b%b,"b":{"c":%b}%b}' % (value, after, value, after))
    assert first.end - first.start == len(value)
    assert last.end - last.start == len(value) + 6


def test_an_object_of_very_many_members_is_refused() -> None:
    members = b",".join([b'"a":1'] * json_splice.MOST_MEMBERS)
    assert len(json_splice.members(b"{%b}" % members)) == json_splice.MOST_MEMBERS
    with pytest.raises(InvalidRequest, match="parameters"):
        json_splice.find(b'{%b,"b":1}' % members, "b")


@pytest.mark.parametrize("rest", [b"", b"]"], ids=["open", "closed"])
def test_a_long_value_that_nothing_follows_ends_with_the_body(rest: bytes) -> None:
    body = b'{"a":[' + b"[]," * 5_000 + b"1" + rest
    assert json_splice.members(body)[0].end == len(body)
