"""Neutral events to streamed chunks of this dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Image, ToolKind
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
    ThinkingRedacted,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    UsageReported,
)
from stellwerk.dialects import sse
from stellwerk.dialects.members import without_nulls
from stellwerk.dialects.openai_chat.finish import encode_finish
from stellwerk.dialects.openai_chat.logprobs import encode_logprobs
from stellwerk.dialects.openai_chat.messages import encode_citation
from stellwerk.dialects.openai_chat.parts import encode_part
from stellwerk.dialects.openai_chat.types import DIALECT, is_spelled, merge
from stellwerk.dialects.openai_usage import encode_usage
from stellwerk.dialects.thought_signature import encode_signature

_DONE = sse.encode(b"[DONE]")


class ChunkEncoder:
    """A transducer from neutral events to bytes, one chunk for each that this dialect can say.

    The role comes first for each candidate, then deltas, then its finish reason; usage only with ``include_usage``, in
    a chunk of its own at the end.
    """

    __slots__ = ("_argued", "_base", "_include_usage", "_kinds", "_opaque", "_spoken", "_usage")

    def __init__(self, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._base: dict[str, Any] = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
        self._opaque: Opaque | None = None
        self._usage: UsageReported | None = None
        self._spoken: set[int] = set()  # candidates whose role was said
        self._kinds: dict[tuple[int, int], ToolKind] = {}  # of calls, by candidate and call
        self._argued: set[tuple[int, int]] = set()  # calls that have arguments

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; none for what this dialect has no word for."""
        match event:
            case Started():
                self._start(event)
                return b""
            case UsageReported():
                self._usage = event
                return b""
            case StreamFault():
                told = {"message": event.message, "type": "server_error", "param": None, "code": event.code}
                return sse.encode(msgspec.json.encode({"error": told}))
            case Ended():
                return self._end()
            case OpaqueDelta(candidate=None):
                return self._chunk([], event.opaque) if event.opaque.of(DIALECT) else b""
            case ThinkingSigned() | ThinkingRedacted():
                return b""
            case Finished():
                role = self._role(event.candidate, None)
                choice = _choice(event.candidate, {}, finish_reason=encode_finish(event.finish))
                return role + self._chunk([merge(choice, event.opaque)])
            case _:
                return self._delta(event)

    def flush(self) -> bytes:
        """Nothing is ever held back."""
        return b""

    def _start(self, event: Started) -> None:
        said = {"id": event.id, "created": event.created_s, "model": event.model, "service_tier": event.service_tier}
        self._base |= without_nulls(said)
        self._opaque = event.opaque

    def _delta(self, event: StreamEvent) -> bytes:
        delta, opaque, logprobs = self._members(event), None, None
        if isinstance(event, OpaqueDelta) and event.opaque.of(DIALECT):
            delta, opaque = {}, event.opaque
        if delta is None:
            return b""
        if isinstance(event, TextDelta | RefusalDelta):
            logprobs = event.logprobs
        candidate = getattr(event, "candidate", 0) or 0
        role = self._role(candidate, "" if "content" in delta else None)
        return role + self._chunk([merge(_choice(candidate, delta, logprobs), opaque)])

    def _members(self, event: StreamEvent) -> dict[str, Any] | None:
        """What the event is in a delta; ``None`` where it is nothing."""
        match event:
            case TextDelta():
                return {"content": event.text}
            case RefusalDelta():
                return {"refusal": event.text}
            case ThinkingDelta():
                return {"reasoning" if is_spelled(event.opaque, "reasoning") else "reasoning_content": event.text}
            case AudioDelta():
                audio = {"id": event.id, "data": event.data, "transcript": event.transcript}
                return {"audio": without_nulls(audio | {"expires_at": event.expires_at_s})}
            case CitationAdded():
                return {"annotations": [encode_citation(event.citation)]}
            case PartAdded(part=Image()):
                return {"images": [encode_part(event.part)]}
            case ToolCallStarted():
                return {"tool_calls": [self._start_call(event)]}
            case ToolCallDelta():
                return self._argue(event.candidate, event.call, event.arguments)
            case ToolCallEnded():
                is_bare = (event.candidate, event.call) not in self._argued
                return self._argue(event.candidate, event.call, "{}") if is_bare else None
            case _:
                return None

    def _start_call(self, event: ToolCallStarted) -> dict[str, Any]:
        kind = event.kind
        self._kinds[event.candidate, event.call] = kind
        if kind is ToolKind.CUSTOM:
            self._argued.add((event.candidate, event.call))
        body = {"name": event.name, _argument(kind): ""}
        wire = {"index": event.call, "id": event.id, "type": kind.value, kind.value: body}
        return merge(wire | encode_signature(event.signature), event.opaque)

    def _argue(self, candidate: int, call: int, arguments: str) -> dict[str, Any]:
        kind = self._kinds.get((candidate, call), ToolKind.FUNCTION)
        self._argued.add((candidate, call))
        return {"tool_calls": [{"index": call, kind.value: {_argument(kind): arguments}}]}

    def _role(self, candidate: int, content: str | None) -> bytes:
        if candidate in self._spoken:
            return b""
        self._spoken.add(candidate)
        return self._chunk([_choice(candidate, {"role": "assistant", "content": content})])

    def _end(self) -> bytes:
        usage = self._usage
        if usage is None or not self._include_usage:
            return _DONE
        own = usage.opaque.of(DIALECT).get("usage") if usage.opaque is not None else None
        return self._chunk([], usage=encode_usage(usage.usage) if own is None else own) + _DONE

    def _chunk(self, choices: list[dict[str, Any]], opaque: Opaque | None = None, usage: Any = None) -> bytes:
        wire = {**self._base, "choices": choices}
        if self._include_usage:
            wire["usage"] = usage
        return sse.encode(msgspec.json.encode(merge(merge(wire, opaque), self._opaque)))


def _choice(
    candidate: int, delta: dict[str, Any], logprobs: Logprobs | None = None, finish_reason: str | None = None
) -> dict[str, Any]:
    told = None if logprobs is None else encode_logprobs(logprobs)
    return {"index": candidate, "delta": delta, "logprobs": told, "finish_reason": finish_reason}


def _argument(kind: ToolKind) -> str:
    return "input" if kind is ToolKind.CUSTOM else "arguments"
