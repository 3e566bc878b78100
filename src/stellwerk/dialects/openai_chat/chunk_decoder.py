"""Streamed chunks of this dialect to neutral events."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.stream import (
    AudioDelta,
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from stellwerk.dialects import sse
from stellwerk.dialects.members import (
    INTEGER,
    NUMBER,
    RAW,
    RAWS,
    STRING,
    UnreadableError,
    refuse_reply,
    spelled,
)
from stellwerk.dialects.openai_chat.errors import read_error
from stellwerk.dialects.openai_chat.finish import decode_finish
from stellwerk.dialects.openai_chat.logprobs import decode_logprobs
from stellwerk.dialects.openai_chat.messages import decode_citation
from stellwerk.dialects.openai_chat.streamed_calls import StreamedCalls
from stellwerk.dialects.openai_chat.types import DIALECT, Members
from stellwerk.dialects.openai_usage import decode_usage
from stellwerk.errors import UpstreamInvalid

_NULL = msgspec.Raw(b"null")
_NOISE = "obfuscation"  # random padding against guessing by length: of no use once events are cut anew


class ChunkDecoder:
    """A transducer from bytes to neutral events. ``is_complete`` says whether ``[DONE]`` has come."""

    __slots__ = ("_calls", "_early", "_is_started", "_reply_id", "_said", "_splitter_events", "_tier", "is_complete")

    def __init__(self, *, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        self._splitter_events = sse.Decoder(max_event_bytes=max_event_bytes)
        self._is_started = False
        self._reply_id = ""
        self._tier: str | None = None
        self._early: list[StreamEvent] = []  # came before the chunk that says who answers
        self._said: dict[str, msgspec.Raw | Opaque] = {}  # what chunks repeat
        self._calls: dict[int, StreamedCalls] = {}

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The neutral events that these bytes complete. Raises ``UpstreamInvalid`` for what is not the dialect's."""
        return [neutral for event in self._splitter_events.feed(data) for neutral in self._read(event)]

    def flush(self) -> list[StreamEvent]:
        """The stream has ended. A last event without its empty line counts when it is whole."""
        return sse.read_rest(self._splitter_events, self._read)

    def _read(self, event: sse.Event) -> Iterator[StreamEvent]:
        if self.is_complete:
            return
        if event.data.strip() == b"[DONE]":
            self.is_complete = True
            yield Ended()
            return
        try:
            chunk = Members(event.data, refuse=refuse_reply)
            yield from self._read_chunk(chunk)
        except (msgspec.DecodeError, UnicodeDecodeError, UnreadableError, RecursionError) as error:
            raise UpstreamInvalid(f"The provider's stream holds an event that cannot be read: {error}.") from None

    def _read_chunk(self, chunk: Members) -> Iterator[StreamEvent]:
        error = chunk.take("error", RAW)
        choices = chunk.take("choices", RAWS) or ()
        self._tier = chunk.take("service_tier", STRING) or self._tier
        usage = self._take_usage(chunk)
        yield from self._start(chunk, is_real=bool(choices))
        for raw in choices:
            yield from self._read_choice(Members(raw, "choices", refuse_reply))
        if usage is not None:
            yield usage
        if error is not None:
            message, code, _ = read_error(msgspec.json.decode(error))
            yield StreamFault(message or "The provider broke the stream off with an error.", code)

    def _start(self, chunk: Members, *, is_real: bool) -> Iterator[StreamEvent]:
        identity, model = chunk.take("id", STRING) or "", chunk.take("model", STRING) or ""
        created_s = int(chunk.take("created", NUMBER) or 0)
        chunk.take("object", STRING)
        chunk.take(_NOISE, RAW)
        news = self._news(chunk.opaque())
        if self._is_started or not (identity or is_real):
            if news is not None:
                told = OpaqueDelta(news)
                if self._is_started:
                    yield told
                else:
                    self._early.append(told)
            return
        self._is_started = True
        self._reply_id = identity
        yield Started(identity, model, created_s, self._tier, news)
        yield from self._early

    def _news(self, opaque: Opaque | None) -> Opaque | None:
        """Members of the chunk that an earlier one has not said already in the same words."""
        fresh = {
            name: value
            for name, value in (opaque.members if opaque is not None else {}).items()
            if value != _NULL and self._said.get(name) != value
        }
        self._said.update(fresh)
        return Opaque(DIALECT, fresh) if fresh else None

    def _take_usage(self, chunk: Members) -> UsageReported | None:
        """Usage where the dialect has it, or where Groq has it unasked."""
        raw = chunk.take("usage", RAW)
        if raw is None:
            try:
                raw = Members(chunk.peek("x_groq")).need("usage", RAW)
            except UnreadableError:
                return None
            chunk.take("x_groq", RAW)
        wire = msgspec.json.decode(raw)
        if type(wire) is not dict:
            return None
        return UsageReported(decode_usage(wire, self._tier), Opaque(DIALECT, {"usage": raw}))

    def _read_choice(self, choice: Members) -> Iterator[StreamEvent]:
        candidate = choice.take("index", INTEGER) or 0
        finish = decode_finish(choice.take("finish_reason", STRING))
        calls = self._calls.setdefault(candidate, StreamedCalls(candidate, self._reply_id))
        left = None
        if choice.peek("delta") != _NULL:
            delta = choice.within("delta")
            yield from _read_text(delta, choice, candidate)
            yield from calls.read(delta)
            left = _meaningful(delta.opaque())
        else:
            choice.take("delta", RAW)
        rest = _meaningful(choice.opaque(delta=left))
        if finish is None:
            if rest is not None:
                yield OpaqueDelta(rest, candidate)
            return
        yield from calls.end()
        yield Finished(finish, candidate, rest)


