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


class _ToolStart(msgspec.Struct, gc=False):
    toolUseId: str  # noqa: N815 (the wire's name)
    name: str
    type: str | None = None


class _ImageStart(msgspec.Struct, gc=False):
    format: str


class _Start(msgspec.Struct, gc=False):
    toolUse: _ToolStart | None = None  # noqa: N815 (the wire's name)
    image: _ImageStart | None = None


class _BlockStart(msgspec.Struct, gc=False):
    contentBlockIndex: int  # noqa: N815 (the wire's name)
    start: _Start


class _ToolDelta(msgspec.Struct, gc=False):
    input: str = ""


class _ReasoningDelta(msgspec.Struct, gc=False):
    text: str | None = None
    signature: str | None = None
    redactedContent: str | None = None  # noqa: N815 (the wire's name)


class _Delta(msgspec.Struct, gc=False):
    text: str | None = None
    toolUse: _ToolDelta | None = None  # noqa: N815 (the wire's name)
    reasoningContent: _ReasoningDelta | None = None  # noqa: N815 (the wire's name)
    image: dict[str, Any] | None = None


class _BlockDelta(msgspec.Struct, gc=False):
    delta: _Delta
    contentBlockIndex: int = 0  # noqa: N815 (the wire's name)


class _BlockStop(msgspec.Struct, gc=False):
    contentBlockIndex: int  # noqa: N815 (the wire's name)


decode_start = msgspec.json.Decoder(_BlockStart).decode
decode_delta = msgspec.json.Decoder(_BlockDelta).decode
decode_stop = msgspec.json.Decoder(_BlockStop).decode
