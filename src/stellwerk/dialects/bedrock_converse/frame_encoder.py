"""Neutral events to a stream's frames of this dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Image, InlineSource, RedactedThinking, ToolKind
from stellwerk.core.stream import (
    AudioDelta,
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    PartAdded,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    ThinkingRedacted,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    UsageReported,
)
from stellwerk.core.usage import Usage
from stellwerk.dialects.bedrock_converse.citations import encode_citation
from stellwerk.dialects.bedrock_converse.errors import INTERNAL, stream_exception
from stellwerk.dialects.bedrock_converse.finish import STOP_REASON, encode_finish
from stellwerk.dialects.bedrock_converse.frames import (
    BLOCK_DELTA,
    BLOCK_START,
    BLOCK_STOP,
    MESSAGE_START,
    MESSAGE_STOP,
    METADATA,
    write_event,
    write_exception,
)
from stellwerk.dialects.bedrock_converse.media import encode_source
from stellwerk.dialects.bedrock_converse.parts import encode_block
from stellwerk.dialects.bedrock_converse.types import DIALECT, merge
from stellwerk.dialects.bedrock_converse.usage import USAGE, encode_usage
from stellwerk.errors import UpstreamInvalid

_json = msgspec.json.Encoder().encode
_CallEvent: TypeAlias = ToolCallStarted | ToolCallDelta | ToolCallEnded

_NONE, _TEXT, _THINKING, _CALL, _OPAQUE = "", "text", "thinking", "call", "opaque"


def _no_time() -> int:
    return 0


class FrameEncoder:
    """A transducer from neutral events to bytes: whole frames of a well-formed stream, whatever comes in.

    One ``messageStart``; blocks one after another, each stopped before the next begins; ``messageStop``; ``metadata``,
    which is written only when the stream has ended well, and which nothing follows. Calls that run beside one another
    are written one after another: what is said of a later one waits until the one before has ended. ``latency_ms``
    tells how long the answer has taken, where the stream does not say itself.
    """

    __slots__ = (
        "_block", "_call", "_finish", "_has_calls",
        "_has_input", "_index", "_is_custom", "_is_over",
        "_is_started", "_latency_ms", "_opaque", "_usage", "_waiting",
    )  # fmt: skip

    def __init__(self, *, latency_ms: Callable[[], int] = _no_time) -> None:
        self._latency_ms = latency_ms
        self._is_started = self._is_over = False
        self._index = -1
        self._block = _NONE
        self._call = -1
        self._has_input = False
        self._has_calls = False
        self._is_custom = False
        self._waiting: dict[int, list[_CallEvent]] = {}
        self._finish: Finished | None = None
        self._usage: UsageReported | None = None
        self._opaque: list[Opaque] = []

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; none for what this dialect has no word for, and for other candidates than one."""
        if self._is_over or getattr(event, "candidate", None):
            return b""
        match event:
            case TextDelta() | RefusalDelta():
                return self._say(_TEXT, {"text": event.text}) if event.text else b""
            case ToolCallStarted() | ToolCallDelta() | ToolCallEnded():
                return self._hear_call(event)
            case ThinkingDelta():
                return self._say(_THINKING, {"reasoningContent": {"text": event.text}})
            case UsageReported():
                self._usage = event
                return b""
            case StreamFault():
                self._is_over = True
                return write_exception(stream_exception(event.code or INTERNAL), event.message)
            case Ended():
                return self._end()
            case _:
                return self._hear_rare(event)

    def flush(self) -> bytes:
        """Nothing is held back but calls that wait for one that never ended: they are lost with the stream."""
        return b""

    def _hear_rare(self, event: StreamEvent) -> bytes:
        match event:
            case Started():
                return self._start()
            case ThinkingSigned():
                return self._say(_THINKING, {"reasoningContent": {"signature": event.signature}}) + self._stop()
            case ThinkingRedacted():
                told = encode_block(RedactedThinking(event.data), is_reply=True)
                return self._stop() + self._say(_THINKING, told) + self._stop()
            case CitationAdded():
                return self._say(_TEXT, {"citation": encode_citation(event.citation)})
            case AudioDelta(transcript=str(transcript)) if transcript:
                return self._say(_TEXT, {"text": transcript})
            case PartAdded(part=Image(source=InlineSource() as source)):
                return self._show(source)
            case OpaqueDelta():
                return self._hear_opaque(event)
            case Finished():
                return self._conclude(event)
            case _:
                return b""

    # -- blocks

    def _say(self, kind: str, delta: Any) -> bytes:
        """A delta of a block of this kind: the one that is open, or the next."""
        begun = b"" if self._block == kind else self._begin(kind)
        return begun + write_event(BLOCK_DELTA, {"delta": delta, "contentBlockIndex": self._index})

    def _begin(self, kind: str, start: Any = None) -> bytes:
        return self._start() + self._stop() + self._open(kind, start)

    def _open(self, kind: str, start: Any) -> bytes:
        self._block = kind
        self._index += 1
        return b"" if start is None else write_event(BLOCK_START, {"start": start, "contentBlockIndex": self._index})

    def _stop(self) -> bytes:
        """Ends what is open, and what waited for its end."""
        out = self._close()
        while self._waiting:
            out += self._write_waiting() + self._close()
        return out

    def _close(self) -> bytes:
        if self._block == _NONE:
            return b""
        out = b""
        if self._block == _CALL and (self._is_custom or not self._has_input):
            out = self._argue('"}' if self._is_custom else "{}")
        self._block, self._call = _NONE, -1
        return out + write_event(BLOCK_STOP, {"contentBlockIndex": self._index})

    def _start(self) -> bytes:
        if self._is_started:
            return b""
        self._is_started = True
        return write_event(MESSAGE_START, {"role": "assistant"})

    # -- calls

    def _hear_call(self, event: _CallEvent) -> bytes:
        self._has_calls = True
        if self._block == _CALL and event.call != self._call:
            self._waiting.setdefault(event.call, []).append(event)
            return b""
        out = self._write_call(event)
        while self._block == _NONE and self._waiting:
            out += self._write_waiting()
        return out

    def _write_waiting(self) -> bytes:
        """All that was said meanwhile of the call that waits longest."""
        events = self._waiting.pop(next(iter(self._waiting)))
        return b"".join([self._write_call(event) for event in events])

    def _write_call(self, event: _CallEvent) -> bytes:
        match event:
            case ToolCallStarted():
                before = self._start() if self._block == _NONE else self._stop()
                self._call, self._has_input, self._is_custom = event.call, False, event.kind is ToolKind.CUSTOM
                out = before + self._open(_CALL, {"toolUse": {"toolUseId": event.id, "name": event.name}})
                return out + self._argue('{"input":"') if self._is_custom else out
            case ToolCallDelta() if event.call == self._call:
                is_text = self._is_custom  # free text goes as a string in an object
                return self._argue(_json(event.arguments).decode()[1:-1] if is_text else event.arguments)
            case ToolCallEnded():
                return self._close() if event.call == self._call else b""
            case _:
                raise UpstreamInvalid("The provider's stream holds arguments of a tool call that is not open.")

    def _argue(self, arguments: str) -> bytes:
        self._has_input = True
        delta = {"toolUse": {"input": arguments}}
        return write_event(BLOCK_DELTA, {"delta": delta, "contentBlockIndex": self._index})

    # -- what is rare

    def _show(self, source: InlineSource) -> bytes:
        wire = encode_source("image", source) or {}
        begun = self._begin(_OPAQUE, {"image": {"format": wire["format"]}})
        delta = {"delta": {"image": {"source": wire["source"]}}, "contentBlockIndex": self._index}
        return begun + write_event(BLOCK_DELTA, delta) + self._stop()

    def _hear_opaque(self, event: OpaqueDelta) -> bytes:
        members = event.opaque.of(DIALECT)
        if event.candidate is None:
            self._opaque.append(event.opaque)
            return b""
        if BLOCK_START in members:
            return self._begin(_OPAQUE, members[BLOCK_START])
        if BLOCK_DELTA in members:
            kind = self._block or _OPAQUE
            begun = b"" if self._block else self._begin(kind)
            delta = {"delta": members[BLOCK_DELTA], "contentBlockIndex": self._index}
            return begun + write_event(BLOCK_DELTA, delta)
        return self._stop() if BLOCK_STOP in members else b""

    # -- the end

    def _conclude(self, event: Finished) -> bytes:
        if self._finish is not None:
            return b""
        out = self._start() + self._stop()
        self._finish = event
        wire: dict[str, Any] = {STOP_REASON: encode_finish(event.finish, has_calls=self._has_calls)}
        if event.finish.stop_sequence is not None:
            wire["additionalModelResponseFields"] = {"stop_sequence": event.finish.stop_sequence}
        return out + write_event(MESSAGE_STOP, merge(wire, event.opaque))

    def _end(self) -> bytes:
        self._is_over = True
        if self._finish is None:
            return write_exception(INTERNAL, "The provider's stream ended without saying why.")
        usage = self._usage or UsageReported(Usage())
        wire: dict[str, Any] = {USAGE: encode_usage(usage.usage, usage.opaque)}
        for opaque in self._opaque:
            merge(wire, opaque)
        wire.setdefault("metrics", {"latencyMs": self._latency_ms()})
        return write_event(METADATA, wire)
