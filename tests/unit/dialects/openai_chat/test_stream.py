"""Streams that are handed on: what is noticed, what is taken out, and what happens when they break off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.chunk_shape import learn
from stellwerk.dialects.openai_chat.errors import encode_stream_error
from stellwerk.dialects.openai_chat.stream import PassThrough
from stellwerk.errors import UpstreamInvalid, UpstreamTimeout

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **rest: Any) -> bytes:
    choices = [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    wire = {"id": "c", "object": "chat.completion.chunk", "choices": choices, **rest}
    return b"data: " + json.dumps(wire, separators=(",", ":")).encode() + b"\n\n"


ROLE = chunk({"role": "assistant", "content": ""})
TEXT = chunk({"content": "hello"})


@pytest.mark.parametrize("strip_usage", [False, True])
def test_a_whole_stream_goes_through_in_the_same_objects(strip_usage: bool) -> None:
    relay = PassThrough(strip_usage=strip_usage)
    pieces = [ROLE, TEXT, chunk({"content": ' \\"quoted\\" world'}), TEXT * 3, chunk({}, "stop"), DONE]
    for piece in pieces:
        assert relay.feed(piece) is piece
    assert relay.flush() == b""
    assert (relay.is_complete, relay.finish, relay.usage, relay.error) == (True, "stop", None, None)
    assert relay.is_between_events


@pytest.mark.parametrize("usage", [b"", b'"usage":null,', b'"usage": null,'])
@pytest.mark.parametrize("padding", [b"", b',"obfuscation":"'])
def test_events_of_one_shape_take_the_short_way_and_still_nothing_is_missed(usage: bytes, padding: bytes) -> None:
    def event(text: bytes, pad: bytes = b"aB3", finish: bytes = b"null") -> bytes:
        return (
            b'data: {"id":"c",' + usage + b'"choices":[{"index":0,"delta":{"content":"' + text + b'"},"finish_reason":'
            + finish + b"}]" + (padding + pad + b'"' if padding else b"") + b"}\n\n"
        )  # fmt: skip

    relay = PassThrough(strip_usage=False)
    for text in (b"a", b"bc", b"", b'\\"', b"\\\\", "ü🚂".encode(), b"line\\n", b"d"):
        piece = event(text)
        assert relay.feed(piece) is piece
    assert (relay.finish, relay.usage, relay.is_complete) == ("", None, False)
    relay.feed(event(b"x") + event(b"y", finish=b'"length"'))
    assert relay.finish == "length"
    relay.feed(event(b"x", pad=b"") + b"data: [DONE]\n\n")
    assert relay.is_complete


def test_a_text_that_ends_its_string_early_is_read_and_not_taken_for_text() -> None:
    relay = PassThrough(strip_usage=False)
    for _ in range(3):
        relay.feed(TEXT)
    sly = TEXT.replace(b'"hello"}', b'"hello"},"finish_reason":"stop","x":{}')
    relay.feed(sly.replace(b',"finish_reason":null', b""))
    assert relay.finish == "stop"


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "x"},
        {"refusal": "x"},
        {"reasoning_content": "x"},
        {"reasoning": "x"},
        {"audio": {"id": "a"}},
        {"tool_calls": [{"index": 0}]},
        {"function_call": {"name": "f"}},
        {"something_new": [1]},
    ],
)
def test_content_is_content_under_any_name(delta: dict[str, Any]) -> None:
    relay = PassThrough(strip_usage=False)
    relay.feed(ROLE)
    assert not relay.has_content
    relay.feed(chunk(delta))
    assert relay.has_content


@pytest.mark.parametrize(
    "event",
    [
        ROLE,
        chunk({"role": "assistant", "content": None, "refusal": None, "tool_calls": [], "reasoning_content": ""}),
        b": OPENROUTER PROCESSING\n\n",
        b"event: ping\ndata: {}\n\n",
        b'data: {"choices":[],"prompt_filter_results":[{}]}\n\n',
        b'data: {"choices":[7,{"delta":7}]}\n\n',
        b'data: {"choices":null}\n\n',
    ],
)
def test_what_says_nothing_yet_is_no_content(event: bytes) -> None:
    relay = PassThrough(strip_usage=True)
    assert relay.feed(event) is event
    assert not relay.has_content


def test_a_finish_reason_is_content() -> None:
    relay = PassThrough(strip_usage=False)
    relay.feed(chunk({}, "content_filter"))
    assert relay.has_content
    assert relay.finish == "content_filter"


def test_usage_is_of_the_last_event_that_has_one_even_split_over_chunks() -> None:
    relay = PassThrough(strip_usage=False)
    last = chunk(usage={**USAGE, "completion_tokens": 3, "total_tokens": 8}).replace(b'"choices":[{', b'"choices":[{')
    stream = TEXT + chunk({"content": "x"}, usage=USAGE) + last + DONE
    for position in range(0, len(stream), 7):
        piece = stream[position : position + 7]
        assert relay.feed(piece) is piece
    assert relay.usage == Usage(5, 3)
    assert relay.is_complete


def test_usage_is_found_where_groq_has_it_and_nowhere_else() -> None:
    relay = PassThrough(strip_usage=True)
    event = chunk({}, "stop", x_groq={"usage": USAGE})
    assert relay.feed(event) is event
    assert relay.usage == Usage(5, 2)
    other = PassThrough(strip_usage=False)
    other.feed(TEXT + chunk({}, None, x_groq={"usage": 5}, usage=[]) + chunk({}, None, x_groq=1))
    assert other.usage is None


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_event_that_only_carries_usage_is_taken_out(end: bytes) -> None:
    final = b'data: {"id":"c","choices":[],"usage": ' + json.dumps(USAGE).encode() + b"}" + end * 2
    relay = PassThrough(strip_usage=True)
    text, done = TEXT.replace(b"\n", end), DONE.replace(b"\n", end)
    assert relay.feed(text) is text
    assert relay.feed(final) == b""
    assert relay.feed(done) == done
    assert relay.usage == Usage(5, 2)
    assert relay.is_complete


def test_usage_beside_choices_is_cut_from_its_event() -> None:
    relay = PassThrough(strip_usage=True)
    with_usage = chunk({"content": "x"}, usage=USAGE)
    assert relay.feed(with_usage) == chunk({"content": "x"})
    assert relay.usage == Usage(5, 2)


def test_usage_is_cut_from_an_event_of_several_lines_and_however_often_it_is_there() -> None:
    relay = PassThrough(strip_usage=True)
    out = relay.feed(b'event: e\ndata: {"choices":[{"index":0}],\ndata: "usage":{},"x":1,"usage":{}}\n\n')
    (event,) = sse.Decoder().feed(out)
    assert event.event == "e"
    assert json.loads(event.data) == {"choices": [{"index": 0}], "x": 1}


def test_an_error_beside_usage_is_not_taken_out() -> None:
    relay = PassThrough(strip_usage=True)
    event = b'data: {"error":{"message":"broke"},"usage":{}}\n\n'
    assert relay.feed(event) is event
    assert relay.error == "broke"


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        ({"message": "Overloaded sk-abcdefghijkl", "code": "overloaded"}, "Overloaded [redacted]", "overloaded"),
        ({"message": "Oops", "type": "server_error", "code": None}, "Oops", "server_error"),
        ("plain", "plain", None),
        ({"x": 1}, "The provider broke the stream off with an error.", None),
    ],
)
def test_an_error_event_is_noticed_before_and_after_content(error: Any, message: str, code: str | None) -> None:
    event = b"data: " + json.dumps({"error": error}).encode() + b"\n\n"
    for before in (b"", TEXT):
        relay = PassThrough(strip_usage=False)
        relay.feed(before)
        relay.feed(event)
        assert (relay.error, relay.error_code) == (message, code)


@pytest.mark.parametrize("event", [b"data: garbage\n\n", b"data: [1]\n\n", b'data: {"x":"\xff"}\n\n', b"data:\n\n"])
def test_an_event_that_is_not_json_is_the_providers_fault_before_content_and_handed_on_after_it(event: bytes) -> None:
    relay = PassThrough(strip_usage=True)
    with pytest.raises(UpstreamInvalid):
        relay.feed(event)
    relay = PassThrough(strip_usage=True)
    relay.feed(TEXT)
    assert relay.feed(event + b'data: {"usage"\n\n') == event + b'data: {"usage"\n\n'


def test_without_stripping_half_an_event_goes_on_at_once() -> None:
    relay = PassThrough(strip_usage=False)
    half = TEXT[:20]
    assert relay.feed(half) is half
    assert not relay.is_between_events
    assert relay.feed(TEXT[20:]) == TEXT[20:]
    assert relay.is_between_events


def test_with_stripping_half_an_event_is_held_back() -> None:
    relay = PassThrough(strip_usage=True)
    assert relay.feed(TEXT + TEXT[:20]) == TEXT
    assert relay.is_between_events
    assert relay.feed(TEXT[20:]) == TEXT


def test_a_stream_that_breaks_off_in_an_event_leaves_the_error_readable() -> None:
    relay = PassThrough(strip_usage=False)
    sent = relay.feed(TEXT + TEXT[:20]) + relay.flush()
    assert not relay.is_complete
    assert not relay.is_between_events
    sent += encode_stream_error(UpstreamTimeout("late"), close_half_event=not relay.is_between_events)
    assert json.loads(sse.Decoder().feed(sent)[-1].data)["error"]["message"] == "late"


def test_with_stripping_the_torn_event_is_not_sent_at_all() -> None:
    relay = PassThrough(strip_usage=True)
    assert relay.feed(TEXT + TEXT[:20]) == TEXT
    assert relay.flush() == b""
    assert relay.is_between_events


def test_a_last_event_without_its_empty_line_counts() -> None:
    for strip_usage in (False, True):
        relay = PassThrough(strip_usage=strip_usage)
        sent = relay.feed(TEXT + b"data: [DONE]") + relay.flush()
        assert sent == TEXT + b"data: [DONE]\n\n"
        assert relay.is_complete
        assert relay.is_between_events
    relay = PassThrough(strip_usage=True)
    assert relay.feed(TEXT + chunk({}, "stop", usage=USAGE).strip()) == TEXT
    assert relay.flush() == chunk({}, "stop").strip()
    assert relay.usage == Usage(5, 2)


def test_a_carriage_return_in_last_place_is_no_half_event_once_the_stream_has_ended() -> None:
    for strip_usage in (False, True):
        relay = PassThrough(strip_usage=strip_usage)
        sent = relay.feed(TEXT.replace(b"\n", b"\r") + DONE.replace(b"\n", b"\r")) + relay.flush()
        assert sent == (TEXT + DONE).replace(b"\n", b"\r")
        assert relay.is_complete
        assert relay.is_between_events


def test_comments_after_the_last_event_are_no_content() -> None:
    relay = PassThrough(strip_usage=True)
    relay.feed(TEXT + b": keep-al")
    assert relay.flush() == b": keep-al"
    assert not relay.is_between_events


def test_nothing_is_read_after_the_end() -> None:
    relay = PassThrough(strip_usage=True)
    late = b"data: garbage\n\n"
    assert relay.feed(DONE + late) == DONE + late


def test_a_byte_order_mark_hides_nothing() -> None:
    relay = PassThrough(strip_usage=False)
    relay.feed(b"\xef\xbb\xbf" + chunk({}, "stop"))
    assert relay.finish == "stop"


def test_an_event_over_the_limit_is_refused_and_what_was_sent_before_is_known() -> None:
    relay = PassThrough(strip_usage=False, max_event_bytes=200)
    relay.feed(TEXT)
    with pytest.raises(UpstreamInvalid, match="over 200 bytes"):
        relay.feed(b"data: " + b"x" * 300)
    assert relay.is_between_events


@pytest.mark.parametrize("key", ["content", "reasoning_content"])
def test_however_often_the_shape_of_events_changes_nothing_is_missed(key: str) -> None:
    relay = PassThrough(strip_usage=False)
    relay.feed(TEXT)
    for turn in range(20):
        for _ in range(2):
            piece = chunk({key: "x"}, created=turn)
            assert relay.feed(piece) is piece
    relay.feed(chunk({key: "x"}, "stop", created=19))
    assert relay.finish == "stop"


@pytest.mark.parametrize(
    "piece",
    [
        b'data: {"choices":[{"index":0,"delta":{"content":"x"}]}\n\n',
        b'data: {"choices":[],"delta":{"content":"x"}}\n\n',
        b'data: {"choices":[{"delta":{"content":"x","content":5}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"x"}},{"delta":{}}]}\n\n',
        b'data: {"delta":{"content":"x"}}\n\n',
        b'data: {"choices":5,"delta":{"content":"x"}}\n\n',
        b'data: {"choices":[{"delta":{"content":"x"}}]}\r\n\n',
        b'data: {"x":"\xff","choices":[{"delta":{"content":"x"}}]}\n\n',
    ],
)
def test_no_shape_is_learned_from_what_is_not_typical(piece: bytes) -> None:
    assert learn(piece) is None
    relay = PassThrough(strip_usage=False)
    relay.feed(TEXT)
    assert [relay.feed(piece) is piece for _ in range(3)] == [True] * 3


def test_the_shape_of_a_typical_event_is_what_stands_around_its_text_and_its_padding() -> None:
    plain = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
    assert learn(plain) == (b'data: {"choices":[{"delta":{"content":"', b'"}}]}\n\n', b"")
    padded = b'data: {"choices":[{"delta": {"content": "x"}}], "obfuscation": "aB"}\n\n'
    assert learn(padded) == (
        b'data: {"choices":[{"delta": {"content": "',
        b'"}}], "obfuscation": "',
        b'"}\n\n',
    )


def test_events_of_the_shape_that_was_learned_need_not_be_fed_until_something_else_is() -> None:
    typical = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
    relay = PassThrough(strip_usage=False)
    assert relay.shape is None
    for _ in range(3):
        relay.feed(typical)
    assert relay.shape == learn(typical)
    relay.feed(typical[:9])
    assert relay.shape is None
