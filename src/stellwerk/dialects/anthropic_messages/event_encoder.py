"""Neutral events to streamed events of this dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import OpaquePart, ToolKind
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
from stellwerk.dialects import sse
from stellwerk.dialects.anthropic_messages.block_encoder import Block, Blocks
from stellwerk.dialects.anthropic_messages.citations import encode_citation
from stellwerk.dialects.anthropic_messages.errors import encode_fault
from stellwerk.dialects.anthropic_messages.finish import encode_finish
from stellwerk.dialects.anthropic_messages.tools import encode_thought
from stellwerk.dialects.anthropic_messages.types import DIALECT, merge
from stellwerk.dialects.anthropic_messages.usage import encode_usage
from stellwerk.errors import UpstreamInvalid

_STOP = sse.encode(b'{"type":"message_stop"}', "message_stop")


class EventEncoder:
    """A transducer from neutral events to bytes: one ``message_start``, whole blocks one by one, one end.

    ``message_start`` waits for the event after ``Started``, which may be the usage that belongs into it; the stop
    reason waits for the end, for usage stands beside it and many providers tell it last. Other candidates than the
    first are passed over. After an error nothing follows.
    """

    __slots__ = (
        "_blocks",
        "_customs",
        "_finished",
        "_has_calls",
        "_has_refusal",
        "_is_begun",
        "_is_over",
        "_start",
        "_usage",
    )

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._start: Started | None = None
        self._usage: UsageReported | None = None
        self._finished: Finished | None = None
        self._is_begun = False
        self._is_over = False
        self._has_calls = False
        self._has_refusal = False
        self._customs: set[int] = set()  # calls whose arguments are free text

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event. Raises ``UpstreamInvalid`` where arguments come for a call that was whole."""
        if self._is_over:
            return b""
        match event:
            case TextDelta():
                return self._say("text", event.text) if not event.candidate else b""
            case ToolCallDelta():
                return self._argue(event.call, event.arguments) if not event.candidate else b""
            case Started():
                self._start = self._start or event
                return b""
            case UsageReported():
                self._usage = event
                return b""
            case StreamFault():
                self._is_over = True
                return encode_fault(event.message, event.code)
            case Ended():
                return self._end()
            case _:
                return b"" if getattr(event, "candidate", None) else self._tell(event)

    def flush(self) -> bytes:
        """The stream has ended: what is held belongs to an answer that broke off, and an error event follows."""
        return b""

    def _tell(self, event: StreamEvent) -> bytes:
        match event:
            case ThinkingDelta():
                return self._say("thinking", event.text)
            case ThinkingSigned():
                return self._sign(event.signature)
            case ThinkingRedacted():
                return self._add("redacted_thinking", {"type": "redacted_thinking", "data": event.data})
            case ToolCallStarted():
                return self._call(event)
            case ToolCallEnded():
                return self._end_call(event.call)
            case Finished():
                self._finished = self._finished or event
                return self._begin() + self._end_calls() + self._blocks.end_all()
            case _:
                return self._tell_rarely(event)

    def _tell_rarely(self, event: StreamEvent) -> bytes:
        match event:
            case RefusalDelta():
                self._has_refusal = True
                return self._say("text", event.text)
            case AudioDelta(transcript=str(text)):
                return self._say("text", text)
            case CitationAdded():
                return self._cite(encode_citation(event.citation))
            case PartAdded(part=OpaquePart(dialect=dialect) as part) if dialect == DIALECT:
                return self._add(part.kind, part.raw)
            case OpaqueDelta():
                own = event.opaque.of(DIALECT)
                if "content_block_stop" in own:
                    return self._blocks.end_last()
                return self._cite(own["citation"]) if "citation" in own else b""
            case _:
                return b""

    def _begin(self) -> bytes:
        """``message_start``, if it has not been said."""
        if self._is_begun:
            return b""
        self._is_begun = True
        started = self._start or Started("", "")
        message: dict[str, Any] = {
            "id": started.id,
            "type": "message",
            "role": "assistant",
            "model": started.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": self._told_usage(),
        }
        wire = {"type": "message_start", "message": merge(message, started.opaque)}
        return sse.encode(msgspec.json.encode(wire), "message_start")

    def _told_usage(self) -> Any:
        report = self._usage
        own = report.opaque.of(DIALECT).get("usage") if report is not None and report.opaque is not None else None
        return encode_usage(report.usage if report is not None else Usage()) if own is None else own

    def _say(self, kind: str, text: str) -> bytes:
        """More text or thinking: in the block that is open, or in a new one."""
        if not text:
            return b""
        block = self._blocks.last
        if block is not None and block.kind == kind:
            return self._blocks.write(block, block.piece(text))
        empty = {"type": kind, kind: ""} if kind == "text" else {"type": kind, kind: "", "signature": ""}
        out = self._begin() + self._blocks.begin(kind, empty)
        return out + self._piece(self._blocks.last, text)

    def _piece(self, block: Block | None, text: str) -> bytes:
        return b"" if block is None else self._blocks.write(block, block.piece(text))

    def _sign(self, signature: str) -> bytes:
        block, out = self._blocks.last, b""
        if block is None or block.kind != "thinking":
            out = self._begin() + self._blocks.begin("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            block = self._blocks.last
        signed = {"type": "signature_delta", "signature": signature}
        return out + (self._blocks.write(block, block.delta(signed)) + self._blocks.end(block) if block else b"")

    def _add(self, kind: str, content_block: Any) -> bytes:
        """A block that is whole as it comes."""
        return self._begin() + self._blocks.begin(kind, content_block) + self._blocks.end_last()

    def _cite(self, citation: Any) -> bytes:
        """A source of the text so far; without any text there is nothing that it could be the source of."""
        block = self._blocks.last
        if block is None or block.kind != "text":
            return b""
        return self._blocks.write(block, block.delta({"type": "citations_delta", "citation": citation}))

    def _call(self, event: ToolCallStarted) -> bytes:
        self._has_calls = True
        wire = {"type": "tool_use", "id": event.id, "name": event.name, "input": {}, **encode_thought(event.signature)}
        out = self._begin() + self._blocks.begin("tool_use", merge(wire, event.opaque), event.call)
        if event.kind is ToolKind.CUSTOM:
            self._customs.add(event.call)
            out += self._piece(self._blocks.find(event.call), '{"input":"')
        return out

    def _argue(self, call: int, arguments: str) -> bytes:
        if not arguments:
            return b""
        block = self._blocks.find(call)
        if block is None:
            raise UpstreamInvalid("The provider's stream holds arguments of a tool call that is not open.")
        if call in self._customs:
            arguments = msgspec.json.encode(arguments).decode()[1:-1]
        return self._blocks.write(block, block.piece(arguments))

    def _end_call(self, call: int) -> bytes:
        block = self._blocks.find(call)
        if block is None:
            return b""
        out = self._piece(block, '"}') if call in self._customs else b""
        self._customs.discard(call)
        return out + self._blocks.end(block)

    def _end_calls(self) -> bytes:
        """Those of free text that nobody has ended: their arguments must be JSON."""
        return b"".join([self._end_call(call) for call in sorted(self._customs)])

    def _end(self) -> bytes:
        self._is_over = True
        out = self._begin() + self._end_calls() + self._blocks.end_all()
        finished = self._finished
        finish = encode_finish(
            finished.finish if finished is not None else None,
            has_calls=self._has_calls,
            has_refusal=self._has_refusal,
        )
        delta = {"type": "message_delta", "delta": finish, "usage": self._told_usage()}
        wire = merge(delta, finished.opaque if finished is not None else None)
        return out + sse.encode(msgspec.json.encode(wire), "message_delta") + _STOP
