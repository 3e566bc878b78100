"""The thin reading of requests: what it takes, what it refuses and in which words, and what rewriting changes."""

from __future__ import annotations

import json

import msgspec
import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.openai_chat.request import read_envelope, rewrite
from stellwerk.dialects.thin_reading import MOST
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
    data = body(b'"stream":true,"stream_options":{"include_usage":true},"max_tokens":7,"n":2')
    envelope = read_envelope(data, max_depth=64)
    assert (envelope.dialect, envelope.model, envelope.body) == ("openai_chat", "m", data)
    assert (envelope.is_stream, envelope.wants_usage, envelope.output_cap, envelope.choices) == (True, True, 7, 2)


def test_what_is_left_out_or_null_has_its_default() -> None:
    nulls = b'"stream":null,"stream_options":null,"max_tokens":null,"max_completion_tokens":null,"n":null'
    for data in (body(), body(nulls)):
        envelope = read_envelope(data, max_depth=64)
        assert (envelope.is_stream, envelope.wants_usage) == (False, True)
        assert (envelope.output_cap, envelope.choices) == (None, 1)


@pytest.mark.parametrize(
    ("options", "wants"),
    [(b"{}", False), (b"null", False), (b'{"include_usage":null}', False), (b'{"include_usage":false}', False)],
)
def test_a_stream_wants_usage_only_when_it_says_so(options: bytes, wants: bool) -> None:
    assert read_envelope(body(b'"stream":true,"stream_options":' + options), max_depth=64).wants_usage is wants
    assert not read_envelope(body(b'"stream":true'), max_depth=64).wants_usage


@pytest.mark.parametrize(
    ("rest", "cap"),
    [
        (b'"max_tokens":5,"max_completion_tokens":9', 9),
        (b'"max_tokens":9,"max_completion_tokens":5', 9),
        (b'"max_tokens":null,"max_completion_tokens":5', 5),
        (b'"max_tokens":5,"max_completion_tokens":null', 5),
        (b'"max_tokens":0', 0),
    ],
)
def test_of_two_limits_the_larger_is_reckoned_with(rest: bytes, cap: int) -> None:
    assert read_envelope(body(rest), max_depth=64).output_cap == cap


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
        (body(model=b'"model":null,'), "Invalid type for 'model': expected a string, but got null instead.", "model"),
        (
            body(model=b'"model":{},'),
            "Invalid type for 'model': expected a string, but got an object instead.",
            "model",
        ),
        (
            b'{"model":"m","messages":"hi"}',
            "Invalid type for 'messages': expected an array, but got a string instead.",
            "messages",
        ),
        (
            b'{"model":"m","messages":null}',
            "Invalid type for 'messages': expected an array, but got null instead.",
            "messages",
        ),
        (body(b'"stream":1'), "Invalid type for 'stream': expected a boolean, but got an integer instead.", "stream"),
        (body(b'"stream":[]'), "Invalid type for 'stream': expected a boolean, but got an array instead.", "stream"),
        (
            body(b'"stream_options":[]'),
            "Invalid type for 'stream_options': expected an object, but got an array instead.",
            "stream_options",
        ),
        (
            body(b'"stream_options":{"include_usage":1}'),
            "Invalid type for 'stream_options.include_usage': expected a boolean, but got an integer instead.",
            "stream_options.include_usage",
        ),
        (
            body(b'"max_tokens":"5"'),
            "Invalid type for 'max_tokens': expected an integer, but got a string instead.",
            "max_tokens",
        ),
        (
            body(b'"max_completion_tokens":1.5'),
            "Invalid type for 'max_completion_tokens': expected an integer, but got a decimal number instead.",
            "max_completion_tokens",
        ),
        (body(b'"n":true'), "Invalid type for 'n': expected an integer, but got a boolean instead.", "n"),
        (
            body(b'"n":0'),
            "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead.",
            "n",
        ),
        (
            body(b'"max_tokens":-1'),
            "Invalid 'max_tokens': integer below minimum value. Expected a value >= 0, but got -1 instead.",
            "max_tokens",
        ),
        (
            body(b'"n":' + b"9" * 40),
            f"Invalid 'n': integer above maximum value. Expected a value <= {MOST}, but got {HUGE} instead.",
            "n",
        ),
        (body(b'"n":' + b"9" * 5000), "Invalid type for 'n': integer value out of range.", "n"),
    ],
)
def test_wrong_requests_are_refused_with_what_and_where(data: bytes, message: str, param: str | None) -> None:
    error = refusal(data)
    assert error.message == message
    assert error.param == param


