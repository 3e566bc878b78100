"""Streamed chunks of this dialect to neutral events."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Text
from stellwerk.core.reply import Finish
from stellwerk.core.stream import (
    Ended,
    Finished,
    OpaqueDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from stellwerk.dialects import sse
from stellwerk.dialects.gemini.contents import decode_answer_part
from stellwerk.dialects.gemini.errors import read_error
from stellwerk.dialects.gemini.frames import Frames
from stellwerk.dialects.gemini.logprobs import decode_logprobs
from stellwerk.dialects.gemini.response import BLOCKED, block_reason
from stellwerk.dialects.gemini.streamed_candidate import StreamedCandidate, news_of
from stellwerk.dialects.gemini.types import DIALECT, Members, mark, take_raws
from stellwerk.dialects.gemini.usage import read_usage
from stellwerk.dialects.members import RAW, STRING, UnreadableError, refuse_reply
from stellwerk.errors import UpstreamInvalid

_NULL = msgspec.Raw(b"null")

DEFAULT_FAULT = "The provider broke the stream off with an error."


class ChunkDecoder:
    """A transducer from bytes to neutral events; ``is_complete`` says whether all of the answer has come.

    The dialect has no closing event. A stream is whole when it ends after every candidate has a finish reason, or
    after the prompt was blocked; since chunks may follow the reason (usage, grounding), ``flush`` says so.
    """

    __slots__ = (
        "_blocked",
        "_candidates",
        "_frames",
        "_is_faulty",
        "_is_started",
        "_reply_id",
        "_said",
        "_usage",
        "is_complete",
    )

    def __init__(self, *, is_sse: bool = True, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        self._frames = Frames(is_sse=is_sse, max_event_bytes=max_event_bytes)
        self._is_started = False
        self._is_faulty = False
        self._reply_id = ""
        self._blocked: Finish | None = None  # why the prompt was not taken, if no candidate comes
        self._said: dict[str, msgspec.Raw | Opaque] = {}  # what chunks repeat
        self._usage: msgspec.Raw | None = None
        self._candidates: dict[int, StreamedCandidate] = {}

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The neutral events that these bytes complete. Raises ``UpstreamInvalid`` for what is not the dialect's."""
        events: list[StreamEvent] = []
        for chunk in self._frames.feed(data):
            self._read(chunk, events)
        return events

    def flush(self) -> list[StreamEvent]:
        """The stream has ended. A last event without its empty line counts when it is whole."""
        events: list[StreamEvent] = []
        for chunk in self._frames.flush():
            self._read(chunk, events)
        last = self._frames.unfinished
        if last is not None:
            try:
                self._read(last, events)
            except UpstreamInvalid:
                return events
        finished = [
            Finished(finish, one.index) for one in self._candidates.values() if (finish := one.finish) is not None
        ]
        if self._blocked is not None and not self._candidates:
            finished.append(Finished(self._blocked, 0, mark(None, BLOCKED)))
        if self._is_faulty or self.is_complete or not finished or len(finished) < len(self._candidates):
            return events
        self.is_complete = True
        return [*events, *finished, Ended()]

    def _read(self, data: bytes, events: list[StreamEvent]) -> None:
        if self._is_started and not self._is_faulty and self._read_plainly(data, events):
            return
        if self._is_faulty or data.strip() == b"[DONE]":
            return
        try:
            events.extend(self._read_chunk(Members(data, refuse=refuse_reply)))
        except (msgspec.DecodeError, UnicodeDecodeError, UnreadableError, RecursionError) as error:
            raise UpstreamInvalid(f"The provider's stream holds a chunk that cannot be read: {error}.") from None

    def _read_plainly(self, data: bytes, events: list[StreamEvent]) -> bool:
        """Reads a chunk of nothing but text and counts, which most are; otherwise changes nothing."""
        try:
            chunk = _decode_plain(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        for wire in chunk.candidates:
            candidate = self._candidate(wire.index)
            for part in wire.content.parts:
                if part.text:
                    if part.thought:
                        events.append(ThinkingDelta(part.text, wire.index, is_summary=True))
                    else:
                        candidate.texts.append(part.text)
                        events.append(TextDelta(part.text, wire.index))
        if chunk.usage != _NULL:
            self._report(chunk.usage, events)
        return True

    def _report(self, raw: msgspec.Raw, events: list[StreamEvent]) -> None:
        if raw == self._usage:
            return
        usage = read_usage(raw)
        if usage is not None:
            self._usage = raw
            events.append(UsageReported(usage, Opaque(DIALECT, {"usageMetadata": raw})))

    def _candidate(self, index: int) -> StreamedCandidate:
        candidate = self._candidates.get(index)
        if candidate is None:
            candidate = self._candidates[index] = StreamedCandidate(index)
        return candidate

    def _read_chunk(self, chunk: Members) -> Iterator[StreamEvent]:
        error, candidates = chunk.take("error", RAW), take_raws(chunk, "candidates")
        usage = chunk.take("usageMetadata", RAW)
        if error is None or candidates:
            yield from self._start(chunk)
        for raw in candidates:
            yield from self._read_candidate(Members(raw, "candidates", refuse_reply))
        if usage is not None:
            reports: list[StreamEvent] = []
            self._report(usage, reports)
            yield from reports
        if error is not None:
            message, code = read_error(msgspec.json.decode(error))
            self._is_faulty = True
            yield StreamFault(message or DEFAULT_FAULT, code)

    def _start(self, chunk: Members) -> Iterator[StreamEvent]:
        identity, model = chunk.take("responseId", STRING) or "", chunk.take("modelVersion", STRING) or ""
        self._blocked = block_reason(chunk) or self._blocked
        news = news_of(chunk.opaque(), self._said)
        if not self._is_started:
            self._is_started = True
            self._reply_id = identity
            yield Started(identity, model, opaque=news)
        elif news is not None:
            yield OpaqueDelta(news)

    def _read_candidate(self, wire: Members) -> Iterator[StreamEvent]:
        candidate = self._candidate(wire.take_integer("index") or 0)
        word, logprobs = wire.take("finishReason", STRING), decode_logprobs(wire)
        rest: Opaque | None = None
        if wire.peek("content") != _NULL:
            content = wire.within("content")
            content.take("role", STRING)
            for raw in take_raws(content, "parts"):
                part = decode_answer_part(
                    raw, refuse_reply, f"call_{self._reply_id}_{candidate.index}_{candidate.calls}"
                )
                yield from candidate.read(part, logprobs)
                logprobs = None if isinstance(part, Text) else logprobs
        wire.take("content", RAW)
        if logprobs is not None:
            yield TextDelta("", candidate.index, logprobs)
        yield from candidate.ground(wire)
        rest = news_of(wire.opaque(), candidate.said)
        if rest is not None:
            yield OpaqueDelta(rest, candidate.index)
        candidate.word = word or candidate.word


class _PlainPart(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    text: str
    thought: bool = False


class _PlainContent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    parts: list[_PlainPart]
    role: str = ""


class _PlainCandidate(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: _PlainContent
    index: int = 0


class _PlainChunk(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename="camel"):
    candidates: list[_PlainCandidate]
    usage: msgspec.Raw = msgspec.field(default=_NULL, name="usageMetadata")
    model_version: str = ""
    response_id: str = ""
    create_time: str = ""


_decode_plain = msgspec.json.Decoder(_PlainChunk).decode
