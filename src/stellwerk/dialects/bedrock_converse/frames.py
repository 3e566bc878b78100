"""The events of a stream of this dialect as they stand in frames, for those who read and those who write them."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.dialects import aws_eventstream

MESSAGE_START = "messageStart"
BLOCK_START = "contentBlockStart"
BLOCK_DELTA = "contentBlockDelta"
BLOCK_STOP = "contentBlockStop"
MESSAGE_STOP = "messageStop"
METADATA = "metadata"
EVENTS = (MESSAGE_START, BLOCK_START, BLOCK_DELTA, BLOCK_STOP, MESSAGE_STOP, METADATA)

EVENT_TYPE = ":event-type"
MESSAGE_TYPE = ":message-type"
EXCEPTION_TYPE = ":exception-type"

_JSON = "application/json"
_BLOCKS = {
    event: aws_eventstream.write_headers({EVENT_TYPE: event, ":content-type": _JSON, MESSAGE_TYPE: "event"})
    for event in EVENTS
}
_encode = msgspec.json.Encoder().encode


def write_event(event: str, payload: Any) -> bytes:
    """The frame of an event: one of ``EVENTS``."""
    return aws_eventstream.wrap(_BLOCKS[event], _encode(payload))


def write_exception(kind: str, message: str) -> bytes:
    """The frame that ends a stream in an error. ``kind`` is an exception's name, such as ``ThrottlingException``."""
    word = kind[:1].lower() + kind[1:]
    headers = {EXCEPTION_TYPE: word, ":content-type": _JSON, MESSAGE_TYPE: "exception"}
    return aws_eventstream.encode(headers, _encode({"message": message}))
