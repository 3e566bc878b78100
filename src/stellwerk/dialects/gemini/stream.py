"""Streams: handed on between two parties of this dialect, or read into and written from neutral events."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.tokens import likely_in_events
from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.gemini.array_splitter import ArraySplitter
from stellwerk.dialects.gemini.chunk_decoder import DEFAULT_FAULT, ChunkDecoder
from stellwerk.dialects.gemini.chunk_encoder import ChunkEncoder
from stellwerk.dialects.gemini.errors import read_error
from stellwerk.dialects.gemini.frames import is_lone
from stellwerk.dialects.gemini.usage import WireUsage, decode_usage, neutral
from stellwerk.errors import UpstreamInvalid

__all__ = ["ChunkDecoder", "ChunkEncoder", "PassThrough"]

_NULL = msgspec.Raw(b"null")


class PassThrough:
    """A transducer that hands a stream on and notices what accounting and fallback want to know.

    Events go on as they come, in the same bytes object. An array goes on in whole elements, so that an error may
    always follow. Before the first content, a chunk that is not JSON raises ``UpstreamInvalid``: another target may do
    better; after it, what cannot be read is handed on unread.

    The dialect has no closing event, and chunks may follow a finish reason: ``is_complete`` turns true when the stream
    ends (``flush``, or the array's closing bracket) and every candidate has its reason, or the prompt was blocked.
    """

    __slots__ = (
        "_array",
        "_done",
        "_is_begun",
        "_is_blocked",
        "_is_half",
        "_separator",
        "_splitter",
        "_waiting",
        "error",
        "error_code",
        "finish",
        "has_content",
        "is_complete",
        "usage",
    )

    mark = b'"candidates"'

    def __init__(self, *, is_sse: bool = True, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        """Whether all of the answer has passed."""
        self.has_content = False
        """Whether a chunk with content, a finish reason included, has passed."""
        self.usage: Usage | None = None
        """Of the last chunk that had one."""
        self.finish = ""
        """The last finish reason, or why the prompt was blocked."""
        self.error: str | None = None
        """The message of an error in the stream."""
        self.error_code: str | None = None
        self._splitter = sse.Splitter(max_event_bytes=max_event_bytes)
        self._array = None if is_sse else ArraySplitter(max_event_bytes=max_event_bytes)
        self._separator = b"["
        self._is_begun = False
        self._is_half = False
        self._waiting: set[int] = set()  # candidates without a finish reason
        self._done: set[int] = set()
        self._is_blocked = False

    @property
    def shape(self) -> None:
        """No event may pass unread."""

    @property
    def is_between_events(self) -> bool:
        """Whether what was handed on ends with a whole event or element."""
        return not self._is_half

    def likely_tokens(self, events: int, size: int) -> int:
        """How many tokens so many events of so many bytes most likely carry."""
        return likely_in_events(events, size, 0)

    def feed(self, data: bytes) -> bytes:
        """The bytes to hand on; the same object where they are events. Raises ``UpstreamInvalid``."""
        if self._array is not None:
            return self._feed_array(self._array, data)
        splitter = self._splitter
        if not splitter.size and is_lone(data):
            self._is_begun = True
            self._is_half = False
            self._notice(data[6:-4])
            return data
        for raw in splitter.feed(data):
            self._observe(raw)
        self._is_half = bool(splitter.size) and not splitter.is_between_events
        return data

    def flush(self) -> bytes:
        """The stream has ended: what its end lacks, where all of the answer is there.

        A last event that lacks the empty line behind it gets one, an array its bracket.
        """
        if self.is_complete:
            return b""
        if self._array is not None:
            self.is_complete = self._is_finished and self._array.is_between
            return b"]" if self.is_complete else b""
        splitter = self._splitter
        for raw in splitter.flush():
            self._observe(raw)
        if not splitter.is_between_events:
            pending = splitter.pending
            if not self._observe(pending, is_last=True):
                return b""
            self.is_complete, self._is_half = self._is_finished, not self._is_finished
            closing = b"\n" if pending.endswith((b"\n", b"\r")) else b"\n\n"
            return closing if self.is_complete else b""
        self.is_complete, self._is_half = self._is_finished, False
        return b""

    @property
    def _is_finished(self) -> bool:
        return bool(self._done or self._is_blocked) and not self._waiting and self.error is None

    def _feed_array(self, array: ArraySplitter, data: bytes) -> bytes:
        out = b""
        was_closed = array.is_closed
        for element in array.feed(data):
            self._notice(element)
            out += self._separator + element
            self._separator = b",\r\n"
        if array.is_closed and not was_closed:
            out += b"]" if self._separator != b"[" else b"[]"
            self.is_complete = self._is_finished
        return out

    def _observe(self, raw: bytes, *, is_last: bool = False) -> bool:
        """Notices what a raw event says; returns whether it could be read."""
        is_first, self._is_begun = not self._is_begun, True
        event = sse.parse(raw.removeprefix(sse.BYTE_ORDER_MARK) if is_first else raw)
        if event is None:
            return True
        return self._notice(event.data, is_last=is_last)

    def _notice(self, data: bytes, *, is_last: bool = False) -> bool:
        if data.strip() == b"[DONE]":  # of proxies that think in another dialect
            return True
        try:
            chunk = _read_thinly(data) if self.has_content else _read(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._notice_carelessly(data, is_last=is_last)
        if chunk.usage is not None:
            self.usage = neutral(chunk.usage)
        for candidate in chunk.candidates or ():
            has_content = candidate.content is not None and _says(candidate.content.parts)
            self._notice_candidate(candidate.index, candidate.finish_reason, has_content=has_content)
        if chunk.feedback is not None and chunk.feedback.block_reason:
            self._is_blocked = self.has_content = True
            self.finish = self.finish or chunk.feedback.block_reason
        if chunk.error != _NULL:
            self._notice_error(msgspec.json.decode(chunk.error))
        return True

    def _notice_carelessly(self, data: bytes, *, is_last: bool) -> bool:
        """For hosts that are careless with types, and for what is no JSON."""
        try:
            chunk = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            chunk = None
        if type(chunk) is not dict:
            if not self.has_content and not is_last:
                raise UpstreamInvalid("The provider's stream holds a chunk that is not a JSON object.")
            return False
        usage, candidates = chunk.get("usageMetadata"), chunk.get("candidates")
        if type(usage) is dict:
            self.usage = decode_usage(usage)
        for candidate in candidates if type(candidates) is list else ():
            if type(candidate) is dict:
                index, word = candidate.get("index"), candidate.get("finishReason")
                index = index if type(index) is int else 0
                self._notice_candidate(index, word if type(word) is str else None, has_content=True)
        if chunk.get("error"):
            self._notice_error(chunk["error"])
        return True

    def _notice_candidate(self, index: int, word: str | None, *, has_content: bool) -> None:
        if word:
            self.finish = word
            self._done.add(index)
            self._waiting.discard(index)
            self.has_content = True
            return
        self.has_content = self.has_content or has_content
        if index not in self._done:
            self._waiting.add(index)

    def _notice_error(self, error: Any) -> None:
        if error:
            message, self.error_code = read_error(error)
            self.error = message or DEFAULT_FAULT


class _Content(msgspec.Struct, gc=False):
    parts: list[dict[str, msgspec.Raw]] | None = None


class _Feedback(msgspec.Struct, gc=False, rename="camel"):
    block_reason: str | None = None


class _ThinCandidate(msgspec.Struct, gc=False, rename="camel"):
    finish_reason: str | None = None
    index: int = 0

    @property
    def content(self) -> _Content | None:
        """Not looked at once there has been content."""
        return None


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    finish_reason: str | None = None
    index: int = 0
    content: _Content | None = None


class _ThinChunk(msgspec.Struct, gc=False):
    candidates: list[_ThinCandidate] | None = None
    usage: WireUsage | None = msgspec.field(default=None, name="usageMetadata")
    feedback: _Feedback | None = msgspec.field(default=None, name="promptFeedback")
    error: msgspec.Raw = _NULL


class _Chunk(msgspec.Struct, gc=False):
    candidates: list[_Candidate] | None = None
    usage: WireUsage | None = msgspec.field(default=None, name="usageMetadata")
    feedback: _Feedback | None = msgspec.field(default=None, name="promptFeedback")
    error: msgspec.Raw = _NULL


_read = msgspec.json.Decoder(_Chunk).decode
_read_thinly = msgspec.json.Decoder(_ThinChunk).decode
_EMPTY = msgspec.Raw(b'""')


def _says(parts: list[dict[str, msgspec.Raw]] | None) -> bool:
    """Whether a part is more than an empty text."""
    return any(value != _EMPTY for part in parts or () for value in part.values())
