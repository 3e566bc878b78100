"""Streams: handed on between two parties of this dialect, or written from neutral events."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.reply import Logprobs
from stellwerk.core.stream import (
    Ended,
    Finished,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    UsageReported,
)
from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.chunk_relay import DONE, PassThrough
from stellwerk.dialects.members import without_nulls
from stellwerk.dialects.openai_completions.choice import encode_choice, encode_finish
from stellwerk.dialects.openai_usage import encode_usage

__all__ = ["ChunkEncoder", "PassThrough"]


class ChunkEncoder:
    """A transducer from neutral events to bytes: a chunk for each piece of text, usage only with ``include_usage``."""

    __slots__ = ("_base", "_include_usage", "_offsets", "_usage")

    def __init__(self, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._base: dict[str, Any] = {"id": "", "object": "text_completion", "created": 0, "model": ""}
        self._usage: Usage | None = None
        self._offsets: dict[int, int] = {}  # characters said, by candidate

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; none for what this dialect has no word for."""
        match event:
            case TextDelta() | RefusalDelta():
                return self._say(event.candidate, event.text, event.logprobs)
            case Started():
                said = {"id": event.id, "created": event.created_s, "model": event.model}
                self._base |= without_nulls(said)
                return b""
            case UsageReported():
                self._usage = event.usage
                return b""
            case Finished():
                return self._chunk([encode_choice(event.candidate, "", None, encode_finish(event.finish))])
            case StreamFault():
                told = {"message": event.message, "type": "server_error", "param": None, "code": event.code}
                return sse.encode(msgspec.json.encode({"error": told}))
            case Ended():
                is_told = self._include_usage and self._usage is not None
                return (self._chunk([], self._usage) if is_told else b"") + sse.encode(DONE)
            case _:
                return b""

    def flush(self) -> bytes:
        """Nothing is ever held back."""
        return b""

    def _say(self, candidate: int, text: str, logprobs: Logprobs | None) -> bytes:
        offset = self._offsets.get(candidate, 0)
        self._offsets[candidate] = offset + len(text)
        return self._chunk([encode_choice(candidate, text, logprobs, None, offset)])

    def _chunk(self, choices: list[dict[str, Any]], usage: Usage | None = None) -> bytes:
        wire = {**self._base, "choices": choices}
        if self._include_usage:
            wire["usage"] = None if usage is None else encode_usage(usage)
        return sse.encode(msgspec.json.encode(wire))
