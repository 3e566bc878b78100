"""Streams that are handed on: what is noticed, and what happens when they break off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.anthropic_messages.errors import encode_stream_error
from stellwerk.dialects.anthropic_messages.stream import PassThrough
from stellwerk.errors import UpstreamInvalid, UpstreamTimeout
from stellwerk.gateway.dialect import Relay


def event(wire: dict[str, Any]) -> bytes:
    return sse.encode(json.dumps(wire, separators=(",", ":")).encode(), str(wire["type"]))


def delta(text: str) -> bytes:
    return event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


def begin(block: Any) -> bytes:
    return event({"type": "content_block_start", "index": 0, "content_block": block})


START = event({"type": "message_start", "message": {"usage": {"input_tokens": 25, "output_tokens": 1}}})
TEXT = delta("hello")
FINISH = event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}})
STOP = event({"type": "message_stop"})
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def test_a_whole_stream_goes_through_in_the_same_objects() -> None:
    relay: Relay = PassThrough()
    pieces = [START, begin({"type": "text", "text": ""}), PING, TEXT, delta('"quoted"'), TEXT * 3, FINISH, STOP]
    for piece in pieces:
        assert relay.feed(piece) is piece
    assert relay.flush() == b""
    assert (relay.is_complete, relay.finish, relay.usage, relay.error) == (True, "end_turn", Usage(25, 9), None)
    assert relay.is_between_events


@pytest.mark.parametrize("text", ["message_stop", "an error", "\x01", "a\u2028b", "message_delta error \x02"])
def test_words_of_the_dialect_in_a_text_are_text(text: str) -> None:
    relay = PassThrough()
    relay.feed(TEXT)
    for piece in (delta(text), delta(text) + TEXT, delta(text).replace(b"\n", b"\r\n")):
        assert relay.feed(piece) is piece
    assert (relay.is_complete, relay.error, relay.finish) == (False, None, "")


def test_what_stands_among_texts_is_not_missed() -> None:
    relay = PassThrough()
    relay.feed(TEXT)
    relay.feed(TEXT + delta("error") + FINISH + TEXT)
    assert (relay.finish, relay.usage) == ("end_turn", Usage(0, 9))
    relay.feed(b'data: {"type":"message\\u005fstop"}\n\n')
    assert relay.is_complete


@pytest.mark.parametrize(
    ("piece", "is_content"),
    [
        (START, False),
        (PING, False),
        (b": comment\n\n", False),
        (event({"type": "brand_new"}), False),
        (begin({"type": "text", "text": ""}), False),
        (begin({"type": "text", "text": "x"}), True),
        (begin({"type": "thinking", "thinking": "", "signature": ""}), False),
        (begin({"type": "thinking", "thinking": "", "signature": "s"}), True),
        (begin({"type": "tool_use", "id": "a", "name": "f"}), True),
        (begin({"type": "brand_new"}), True),
        (begin(None), False),
        (event({"type": "content_block_stop", "index": 0}), False),
        (event({"type": "message_delta", "delta": {"stop_reason": None}}), False),
        (event({"type": "message_delta", "delta": None}), False),
        (event({"type": "message_start", "message": None}), False),
        (FINISH, True),
        (TEXT, True),
    ],
)
def test_content_is_what_a_caller_could_see(piece: bytes, is_content: bool) -> None:
    relay = PassThrough()
    assert relay.feed(piece) is piece
    assert relay.has_content is is_content


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (
            {"type": "overloaded_error", "message": "Overloaded sk-ant-abcdefgh"},
            "Overloaded [redacted]",
            "overloaded_error",
        ),
        (None, "The provider broke the stream off with an error.", None),
    ],
)
def test_an_error_event_is_noticed_before_and_after_content(error: Any, message: str, code: str | None) -> None:
    for before in (b"", TEXT):
        relay = PassThrough()
        relay.feed(before)
        relay.feed(event({"type": "error", "error": error}))
        assert (relay.error, relay.error_code) == (message, code)


@pytest.mark.parametrize("piece", [b"data: garbage\n\n", b"data: [1]\n\n", b'data: {"x":"\xff"}\n\n'])
def test_an_event_that_is_not_json_is_the_providers_fault_before_content_and_handed_on_after_it(piece: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        PassThrough().feed(piece)
    relay = PassThrough()
    relay.feed(TEXT)
    assert relay.feed(piece + b"data: error\n\n") == piece + b"data: error\n\n"


def test_a_stream_that_breaks_off_in_an_event_leaves_the_error_readable() -> None:
    relay = PassThrough()
    half = TEXT[:20]
    sent = relay.feed(TEXT) + relay.feed(half) + relay.flush()
    assert not relay.is_complete
    assert not relay.is_between_events
    sent += encode_stream_error(UpstreamTimeout("late"), close_half_event=not relay.is_between_events)
    assert json.loads(sse.Decoder().feed(sent)[-1].data)["error"]["message"] == "late"


@pytest.mark.parametrize(("cut", "end"), [(1, b"\n"), (2, b"\n\n")])
def test_a_closing_event_without_its_empty_line_counts_and_gets_one(cut: int, end: bytes) -> None:
    relay = PassThrough()
    relay.feed(TEXT + STOP[:-cut])
    assert relay.flush() == end
    assert relay.is_complete
    assert relay.is_between_events


def test_a_carriage_return_in_last_place_is_no_half_event_once_the_stream_has_ended() -> None:
    relay = PassThrough()
    relay.feed((TEXT + STOP).replace(b"\n", b"\r"))
    assert relay.flush() == b""
    assert relay.is_complete
    assert relay.is_between_events


def test_nothing_is_read_after_the_end() -> None:
    relay = PassThrough()
    late = STOP + b"data: garbage\n\n"
    assert relay.feed(late) is late
    relay.feed(b"data: more")
    assert relay.flush() == b""
    assert not relay.is_between_events


def test_a_byte_order_mark_hides_nothing() -> None:
    relay = PassThrough()
    relay.feed(b"\xef\xbb\xbf" + FINISH)
    assert relay.finish == "end_turn"


def test_an_event_over_the_limit_is_refused() -> None:
    relay = PassThrough(max_event_bytes=200)
    relay.feed(TEXT)
    with pytest.raises(UpstreamInvalid, match="over 200 bytes"):
        relay.feed(b"data: " + b"x" * 300)
