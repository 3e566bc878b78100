"""Neutral events to streamed chunks of this dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import ToolCall
from stellwerk.core.reply import Logprobs
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
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    UsageReported,
)
from stellwerk.dialects import sse
from stellwerk.dialects.gemini.calls import encode_call
from stellwerk.dialects.gemini.errors import encode_fault
from stellwerk.dialects.gemini.finish import encode_finish
from stellwerk.dialects.gemini.grounding import GROUNDING, GroundingWriter
from stellwerk.dialects.gemini.logprobs import encode_logprobs
from stellwerk.dialects.gemini.parts import encode_part, encode_thinking
from stellwerk.dialects.gemini.response import BLOCKED
from stellwerk.dialects.gemini.streamed_candidate import PART
from stellwerk.dialects.gemini.types import DIALECT, is_marked, merge
from stellwerk.dialects.gemini.usage import encode_usage

_SPEECH = "audio/pcm;rate=24000"  # what the dialects that stream sound in pieces send it as


class ChunkEncoder:
    """A transducer from neutral events to bytes: a chunk for each that this dialect can say.

    A function call goes out whole, when its arguments have ended; finish reasons and usage stand in the last chunk.
    With ``is_sse`` chunks are events, without it elements of one array that the last chunk closes.
    """

    __slots__ = ("_base", "_calls", "_cited", "_finished", "_grounding", "_is_sse", "_opaque", "_separator", "_usage")

    def __init__(self, *, is_sse: bool = True) -> None:
        self._is_sse = is_sse
        self._separator = b"["
        self._base: dict[str, str] = {}
        self._opaque: dict[str, Any] = {}  # members of the next chunk
        self._usage: UsageReported | None = None
        self._calls: dict[tuple[int, int], _Call] = {}
        self._finished: list[Finished] = []
        self._grounding: dict[int, GroundingWriter] = {}
        self._cited: dict[int, tuple[int, int, int]] = {}  # by candidate: bytes so far; the last segment cited

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; none for what this dialect has no word for."""
        match event:
            case TextDelta():
                self._count(event.candidate, event.text)
                return self._part({"text": event.text}, event.candidate, event.logprobs)
            case ThinkingDelta():
                return self._part({"text": event.text, "thought": True}, event.candidate)
            case ToolCallStarted():
                self._calls[event.candidate, event.call] = _Call(event)
                return b""
            case ToolCallDelta():
                call = self._calls.get((event.candidate, event.call))
                if call is not None:
                    call.arguments.append(event.arguments)
                return b""
            case ToolCallEnded():
                return self._call(event.candidate, event.call)
            case UsageReported():
                self._usage = event
                return b""
            case Started() | Finished() | Ended() | StreamFault():
                return self._frame_event(event)
            case _:
                return self._rare(event)

    def flush(self) -> bytes:
        """Nothing more is held back once the stream has ended; what broke off stays broken off."""
        return b""

    def _frame_event(self, event: Started | Finished | Ended | StreamFault) -> bytes:
        match event:
            case Started():
                names = (("modelVersion", event.model), ("responseId", event.id))
                self._base = {name: value for name, value in names if value}
                merge(self._opaque, event.opaque)
                return b""
            case Finished():
                self._finished.append(event)
                open_ = [call for candidate, call in self._calls if candidate == event.candidate]
                return b"".join([self._call(event.candidate, call) for call in open_])
            case StreamFault():
                return self._write({"error": encode_fault(event.message, event.code)}) + self._closing()
            case _:
                return self._end()

    def _rare(self, event: StreamEvent) -> bytes:
        match event:
            case RefusalDelta():
                self._count(event.candidate, event.text)
                return self._part({"text": event.text}, event.candidate, event.logprobs)
            case ThinkingSigned():
                return self._part(encode_thinking("", event.signature), event.candidate)
            case PartAdded():
                wire = encode_part(event.part)
                return b"" if wire is None else self._part(wire, event.candidate)
            case AudioDelta():
                return self._audio(event)
            case CitationAdded():
                self._cite(event)
                return b""
            case OpaqueDelta():
                return self._opaque_delta(event)
            case _:
                return b""

    def _part(self, part: Any, candidate: int, logprobs: Logprobs | None = None) -> bytes:
        wire: dict[str, Any] = {"content": {"parts": [part], "role": "model"}, "index": candidate}
        if logprobs is not None:
            wire["logprobsResult"] = encode_logprobs(logprobs)
        return self._chunk([wire])

    def _call(self, candidate: int, number: int) -> bytes:
        call = self._calls.pop((candidate, number), None)
        return b"" if call is None else self._part(encode_call(call.whole), candidate)

    def _audio(self, event: AudioDelta) -> bytes:
        out = b""
        if event.data:
            out += self._part({"inlineData": {"mimeType": _SPEECH, "data": event.data}}, event.candidate)
        if event.transcript:
            out += self._part({"text": event.transcript}, event.candidate)
        return out

    def _opaque_delta(self, event: OpaqueDelta) -> bytes:
        own = event.opaque.of(DIALECT)
        if not own:
            return b""
        if event.candidate is None:
            merge(self._opaque, event.opaque)
            return b""
        part = own.get(PART)
        if part is not None:
            return self._part(part, event.candidate)
        return self._chunk([merge({"index": event.candidate}, event.opaque)])

    def _count(self, candidate: int, text: str) -> None:
        size, first, end = self._cited.get(candidate, (0, 0, 0))
        self._cited[candidate] = (size + len(text.encode()), first, end)

    def _cite(self, event: CitationAdded) -> None:
        """Notes a source of the text since the last one, or of the same text again where none has come since."""
        size, first, end = self._cited.get(event.candidate, (0, 0, 0))
        if size > end:
            first, end = end, size
            self._cited[event.candidate] = (size, first, end)
        writer = self._grounding.setdefault(event.candidate, GroundingWriter())
        writer.add(event.citation, {"startIndex": first, "endIndex": end})

    def _end(self) -> bytes:
        """The last chunk: why each candidate ended, what its text rests on, and what all of it cost."""
        candidates = []
        for event in self._finished:
            if not is_marked(event.opaque, BLOCKED):
                wire: dict[str, Any] = {"finishReason": encode_finish(event.finish), "index": event.candidate}
                writer = self._grounding.get(event.candidate)
                if writer is not None and writer.wire is not None:
                    wire[GROUNDING] = writer.wire
                candidates.append(merge(wire, event.opaque))
        usage = self._usage
        if usage is not None:
            own = usage.opaque.of(DIALECT).get("usageMetadata") if usage.opaque is not None else None
            self._opaque["usageMetadata"] = encode_usage(usage.usage) if own is None else own
        return self._chunk(candidates) + self._closing()

    def _chunk(self, candidates: list[dict[str, Any]]) -> bytes:
        wire: dict[str, Any] = {"candidates": candidates} if candidates else {}
        if self._opaque:
            wire |= self._opaque
            self._opaque = {}
        return self._write(wire | self._base)

    def _write(self, wire: Any) -> bytes:
        data = msgspec.json.encode(wire)
        if self._is_sse:
            return sse.encode(data)
        out = self._separator + data
        self._separator = b",\r\n"
        return out

    def _closing(self) -> bytes:
        return b"" if self._is_sse else b"]"


class _Call:
    """A function call whose arguments are still coming."""

    __slots__ = ("_started", "arguments")

    def __init__(self, started: ToolCallStarted) -> None:
        self._started = started
        self.arguments: list[str] = []

    @property
    def whole(self) -> ToolCall:
        """The call, with the arguments that have come."""
        begun = self._started
        text = "".join(self.arguments)
        return ToolCall(begun.id, begun.name, text, begun.kind, begun.signature, opaque=begun.opaque)