def _read_text(delta: Members, choice: Members, candidate: int) -> Iterator[StreamEvent]:
    delta.take("role", RAW)
    for name in ("reasoning_content", "reasoning"):
        thinking = _take_text(delta, name)
        if thinking:
            yield ThinkingDelta(thinking, candidate, Opaque(DIALECT, spelled(name)) if name == "reasoning" else None)
            break
    text, refusal, logprobs = _take_text(delta, "content"), _take_text(delta, "refusal"), decode_logprobs(choice)
    if text or (logprobs is not None and not refusal):
        yield TextDelta(text, candidate, logprobs)
    if refusal:
        yield RefusalDelta(refusal, candidate, None if text else logprobs)
    yield from _read_audio(delta, candidate)
    for raw in _take_array(delta, "annotations"):
        yield CitationAdded(decode_citation(raw), candidate)


def _read_audio(delta: Members, candidate: int) -> Iterator[AudioDelta]:
    if bytes(delta.peek("audio")).startswith(b"{"):
        audio = delta.within("audio")
        data, transcript = audio.take("data", STRING), audio.take("transcript", STRING)
        yield AudioDelta(data, transcript, audio.take("id", STRING), audio.take("expires_at", INTEGER), candidate)


def _take_text(delta: Members, name: str) -> str:
    """A string member; of another type (Mistral's arrays of parts) it stays opaque."""
    return delta.take(name, STRING) or "" if bytes(delta.peek(name)).startswith(b'"') else ""


def _take_array(delta: Members, name: str) -> tuple[msgspec.Raw, ...]:
    """An array of citations; with others among them it stays opaque."""
    raw = delta.peek(name)
    try:
        raws = RAWS.decode(raw)
        for annotation in raws:
            decode_citation(annotation)
    except (msgspec.ValidationError, UnreadableError):
        return ()
    delta.take(name, RAW)
    return raws


def _meaningful(opaque: Opaque | None) -> Opaque | None:
    """Without the members that say ``null``."""
    members = {name: value for name, value in (opaque.members if opaque is not None else {}).items() if value != _NULL}
    return Opaque(DIALECT, members) if members else None
