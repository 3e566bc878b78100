"""The thin reading of requests: what it takes, what it refuses and in which words, and what rewriting changes."""

from __future__ import annotations

import json

import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.anthropic_messages.envelope import MOST, AnthropicEnvelope
from stellwerk.dialects.anthropic_messages.request import read_envelope, rewrite
from stellwerk.errors import InvalidRequest

HUGE = "a number of over 64 bits"
MESSAGES = b'"messages":[{"role":"user","content":"hi"}]'


def body(rest: bytes = b"", model: bytes = b'"model":"m",') -> bytes:
    return b"{" + model + MESSAGES + (b"," + rest if rest else b"") + b"}"


def refusal(data: bytes, max_depth: int = 64) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as raised:
        read_envelope(data, max_depth=max_depth)
    return raised.value


def test_what_routing_needs_is_read() -> None:
    data = body(b'"stream":true,"max_tokens":7')
    envelope = read_envelope(data, max_depth=64)
    assert isinstance(envelope, AnthropicEnvelope)
    assert (envelope.dialect, envelope.model, envelope.body) == ("anthropic_messages", "m", data)
    assert (envelope.is_stream, envelope.wants_usage, envelope.output_cap, envelope.choices) == (True, True, 7, 1)


def test_what_is_left_out_or_null_has_its_default() -> None:
    for data in (body(), body(b'"stream":null,"max_tokens":null')):
        envelope = read_envelope(data, max_depth=64)
        assert (envelope.is_stream, envelope.wants_usage, envelope.output_cap) == (False, True, None)
    assert not read_envelope(body(b'"stream":false'), max_depth=64).is_stream


@pytest.mark.parametrize(
    ("data", "message", "param"),
    [
        (b"{" + MESSAGES + b"}", "Missing required parameter: 'model'.", "model"),
        (b'{"model":"m"}', "Missing required parameter: 'messages'.", "messages"),
        (
            body(model=b'"model":7,'),
            "Invalid type for 'model': expected a string, but got an integer instead.",
            "model",
        ),
        (
            b'{"model":"m","messages":"hi"}',
            "Invalid type for 'messages': expected an array, but got a string instead.",
            "messages",
        ),
        (body(b'"stream":1'), "Invalid type for 'stream': expected a boolean, but got an integer instead.", "stream"),
        (
            body(b'"max_tokens":"5"'),
            "Invalid type for 'max_tokens': expected an integer, but got a string instead.",
            "max_tokens",
        ),
        (
            body(b'"max_tokens":-1'),
            "Invalid 'max_tokens': integer below minimum value. Expected a value >= 0, but got -1 instead.",
            "max_tokens",
        ),
        (
            body(b'"max_tokens":' + b"9" * 40),
            f"Invalid 'max_tokens': integer above maximum value. Expected a value <= {MOST}, but got {HUGE} instead.",
            "max_tokens",
        ),
    ],
)
def test_wrong_requests_are_refused_with_what_and_where(data: bytes, message: str, param: str | None) -> None:
    error = refusal(data)
    assert error.message == message
    assert error.param == param


@pytest.mark.parametrize(
    "rest",
    [
        b'"model":"other"',
        b'"mod\\u0065l":"other"',
        b'"stream":true,"stream":false',
        b'"max_tokens":1,"max_tokens":null',
    ],
)
def test_a_member_that_is_acted_on_may_not_stand_twice(rest: bytes) -> None:
    assert refusal(body(rest)).message.startswith("Duplicate parameter: '")


def test_members_that_nobody_acts_on_may_stand_twice_and_deeper_ones_too() -> None:
    data = body(b'"x":1,"x":2,"tools":[{"model":1,"model":2,"stream":3}]')
    assert read_envelope(data, max_depth=64).model == "m"


def test_nothing_to_change_is_the_same_object() -> None:
    envelope = read_envelope(body(b'"stream":true'), max_depth=64)
    assert rewrite(envelope, "m") is envelope.body


@pytest.mark.parametrize(
    "data",
    [
        body(),
        body(b'"stop_sequences":["]"],"tools":[{"model":"m"}]'),
        b'{ "model" : "m" , "messages" : [ ] , "x":1.50 }',
        b'{"messages":[{"model":"m"}],"mod\\u0065l":"\\u006d","x":{"y":[]}}',
    ],
)
def test_renaming_the_model_changes_the_model_alone(data: bytes) -> None:
    renamed = rewrite(read_envelope(data, max_depth=64), 'ne"w')
    assert json.loads(renamed) == {**json.loads(data), "model": 'ne"w'}
    cut = renamed.index(b'"ne\\"w"')
    assert data.startswith(renamed[:cut])
    assert data.endswith(renamed[cut + len(b'"ne\\"w"') :])


def test_an_envelope_made_elsewhere_is_rewritten_as_well() -> None:
    envelope = Envelope("anthropic_messages", "m", True, body())
    assert json.loads(rewrite(envelope, "n"))["model"] == "n"
