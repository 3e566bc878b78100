"""Streams: handed on between two parties of this dialect, or read into and written from neutral events."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.anthropic_messages.errors import read_error
from stellwerk.dialects.anthropic_messages.event_decoder import EventDecoder
from stellwerk.dialects.anthropic_messages.event_encoder import EventEncoder
from stellwerk.dialects.anthropic_messages.usage import WireUsage, neutral, read_wire, updated
from stellwerk.errors import UpstreamInvalid

__all__ = ["EventDecoder", "EventEncoder", "PassThrough"]

_TYPICAL = b'event: content_block_delta\ndata: {"type":"content_block_delta",'
_TYPICAL_LINES = 3
_EMPTY = {"text": ("text",), "thinking": ("thinking", "signature")}
"""Blocks that may begin with nothing in them, and where they would have it."""


class PassThrough:
    """A transducer that hands a stream on as it comes, in the same object, and notices what others want to know.

    Before the first content, an event that is not JSON raises ``UpstreamInvalid``: another target may do better; after
    it, what cannot be read is handed on unread.
    """

    __slots__ = (
        "_is_begun",
        "_is_half",
        "_is_idle",
        "_splitter",
        "_told",
        "error",
        "error_code",
        "finish",
        "has_content",
        "is_complete",
        "usage",
    )

    def __init__(self, *, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        """Whether ``message_stop`` has passed."""
        self.has_content = False
        """Whether an event with content, a stop reason included, has passed."""
        self.finish = ""
        """The last stop reason."""
        self.error: str | None = None
        """The message of an error event."""
        self.error_code: str | None = None
        self.usage: Usage | None = None
        """What the first and the last events told of it, as one."""
        self._told: WireUsage | None = None
        self._splitter = sse.Splitter(max_event_bytes=max_event_bytes)
        self._is_begun = False
        self._is_idle = False  # no half event is pending, and there has been content
        self._is_half = False  # what was handed on ends within an event

    @property
    def shape(self) -> None:
        """No event may pass unread: reading a plain one costs no more than telling it by its shape."""

    @property
    def is_between_events(self) -> bool:
        """Whether what was handed on ends with a whole event."""
        return not self._is_half

    def feed(self, data: bytes) -> bytes:
        """The bytes to hand on: the same object. Raises ``UpstreamInvalid``."""
        if self._is_idle and data.endswith(b"\n\n") and _is_plain(data):
            return data
        return self._feed_carefully(data)

    def flush(self) -> bytes:
        """The stream has ended. A closing event that lacks the empty line behind it gets one."""
        splitter = self._splitter
        was_complete = self.is_complete
        for raw in splitter.flush():
            self._observe(raw)
        if splitter.is_between_events:
            self._is_half = False
            return b""
        pending = splitter.pending
        self._observe(pending, is_last=True)
        self._is_half = was_complete or not self.is_complete
        if self._is_half:
            return b""
        return b"\n" if pending.endswith((b"\n", b"\r")) else b"\n\n"

    def _feed_carefully(self, data: bytes) -> bytes:
        splitter = self._splitter
        for raw in splitter.feed(data):
            self._observe(raw)
        self._is_idle = self.has_content and not splitter.size
        self._is_half = not splitter.is_between_events
        return data

    def _observe(self, raw: bytes, *, is_last: bool = False) -> None:
        is_first, self._is_begun = not self._is_begun, True
        if self.is_complete or (self.has_content and not is_last and _is_plain(raw)):
            return
        event = sse.parse(raw.removeprefix(sse.BYTE_ORDER_MARK) if is_first else raw)
        if event is None:
            return
        wire = _decode(event.data)
        if wire is not None:
            self._notice(wire, event.event)
        elif not self.has_content and not is_last:
            raise UpstreamInvalid("The provider's stream holds an event that is not a JSON object.")

    def _notice(self, wire: dict[str, Any], name: str) -> None:
        match wire.get("type") or name:
            case "message_start":
                message = wire.get("message")
                self._notice_usage(message)
            case "content_block_start":
                self.has_content = self.has_content or _has_content(wire.get("content_block"))
            case "content_block_delta":
                self.has_content = True
            case "message_delta":
                delta = wire.get("delta")
                finish = delta.get("stop_reason") if type(delta) is dict else None
                if type(finish) is str and finish:
                    self.finish = finish
                    self.has_content = True
                self._notice_usage(wire)
            case "message_stop":
                self.is_complete = True
            case "error":
                message, self.error_code = read_error(wire.get("error"))
                self.error = message or "The provider broke the stream off with an error."
            case _:
                pass

    def _notice_usage(self, wire: Any) -> None:
        usage = wire.get("usage") if type(wire) is dict else None
        if type(usage) is dict:
            self._told = updated(self._told, read_wire(usage))
            self.usage = neutral(self._told)


def _is_plain(data: bytes) -> bool:
    """Whether events after the first content have nothing to tell: nothing in them has a name that would.

    Where text mentions such a name, a single event may still be seen to be of text alone.
    """
    if data.find(b"message_") < 0 and data.find(b"error") < 0:
        return data.find(b"\\u00") < 0 or _is_typical(data)
    return _is_typical(data)


def _is_typical(data: bytes) -> bool:
    return data.startswith(_TYPICAL) and data.count(b"\n") == _TYPICAL_LINES and b"\r" not in data


def _has_content(block: Any) -> bool:
    if type(block) is not dict:
        return False
    names = _EMPTY.get(block.get("type", ""))
    return names is None or any(block.get(name) for name in names)


def _decode(data: bytes) -> dict[str, Any] | None:
    try:
        wire = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return wire if type(wire) is dict else None
