"""Streams: handed on between two parties of this dialect, or read into and written from neutral events."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.openai_responses.errors import read_error
from stellwerk.dialects.openai_responses.event_decoder import EventDecoder
from stellwerk.dialects.openai_responses.event_encoder import EventEncoder
from stellwerk.dialects.openai_responses.finish import word_of
from stellwerk.dialects.openai_responses.usage import decode_usage, searches_in
from stellwerk.errors import UpstreamInvalid

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


class PassThrough:
    """A transducer that hands a stream on and notices what accounting and fallback want to know.

    Bytes go on as they come, in the same object; whatever the chunking, the same is noticed. Before the first content,
    an event that is not JSON raises ``UpstreamInvalid``: another target may do better; after it, what cannot be read is
    handed on unread.
    """

    __slots__ = (
        "_is_begun",
        "_is_half",
        "_is_idle",
        "_splitter",
        "error",
        "error_code",
        "finish",
        "has_content",
        "is_complete",
        "usage",
    )

    def __init__(self, *, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        """Whether the closing event has passed: the response is completed, incomplete or failed."""
        self.has_content = False
        """Whether the model has begun: an item other than an empty message, or a piece of one, has passed."""
        self.usage: Usage | None = None
        self.finish = ""
        """Why the response is incomplete, else its status."""
        self.error: str | None = None
        """The message of an error event or of a response that failed."""
        self.error_code: str | None = None
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
        """The same bytes. Raises ``UpstreamInvalid``."""
        # One delta alone is most of what ever comes.
        if self._is_idle and data.startswith(_TYPICAL) and data.find(b"\n\n") == len(data) - 2 and b"\r" not in data:
            return data
        splitter = self._splitter
        for raw in splitter.feed(data):
            self._observe(raw)
        self._is_idle = self.has_content and not splitter.size
        self._is_half = not splitter.is_between_events
        return data

    def flush(self) -> bytes:
        """The stream has ended. A closing event that lacks the empty line behind it gets one."""
        splitter = self._splitter
        was_complete = self.is_complete
        for raw in splitter.flush():
            self._observe(raw)
        self._is_half = not splitter.is_between_events
        if self._is_half:
            pending = splitter.pending
            self._observe(pending, is_last=True)
            if self.is_complete and not was_complete:
                self._is_half = False
                return b"\n" if pending.endswith((b"\n", b"\r")) else b"\n\n"
        return b""

    def _observe(self, raw: bytes, *, is_last: bool = False) -> None:
        """Notices what a raw event says."""
        is_first, self._is_begun = not self._is_begun, True
        if self.is_complete or (self.has_content and not is_last and _DELTA.match(raw)):
            return
        event = sse.parse(raw.removeprefix(sse.BYTE_ORDER_MARK) if is_first else raw)
        if event is None or event.data.strip() == b"[DONE]":
            return
        wire = _decode(event.data)
        if wire is not None:
            self._notice(wire)
        elif not self.has_content and not is_last:
            raise UpstreamInvalid("The provider's stream holds an event that is not a JSON object.")

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
