"""Streams: handed on between two parties of this dialect, or read into and written from neutral events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from stellwerk.core.tokens import likely_in_events
from stellwerk.core.usage import Usage
from stellwerk.dialects import aws_eventstream
from stellwerk.dialects.bedrock_converse.errors import read_exception
from stellwerk.dialects.bedrock_converse.frame_decoder import FrameDecoder
from stellwerk.dialects.bedrock_converse.frame_encoder import FrameEncoder
from stellwerk.dialects.bedrock_converse.frames import (
    BLOCK_DELTA,
    BLOCK_START,
    EVENT_TYPE,
    EVENTS,
    MESSAGE_STOP,
    METADATA,
)
from stellwerk.dialects.bedrock_converse.usage import decode_usage, read_tier
from stellwerk.errors import UpstreamInvalid

__all__ = ["FrameDecoder", "FrameEncoder", "PassThrough"]

_T = TypeVar("_T")

_MOST_BLOCKS = 64
_NO_INPUT = {"input": ""}


class PassThrough:
    """A transducer that hands a stream on and notices what accounting and fallback want to know.

    Whole frames go on as they come, in the same object where what comes are whole ones. A frame that is not whole is
    held back until it is: within one nobody could be told of an error. Both CRCs of every frame are checked; of the
    payloads only those are read that say something new. What cannot be read raises ``UpstreamInvalid``, after the
    first content too: the caller's SDK would stumble over it.
    """

    __slots__ = (
        "_decoder",
        "_kinds",
        "_splitter",
        "error",
        "error_code",
        "finish",
        "has_content",
        "is_complete",
        "usage",
    )

    mark = b":message-type"

    def __init__(self, *, max_event_bytes: int = aws_eventstream.MAX_FRAME_BYTES) -> None:
        self.is_complete = False
        """Whether ``metadata`` has passed, or the exception that ends a stream instead."""
        self.has_content = False
        """Whether an event with content, a stop reason included, has passed."""
        self.usage: Usage | None = None
        self.finish = ""
        """The stop reason."""
        self.error: str | None = None
        """The message of an exception."""
        self.error_code: str | None = None
        self._splitter = aws_eventstream.Splitter(max_frame_bytes=max_event_bytes)
        self._decoder = aws_eventstream.Decoder()
        self._kinds: dict[bytes, str] = {}  # header blocks of this stream to what they announce

    @property
    def shape(self) -> None:
        """No event may pass unread."""

    @property
    def is_between_events(self) -> bool:
        """Whether what was handed on ends with a whole event: always."""
        return True

    def likely_tokens(self, events: int, size: int) -> int:
        """How many tokens so many events of so many bytes most likely carry."""
        return likely_in_events(events, size, 0)

    def feed(self, data: bytes) -> bytes:
        """The bytes to hand on; the same object where nothing is held back. Raises ``UpstreamInvalid``."""
        splitter = self._splitter
        held = splitter.size
        raws = splitter.feed(data)
        for raw in raws:
            self._observe(raw)
        if not held and not splitter.size:
            return data
        return raws[0] if len(raws) == 1 else b"".join(raws)

    def flush(self) -> bytes:
        """The stream has ended: a frame that broke off is for nobody."""
        return b""

    def _observe(self, raw: bytes) -> None:
        end = aws_eventstream.PRELUDE_BYTES + int.from_bytes(raw[4:8], "big")
        block = raw[aws_eventstream.PRELUDE_BYTES : end]
        kind = self._kinds.get(block)
        if kind is None:
            kind = self._learn(block)
        if (kind == BLOCK_DELTA and self.has_content) or self.is_complete:
            return
        self._notice(kind, raw)

    def _learn(self, block: bytes) -> str:
        word = aws_eventstream.read_headers(block).get(EVENT_TYPE)
        kind = word if isinstance(word, str) and word in EVENTS else ""
        if len(self._kinds) < _MOST_BLOCKS:
            self._kinds[block] = kind
        return kind

    def _notice(self, kind: str, raw: bytes) -> None:
        frame = self._decoder.read(raw)
        payload = frame.payload
        if kind == BLOCK_DELTA:
            self.has_content = _says_something(payload)
        elif kind == BLOCK_START:
            self.has_content = True
        elif kind == MESSAGE_STOP:
            self.has_content = True
            self.finish = _read(payload, _decode_stop).stopReason
        elif kind == METADATA:
            metadata = _read(payload, _decode_metadata)
            self.usage = decode_usage(metadata.usage, read_tier(metadata.serviceTier))
            self.is_complete = True
        elif (told := read_exception(frame)) is not None:
            self.error, self.error_code = told
            self.is_complete = True


class _Stop(msgspec.Struct, gc=False):
    stopReason: str = ""  # noqa: N815 (the wire's name)


class _Metadata(msgspec.Struct, gc=False):
    usage: msgspec.Raw = msgspec.Raw(b"null")
    serviceTier: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815 (the wire's name)


class _Delta(msgspec.Struct, gc=False):
    delta: dict[str, Any]


_decode_delta = msgspec.json.Decoder(_Delta).decode
_decode_stop = msgspec.json.Decoder(_Stop).decode
_decode_metadata = msgspec.json.Decoder(_Metadata).decode


def _says_something(payload: bytes) -> bool:
    """Whether a delta holds anything but empty texts."""
    delta = _read(payload, _decode_delta).delta
    return any(value and value != _NO_INPUT for value in delta.values())


def _read(payload: bytes, decode: Callable[[bytes], _T]) -> _T:
    try:
        return decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UpstreamInvalid("The provider's stream holds an event that cannot be read.") from None
