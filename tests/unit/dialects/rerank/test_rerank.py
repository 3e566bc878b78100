"""Rerankings are handed on: what is read of them all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.reply import ReplyFacts
from stellwerk.core.usage import Usage
from stellwerk.dialects.rerank import errors, response
from stellwerk.dialects.rerank.envelope import read_envelope, rewrite
from stellwerk.errors import InvalidRequest, NotFound, UpstreamInvalid


def test_only_the_model_is_rewritten() -> None:
    body = b'{"model":"m","query":"q","documents":["a"]}'
    envelope = read_envelope(body, max_depth=8)
    assert (envelope.dialect, envelope.model) == ("rerank", "m")
    assert rewrite(envelope, "m") is body
    assert rewrite(envelope, "n") == b'{"model":"n","query":"q","documents":["a"]}'


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"query": "q", "documents": []}, "model"),
        ({"model": "m", "documents": []}, "query"),
        ({"model": "m", "query": "q"}, "documents"),
    ],
)
def test_what_is_missing_is_refused(wire: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_envelope(json.dumps(wire).encode(), max_depth=8)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("rest", "usage"),
    [
        ({"usage": {"total_tokens": 9}}, Usage(9)),
        ({"usage": {"prompt_tokens": 7, "total_tokens": 9}}, Usage(7)),
        ({"meta": {"tokens": {"input_tokens": 5}, "billed_units": {"search_units": 1}}}, Usage(5)),
        ({"meta": {"billed_units": {"input_tokens": 4}}}, Usage(4)),
        ({"meta": {"billed_units": {"search_units": 1}}}, None),
        ({"usage": {"total_tokens": -1}, "meta": 5}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("name", ["results", "data"])
def test_usage_is_found_where_each_host_has_it(rest: dict[str, Any], usage: Usage | None, name: str) -> None:
    assert response.read_usage(json.dumps({name: [], "id": "r", **rest}).encode()) == ReplyFacts(usage, id="r")


def test_an_id_of_another_type_is_none() -> None:
    assert response.read_usage('{"results":[],"id":5,"x":"ü"}'.encode()) == ReplyFacts()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"results":"\xff"}', b'{"error":"no"}', b'{"message":"no"}'])
def test_what_has_no_results_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        response.read_usage(body)


def test_errors_are_those_of_all_of_openais_dialects() -> None:
    assert json.loads(errors.encode_error(NotFound("m")))["error"]["message"] == "m"
