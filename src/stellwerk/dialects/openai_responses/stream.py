"""Streams: handed on between two parties of this dialect, or read into and written from neutral events."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from stellwerk.dialects import sse
from stellwerk.dialects.event_relay import EventRelay
from stellwerk.dialects.openai_responses.errors import read_error
from stellwerk.dialects.openai_responses.event_decoder import EventDecoder
from stellwerk.dialects.openai_responses.event_encoder import EventEncoder
from stellwerk.dialects.openai_responses.finish import word_of
from stellwerk.dialects.openai_responses.usage import decode_usage, searches_in

__all__ = ["EventDecoder", "EventEncoder", "PassThrough"]

_CLOSING = {"response.completed", "response.incomplete", "response.failed"}
_PREAMBLE = {
    "",
    "response.created",
    "response.queued",
    "response.in_progress",
    "response.content_part.added",
    "response.reasoning_summary_part.added",
    "keepalive",
    "ping",
    "error",
}
"""Events before anything is said."""
_TYPICAL = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
# Every event that brings a piece of something begins so, whichever host writes it.
_DELTA = re.compile(rb'(?:event:[ ]?[\w.]+\n)?data:[ ]?\{"type":[ ]?"response\.[a-z_.]+\.delta",')
_IS_DELTA: Callable[[bytes], object] = _DELTA.match


class PassThrough(EventRelay):
    """A transducer that hands a stream on and notices what accounting and fallback want to know.

    The model has begun as soon as an item other than an empty message, or a piece of one, has passed. ``finish`` is why
    the response is incomplete, else its status.
    """

    __slots__ = ()

    is_plain = staticmethod(_IS_DELTA)

    def feed(self, data: bytes) -> bytes:
        """The same bytes. Raises ``UpstreamInvalid``."""
        # One delta alone is most of what ever comes.
        if self._is_idle and data.startswith(_TYPICAL) and data.find(b"\n\n") == len(data) - 2 and b"\r" not in data:
            return data
        return super().feed(data)

    def notice(self, event: sse.Event) -> bool:
        """Notices what an event says; whether it is a JSON object, or the word that closes a stream of chat."""
        if event.data.strip() == b"[DONE]":
            return True
        wire = _decode(event.data)
        if wire is not None:
            self._notice(wire)
        return wire is not None

    def _notice(self, wire: _Event) -> None:
        kind = wire.type if type(wire.type) is str else ""
        if kind == "error" or (not kind and wire.error):
            self._fail(wire.error or {"message": wire.message, "code": wire.code})
        elif kind in _CLOSING:
            self.is_complete = self.has_content = True
            self._close(wire.response if type(wire.response) is dict else {})
        elif kind == "response.output_item.added":
            is_empty = type(wire.item) is dict and wire.item.get("type") == "message" and not wire.item.get("content")
            self.has_content = self.has_content or not is_empty
        elif kind not in _PREAMBLE:
            self.has_content = True

    def _close(self, response: dict[str, Any]) -> None:
        usage, status = response.get("usage"), response.get("status")
        if type(usage) is dict:
            self.usage = decode_usage(usage, searches_in(response.get("output")), response.get("service_tier"))
        self.finish = word_of(status, response.get("incomplete_details"))
        if status == "failed" or response.get("error"):
            self._fail(response.get("error"))

    def _fail(self, error: Any) -> None:
        message, self.error_code, _ = read_error(error)
        self.error = message or "The provider broke the stream off with an error."


class _Event(msgspec.Struct, gc=False):
    """The members of an event that are looked at."""

    type: Any = None
    response: Any = None
    item: Any = None
    error: Any = None
    message: Any = None
    code: Any = None


_read = msgspec.json.Decoder(_Event).decode


def _decode(data: bytes) -> _Event | None:
    try:
        return _read(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