def test_text_beyond_ascii_is_taken() -> None:
    data = body('"user":"Jürgen 🚂"'.encode(), '"model":"mödel",'.encode())
    assert read_envelope(data, max_depth=64).model == "mödel"


@pytest.mark.parametrize(
    "rest",
    [
        b'"model":"other"',
        b'"mod\\u0065l":"other"',
        b'"stream":true,"stream":false',
        b'"max_tokens":1,"max_tokens":null',
        b'"max_tokens":null,"max_tokens":1',
        b'"n":1,"x":{"n":2},"n":2',
        b'"stream_options":null,"stream_options":{}',
        b'"max_completion_tokens":5,"max_completion_tokens":5',
    ],
)
def test_a_member_that_is_acted_on_may_not_stand_twice(rest: bytes) -> None:
    assert refusal(body(rest)).message.startswith("Duplicate parameter: '")


def test_members_that_nobody_acts_on_may_stand_twice_and_deeper_ones_too() -> None:
    data = body(b'"x":1,"x":2,"tools":[{"model":1,"model":2,"n":3}]')
    assert read_envelope(data, max_depth=64).model == "m"


def test_nothing_to_change_is_the_same_object() -> None:
    for rest in (b"", b'"stream":true,"stream_options":{"include_usage":true}'):
        envelope = read_envelope(body(rest), max_depth=64)
        assert rewrite(envelope, "m") is envelope.body


@pytest.mark.parametrize(
    "data",
    [
        body(),
        body(b'"stop":["]"],"tools":[{"model":"m"}]'),
        b'{ "model" : "m" , "messages" : [ ] , "x":1.50 }',
        b'{"messages":[],"model":"m","temperature":0.70}',
        b'{"messages":[{"model":"m"}],"mod\\u0065l":"\\u006d","x":{"y":[]}}',
    ],
)
def test_renaming_the_model_changes_the_model_alone(data: bytes) -> None:
    renamed = rewrite(read_envelope(data, max_depth=64), 'ne"w')
    assert json.loads(renamed) == {**json.loads(data), "model": 'ne"w'}
    cut = renamed.index(b'"ne\\"w"')
    assert data.startswith(renamed[:cut])
    assert data.endswith(renamed[cut + len(b'"ne\\"w"') :])


@pytest.mark.parametrize(
    ("rest", "options"),
    [
        (b'"stream":true', {"include_usage": True}),
        (b'"stream":true,"stream_options":null', {"include_usage": True}),
        (b'"stream":true,"stream_options":{}', {"include_usage": True}),
        (
            b'"stream_options":{"include_obfuscation":false, "include_usage" : false},"stream":true',
            {"include_obfuscation": False, "include_usage": True},
        ),
    ],
)
def test_a_stream_asks_for_usage_all_the_same(rest: bytes, options: dict[str, bool]) -> None:
    envelope = read_envelope(body(rest), max_depth=64)
    for model in ("m", "other"):
        assert json.loads(rewrite(envelope, model)) == {
            **json.loads(envelope.body),
            "model": model,
            "stream_options": options,
        }


def test_an_envelope_made_elsewhere_is_rewritten_as_well() -> None:
    envelope = Envelope("openai_chat", "m", True, body(b'"stream":true'), wants_usage=False)
    assert json.loads(rewrite(envelope, "m"))["stream_options"] == {"include_usage": True}


def test_an_envelope_stays_rewritable_when_a_stage_replaces_its_body() -> None:
    envelope = read_envelope(body(b'"stream":true'), max_depth=64)
    changed = msgspec.structs.replace(envelope, body=body(b'"stream":true,"stop":"x"'))
    assert json.loads(rewrite(changed, "o"))["stream_options"] == {"include_usage": True}
