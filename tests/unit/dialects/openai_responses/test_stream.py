"""Streams that are handed on: what is noticed, and what happens when they break off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.openai_responses.errors import encode_stream_error
from stellwerk.dialects.openai_responses.stream import PassThrough
from stellwerk.errors import UpstreamInvalid, UpstreamTimeout

USAGE = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}


def event(kind: str, **members: Any) -> bytes:
    return sse.encode(json.dumps({"type": kind, **members}, separators=(",", ":")).encode(), kind)


def end(status: str = "completed", **members: Any) -> bytes:
    return event(f"response.{status}", response={"id": "r", "status": status, "usage": USAGE, **members})


CREATED = event("response.created", response={"id": "r", "status": "in_progress"})
MESSAGE = event("response.output_item.added", output_index=0, item={"type": "message", "id": "msg_1", "content": []})
TEXT = event("response.output_text.delta", item_id="msg_1", output_index=0, content_index=0, delta="hello")
DONE = end()


def test_a_whole_stream_goes_through_in_the_same_objects() -> None:
    relay = PassThrough()
    for piece in (CREATED, MESSAGE, TEXT, TEXT, TEXT * 3, DONE):
        assert relay.feed(piece) is piece
    assert relay.flush() == b""
    assert (relay.is_complete, relay.finish, relay.usage, relay.error) == (True, "completed", Usage(5, 2), None)
    assert relay.is_between_events


@pytest.mark.parametrize(
    "preamble",
    [
        CREATED,
        event("response.queued", response={}),
        event("response.in_progress", response={}),
        MESSAGE,
        event("response.content_part.added", part={}),
        event("response.reasoning_summary_part.added", part={}),
        event("keepalive", sequence_number=3),
        b": ping\n\n",
        b"event: ping\ndata: {}\n\n",
        b"data: [DONE]\n\n",
        b'data: {"type":7}\n\n',
    ],
)
def test_what_says_nothing_yet_is_no_content(preamble: bytes) -> None:
    relay = PassThrough()
    assert relay.feed(preamble) is preamble
    assert not relay.has_content


@pytest.mark.parametrize(
    "said",
    [
        TEXT,
        event("response.output_item.added", item={"type": "reasoning", "id": "rs_1"}),
        event("response.output_item.added", item={"type": "function_call", "id": "fc_1"}),
        event("response.output_item.added", item={"type": "message", "content": [{"type": "output_text"}]}),
        event("response.output_item.added", item=7),
        event("response.web_search_call.searching"),
        event("response.something_new"),
        DONE,
        end("failed"),
    ],
)
def test_whatever_the_model_begins_is_content(said: bytes) -> None:
    relay = PassThrough()
    relay.feed(CREATED + said)
    assert relay.has_content


@pytest.mark.parametrize(
    ("closing", "finish", "error"),
    [
        (DONE, "completed", None),
        (end("incomplete", incomplete_details={"reason": "max_output_tokens"}), "max_output_tokens", None),
        (end("incomplete", incomplete_details=None), "incomplete", None),
        (end("failed", error={"code": "server_error", "message": "It broke."}), "failed", "It broke."),
        (end("failed", error=None), "failed", "The provider broke the stream off with an error."),
        (event("response.completed", response=7), "", None),
    ],
)
def test_each_closing_event_completes_the_stream(closing: bytes, finish: str, error: str | None) -> None:
    relay = PassThrough()
    relay.feed(CREATED + TEXT + closing)
    assert (relay.is_complete, relay.finish, relay.error) == (True, finish, error)
    relay.feed(end("failed", error={"message": "late"}))
    assert relay.error == error


@pytest.mark.parametrize(
    ("broken", "error", "code"),
    [
        (event("error", code="c", message="m", param=None), "m", "c"),
        (event("error", error={"code": "c", "message": "m"}), "m", "c"),
        (b'data: {"error":{"code":"c","message":"m"}}\n\n', "m", "c"),
        (event("error"), "The provider broke the stream off with an error.", None),
    ],
)
def test_complaint_25_an_error_event_is_noticed_and_completes_nothing(broken: bytes, error: str, code: str) -> None:
    relay = PassThrough()
    relay.feed(CREATED + broken)
    assert (relay.error, relay.error_code, relay.is_complete, relay.has_content) == (error, code, False, False)


def test_a_text_that_speaks_of_events_is_only_text() -> None:
    relay = PassThrough()
    relay.feed(TEXT)
    for words in ('"type":"response.completed"', "\n\nevent: response.failed\ndata: {}", "[DONE]"):
        sly = event("response.output_text.delta", delta=words)
        assert relay.feed(sly) is sly
    assert (relay.is_complete, relay.error) == (False, None)


@pytest.mark.parametrize("separator", [b"\r\n", b"\n"])
def test_complaint_26_line_ends_and_spaces_of_any_host_are_read(separator: bytes) -> None:
    relay = PassThrough()
    for name in ("created", "output_text.delta", "completed"):
        wire = {"type": f"response.{name}", "delta": "ü", "response": {"status": "completed", "usage": USAGE}}
        relay.feed(b"data:" + json.dumps(wire, ensure_ascii=False).encode() + separator * 2)
    assert (relay.is_complete, relay.usage) == (True, Usage(5, 2))


@pytest.mark.parametrize("bad", [b"data: {\n\n", b"data: [1]\n\n", b"data: \xff\n\n"])
def test_before_the_first_content_what_is_not_json_is_the_providers_fault(bad: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        PassThrough().feed(CREATED + bad)
    relay = PassThrough()
    assert relay.feed(TEXT + bad) == TEXT + bad


def test_an_event_over_the_limit_is_refused() -> None:
    relay = PassThrough(max_event_bytes=200)
    with pytest.raises(UpstreamInvalid):
        relay.feed(TEXT + b"data: " + b"x" * 200)


@pytest.mark.parametrize(("kept", "closing"), [(2, b"\n\n"), (1, b"\n")])
def test_a_closing_event_without_its_empty_line_gets_one(kept: int, closing: bytes) -> None:
    relay = PassThrough()
    cut = DONE[:-kept]
    assert relay.feed(TEXT + cut) == TEXT + cut
    assert not relay.is_between_events
    assert relay.flush() == closing
    assert (relay.is_complete, relay.is_between_events) == (True, True)


def test_a_closing_event_that_ends_in_a_lone_carriage_return_is_whole() -> None:
    relay = PassThrough()
    relay.feed(TEXT + DONE[:-2] + b"\r\r")
    assert relay.flush() == b""
    assert (relay.is_complete, relay.is_between_events) == (True, True)


def test_complaint_24_a_stream_that_breaks_off_is_not_complete_and_its_error_closes_the_half_event() -> None:
    relay = PassThrough()
    out = relay.feed(TEXT + DONE[: len(DONE) // 2]) + relay.flush()
    assert not relay.is_complete
    assert not relay.is_between_events
    error = encode_stream_error(UpstreamTimeout("late"), close_half_event=not relay.is_between_events)
    assert sse.Decoder().feed(out + error)[-1].event == "error"
