"""Tool calls put together from streamed pieces."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stellwerk.core.part import ToolKind
from stellwerk.core.stream import StreamEvent, ToolCallDelta, ToolCallEnded, ToolCallStarted
from stellwerk.dialects.members import (
    INTEGER,
    RAWS,
    STRING,
    refuse_reply,
)
from stellwerk.dialects.openai_chat.types import Members
from stellwerk.dialects.thought_signature import decode_signature

_NULL = msgspec.Raw(b"null")


class StreamedCalls:
    """The tool calls of one candidate, told apart also where a host leaves out the index, or gives all the same."""

    __slots__ = ("_calls", "_candidate", "_reply_id")

    def __init__(self, candidate: int, reply_id: str) -> None:
        self._candidate = candidate
        self._reply_id = reply_id
        self._calls: list[_Call] = []

    def read(self, delta: Members) -> Iterator[StreamEvent]:
        """Takes ``tool_calls`` of a delta."""
        for raw in delta.take("tool_calls", RAWS) or ():
            wire = Members(raw, "tool_calls", refuse_reply)
            call = self._find(wire)
            if call is None:
                call = self._add(wire)
            yield from self._read_call(call, wire)

    def end(self) -> Iterator[StreamEvent]:
        """Ends the calls: the candidate is complete. Not before, for hosts go on with one while another has begun."""
        for call in self._calls:
            if call.is_open:
                call.is_open = False
                yield from self._begin(call)
                yield ToolCallEnded(call.number, self._candidate)

    def _find(self, wire: Members) -> _Call | None:
        index = INTEGER.decode(wire.peek("index")) if wire.peek("index") != _NULL else None
        raw_id = bytes(wire.peek("id"))
        identity = STRING.decode(raw_id) if raw_id.startswith(b'"') else ""
        for call in reversed(self._calls):
            if (index is None or call.wire_index == index) and identity in {"", call.id}:
                return call
        return None

    def _add(self, wire: Members) -> _Call:
        number = len(self._calls)
        index = INTEGER.decode(wire.peek("index")) if wire.peek("index") != _NULL else number
        identity = wire.take("id", STRING) or f"call_{self._reply_id}_{self._candidate}_{number}"
        kind = ToolKind.CUSTOM if wire.take("type", STRING) == "custom" else ToolKind.FUNCTION
        call = _Call(number, index, identity, kind)
        self._calls.append(call)
        return call

    def _read_call(self, call: _Call, wire: Members) -> Iterator[StreamEvent]:
        signature, _ = decode_signature(wire)
        call.signature = signature or call.signature
        if wire.peek(call.kind.value) != _NULL:
            body = wire.within(call.kind.value)
            call.name = call.name or body.take("name", STRING) or ""
            call.arguments += body.take("input" if call.kind is ToolKind.CUSTOM else "arguments", STRING) or ""
        if call.name:
            yield from self._begin(call)

    def _begin(self, call: _Call) -> Iterator[StreamEvent]:
        if not call.is_started:
            call.is_started = True
            yield ToolCallStarted(call.number, call.id, call.name, call.kind, call.signature, self._candidate)
        if call.arguments:
            yield ToolCallDelta(call.number, call.arguments, self._candidate)
            call.arguments = ""


class _Call:
    """One tool call as far as it has come; it starts when its name is known."""

    __slots__ = ("arguments", "id", "is_open", "is_started", "kind", "name", "number", "signature", "wire_index")

    def __init__(self, number: int, wire_index: int, identity: str, kind: ToolKind) -> None:
        self.number = number
        self.wire_index = wire_index
        self.id = identity
        self.kind = kind
        self.name = ""
        self.arguments = ""
        self.signature: str | None = None
        self.is_started = False
        self.is_open = True
