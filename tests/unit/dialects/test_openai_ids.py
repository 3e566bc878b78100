"""Ids within bodies: found where they are members, whatever somebody may have said in a text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.dialects import openai_ids

LONG = "sw_" + "A" * 40


def opened(field: str, sealed: str) -> str:
    """Tells what it was asked."""
    return f"{field}={sealed.partition('sw_')[0]}"


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ({"previous_response_id": f"resp_{LONG}"}, {"previous_response_id": "previous_response_id=resp_"}),
        ({"file_ids": [f"file-{LONG}", f"file-{LONG}"]}, {"file_ids": ["file_ids=file-", "id=file-"]}),
        ({"a": {"b": [{"file_id": LONG}]}}, {"a": {"b": [{"file_id": "file_id="}]}}),
        ({"text": f'"file_id": "file-{LONG}"'}, {"text": f'"file_id": "file-{LONG}"'}),
        ({"text": f"see file-{LONG}"}, {"text": f"see file-{LONG}"}),
        ({"text": f"file-{LONG}"}, {"text": f"file-{LONG}"}),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_sealed_ids_are_opened_with_their_fields_name(wire: Any, expected: Any, indent: int | None) -> None:
    body = json.dumps(wire, indent=indent).encode()
    assert json.loads(openai_ids.unseal(body, opened)) == expected


def test_a_body_without_any_stays_the_same_object() -> None:
    body = b'{"input":"Hello"}'
    assert openai_ids.unseal(body, opened) is body
    assert openai_ids.seal(body, str) is body
    assert openai_ids.first_unsealed(body) is None


def test_the_first_field_that_names_a_thing_by_its_hosts_own_id_is_told() -> None:
    assert openai_ids.first_unsealed(b'{"previous_response_id" : "resp_1"}') == "previous_response_id"
    assert openai_ids.first_unsealed(f'{{"file_id":"file-{LONG}","input_file_id":"f"}}'.encode()) == "input_file_id"
    assert openai_ids.first_unsealed(f'{{"file_id":"file-{LONG}"}}'.encode()) is None
    assert openai_ids.first_unsealed(b'{"file_id":{"type":"string"},"text":"\\"file_id\\":\\"f\\""}') is None


def test_escapes_hide_no_name() -> None:
    assert openai_ids.first_unsealed(b'{"file\\u005fid":"file-1"}') == "file_id"
    assert openai_ids.first_unsealed(b'{"text":"\\u0041"}') is None
    assert openai_ids.first_unsealed(b'{"text":"\\u0041\\ud800"}') is None


def test_what_a_host_keeps_is_sealed_and_what_was_said_is_not() -> None:
    wire = {
        "id": "resp_1",
        "previous_response_id": "resp_0",
        "conversation": {"id": "conv_1"},
        "output": [{"id": "msg_1", "text": 'id: "id":"resp_1"', "file_id": "file-1"}],
        "model": "resp_1",
    }
    sealed = json.loads(openai_ids.seal(json.dumps(wire).encode(), lambda one: f"<{one}>"))
    assert sealed == {
        "id": "<resp_1>",
        "previous_response_id": "<resp_0>",
        "conversation": {"id": "<conv_1>"},
        "output": [{"id": "msg_1", "text": 'id: "id":"resp_1"', "file_id": "<file-1>"}],
        "model": "resp_1",
    }


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9))
def test_json_stays_json(value: Any) -> None:
    body = json.dumps({"id": "resp_1", "x": value, "file_id": f"file-{LONG}"}, ensure_ascii=False).encode(
        errors="surrogatepass"
    )
    body.decode(errors="replace")
    for out in (openai_ids.seal(body, lambda one: f"<{one}>"), openai_ids.unseal(body, opened)):
        assert json.loads(out.decode(errors="surrogatepass"))["x"] == value


def test_a_long_body_of_quotes_and_spaces_takes_linear_time() -> None:
    body = b'{"a":"' + b'\\" ' * 200_000 + b'sw_","b":' + b'"sw_" ' + b" " * 500_000 + b"}"
    assert openai_ids.unseal(body, opened) == body
