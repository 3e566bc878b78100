"""Moderations are handed on: what is read of them all the same."""

from __future__ import annotations

import json

import pytest

from stellwerk.core.reply import ReplyFacts
from stellwerk.dialects.openai_moderations import errors, response
from stellwerk.dialects.openai_moderations.envelope import read_envelope, rewrite
from stellwerk.errors import InvalidRequest, NotFound, UpstreamInvalid


def test_a_request_may_leave_the_model_to_the_provider() -> None:
    body = b'{"input":"x"}'
    envelope = read_envelope(body, max_depth=8)
    assert (envelope.dialect, envelope.model) == ("openai_moderations", "omni-moderation-latest")
    assert rewrite(envelope, "omni-moderation-latest") is body
    assert json.loads(rewrite(envelope, "other")) == {"model": "other", "input": "x"}


def test_a_named_model_is_rewritten_where_it_stands() -> None:
    envelope = read_envelope(b'{"input":"x","model":"m"}', max_depth=8)
    assert rewrite(envelope, "n") == b'{"input":"x","model":"n"}'


@pytest.mark.parametrize(("body", "param"), [(b'{"model":"m"}', "input"), (b'{"model":5,"input":"x"}', "model")])
def test_what_is_missing_or_wrong_is_refused(body: bytes, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_envelope(body, max_depth=8)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("body", "facts"),
    [(b'{"id":"modr_1","results":[]}', ReplyFacts(id="modr_1")), ('{"results":[],"x":"ü"}'.encode(), ReplyFacts())],
)
def test_a_reply_has_nothing_to_account(body: bytes, facts: ReplyFacts) -> None:
    assert response.read_usage(body) == facts


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"results":"\xff"}', b'{"error":{"message":"no"}}'])
def test_what_has_no_results_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        response.read_usage(body)


def test_errors_are_those_of_all_of_openais_dialects() -> None:
    assert json.loads(errors.encode_error(NotFound("m")))["error"]["message"] == "m"
