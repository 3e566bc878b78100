"""The thin reading of requests: what is read, what is refused, and that the rest is not touched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.dialects.openai_responses.envelope import ResponsesEnvelope
from stellwerk.dialects.openai_responses.request import read_envelope, rewrite
from stellwerk.errors import InvalidRequest


def read(wire: Any) -> ResponsesEnvelope:
    return read_envelope(json.dumps(wire, ensure_ascii=False).encode(), max_depth=8)


def test_what_ties_a_request_to_its_provider_is_on_the_envelope() -> None:
    envelope = read(
        {"model": "m", "input": "x", "stream": True, "previous_response_id": "resp_1", "conversation": {"id": "conv_1"},
         "background": True, "max_output_tokens": 7}
    )  # fmt: skip
    assert envelope.dialect == "openai_responses"
    assert (envelope.model, envelope.is_stream, envelope.output_cap) == ("m", True, 7)
    assert (envelope.previous_response_id, envelope.conversation, envelope.is_background) == ("resp_1", "conv_1", True)
    assert (envelope.wants_usage, envelope.choices) == (True, 1)


@pytest.mark.parametrize(
    "wire", [{"model": "m"}, {"model": "ü", "stream": None, "previous_response_id": None, "conversation": None}]
)
def test_what_is_absent_or_null_is_not_said(wire: dict[str, Any]) -> None:
    envelope = read(wire)
    assert not envelope.is_stream
    assert not envelope.is_background
    assert (envelope.previous_response_id, envelope.conversation, envelope.output_cap) == (None, None, None)


def test_a_conversation_may_be_its_bare_id() -> None:
    assert read({"model": "m", "conversation": "conv_1"}).conversation == "conv_1"


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({}, "model"),
        ({"model": 5}, "model"),
        ({"model": "m", "stream": "yes"}, "stream"),
        ({"model": "m", "background": 1}, "background"),
        ({"model": "m", "max_output_tokens": -1}, "max_output_tokens"),
        ({"model": "m", "max_output_tokens": 1.5}, "max_output_tokens"),
        ({"model": "m", "previous_response_id": 5}, "previous_response_id"),
        ({"model": "m", "conversation": 5}, "conversation"),
        ({"model": "m", "conversation": {"id": 5}}, "conversation.id"),
    ],
)
def test_a_member_of_a_wrong_type_is_refused_by_name(wire: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(wire)
    assert caught.value.param == param


def test_only_the_model_is_rewritten_and_only_when_it_differs() -> None:
    body = b'{ "model" : "m", "input":"the \\"model\\"" }'
    envelope = read_envelope(body, max_depth=8)
    assert rewrite(envelope, "m") is body
    assert rewrite(envelope, "other/m") == b'{ "model" : "other/m", "input":"the \\"model\\"" }'
