"""Streams: handed on between two parties of this dialect, or read into and written from neutral events."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.dialects import sse
from stellwerk.dialects.anthropic_messages.errors import read_error
from stellwerk.dialects.anthropic_messages.event_decoder import EventDecoder
from stellwerk.dialects.anthropic_messages.event_encoder import EventEncoder
from stellwerk.dialects.anthropic_messages.usage import WireUsage, neutral, read_wire, updated
from stellwerk.dialects.event_relay import EventRelay

__all__ = ["EventDecoder", "EventEncoder", "PassThrough"]

_TYPICAL = b'event: content_block_delta\ndata: {"type":"content_block_delta",'
_TYPICAL_LINES = 3
_EMPTY = {"text": ("text",), "thinking": ("thinking", "signature")}
"""Blocks that may begin with nothing in them, and where they would have it."""


def _is_typical(data: bytes) -> bool:
    return data.startswith(_TYPICAL) and data.count(b"\n") == _TYPICAL_LINES and b"\r" not in data


def _is_plain(raw: bytes) -> bool:
    """Whether events after the first content have nothing to tell: nothing in them has a name that would.

    Where text mentions such a name, a single event may still be seen to be of text alone.
    """
    if raw.find(b"message_") < 0 and raw.find(b"error") < 0:
        return raw.find(b"\\u00") < 0 or _is_typical(raw)
    return _is_typical(raw)


class PassThrough(EventRelay):
    """A transducer that hands a stream on and notices what others want to know; usage is told in several events."""

    __slots__ = ("_told",)

    is_plain = staticmethod(_is_plain)
    frame = len(_TYPICAL) + len(b'"index":0,"delta":{"type":"text_delta","text":""}}\n\n')

    def __init__(self, *, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        super().__init__(max_event_bytes=max_event_bytes)
        self._told: WireUsage | None = None

    def feed(self, data: bytes) -> bytes:
        """The bytes to hand on: the same object. Raises ``UpstreamInvalid``."""
        if self._is_idle and data.endswith(b"\n\n") and _is_plain(data):
            return data
        return super().feed(data)

    def notice(self, event: sse.Event) -> bool:
        """Notices what an event says; whether it is a JSON object."""
        wire = _decode(event.data)
        if wire is not None:
            self._notice(wire, event.event)
        return wire is not None

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
