"""Streamed events of this dialect to neutral events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.stream import Ended, Finished, OpaqueDelta, Started, StreamEvent, StreamFault, UsageReported
from stellwerk.dialects import sse
from stellwerk.dialects.anthropic_messages.block_decoder import Block, WireDelta, open_block
from stellwerk.dialects.anthropic_messages.errors import read_error
from stellwerk.dialects.anthropic_messages.finish import take_finish
from stellwerk.dialects.anthropic_messages.types import DIALECT, NULL, Members
from stellwerk.dialects.anthropic_messages.usage import WireUsage, neutral, read_wire, updated
from stellwerk.dialects.members import INTEGER, RAW, STRING, UnreadableError, refuse_reply
from stellwerk.errors import UpstreamInvalid


class _Delta(msgspec.Struct, gc=False):
    """The event that most of a stream consists of."""

    type: str
    delta: WireDelta
    index: int = 0


_read_delta = msgspec.json.Decoder(_Delta).decode
_TYPICAL = b'{"type":"content_block_delta"'


class EventDecoder:
    """A transducer from bytes to neutral events. ``is_complete`` says whether ``message_stop`` has come."""

    __slots__ = ("_blocks", "_calls", "_events", "_is_started", "_last_kind", "_usage", "is_complete")

    def __init__(self, *, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        self._events = sse.Decoder(max_event_bytes=max_event_bytes)
        self._is_started = False
        self._usage: WireUsage | None = None
        self._blocks: dict[int, Block] = {}
        self._calls = 0
        self._last_kind = ""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The neutral events that these bytes complete. Raises ``UpstreamInvalid`` for what is not the dialect's."""
        return [told for event in self._events.feed(data) for told in self._read(event)]

    def flush(self) -> list[StreamEvent]:
        """The stream has ended. A last event without its empty line counts when it is whole."""
        return sse.read_rest(self._events, self._read)

    def _read(self, event: sse.Event) -> list[StreamEvent]:
        if self.is_complete:
            return []
        try:
            if event.data.startswith(_TYPICAL):
                wire = _read_delta(event.data)
                return list(self._block(wire.index).read(wire.delta))
            event.data.decode()  # what stays opaque is told again, and must be text
            return list(self._read_event(Members(event.data, refuse=refuse_reply), event.event))
        except (msgspec.DecodeError, UnicodeDecodeError, UnreadableError, RecursionError) as error:
            raise UpstreamInvalid(f"The provider's stream holds an event that cannot be read: {error}.") from None

    def _read_event(self, wire: Members, name: str) -> Iterator[StreamEvent]:
        match wire.take("type", STRING) or name:
            case "message_start":
                yield from self._start(wire.within("message"))
            case "content_block_start":
                yield from self._open(wire)
            case "content_block_delta":
                delta = msgspec.json.decode(wire.need("delta", RAW), type=WireDelta)
                yield from self._block(wire.take("index", INTEGER) or 0).read(delta)
            case "content_block_stop":
                yield from self._close(wire.take("index", INTEGER) or 0)
            case "message_delta":
                yield from self._finish(wire)
            case "message_stop":
                self.is_complete = True
                yield Ended()
            case "error":
                message, kind = read_error(msgspec.json.decode(wire.peek("error")))
                yield StreamFault(message or "The provider broke the stream off with an error.", kind)
            case _:  # a ping, or an event that is newer than this version: both are to be passed over
                return

    def _start(self, message: Members) -> Iterator[StreamEvent]:
        if self._is_started:
            return
        self._is_started = True
        for name in ("type", "role", "content", "stop_reason", "stop_sequence"):
            message.take(name, RAW)
        identity, model = message.take("id", STRING) or "", message.take("model", STRING) or ""
        usage = self._report(message)
        yield Started(identity, model, opaque=_meaningful(message.opaque()))
        if usage is not None:
            yield usage

    def _open(self, wire: Members) -> Iterator[StreamEvent]:
        index, raw = wire.take("index", INTEGER) or 0, wire.need("content_block", RAW)
        yield from self._close(index)
        block = open_block(raw, self._calls)
        self._calls += block.is_call
        self._blocks[index] = block
        # Two texts in a row are two parts, which the neutral form cannot tell from one: only this dialect can.
        if block.kind == self._last_kind:
            yield OpaqueDelta(Opaque(DIALECT, {"content_block_stop": NULL}), 0)
        self._last_kind = block.kind if block.kind in {"text", "thinking"} else ""
        yield from block.start()

    def _block(self, index: int) -> Block:
        try:
            return self._blocks[index]
        except KeyError:
            raise UnreadableError("it belongs to a content block that has not begun") from None

    def _close(self, index: int) -> Iterator[StreamEvent]:
        block = self._blocks.pop(index, None)
        if block is not None:
            yield from block.end()

    def _finish(self, wire: Members) -> Iterator[StreamEvent]:
        finish, left = None, None
        if wire.peek("delta") != NULL:
            delta = wire.within("delta")
            finish = take_finish(delta)
            left = _meaningful(delta.opaque())
        usage = self._report(wire)
        wire.take("delta", RAW)
        rest = _meaningful(wire.opaque(delta=left))
        for index in tuple(self._blocks) if finish is not None else ():
            yield from self._close(index)
        if finish is not None:
            yield Finished(finish, 0, rest)
        if usage is not None:
            yield usage

    def _report(self, wire: Members) -> UsageReported | None:
        """Usage as far as it has been told: what is new, over what was said before."""
        raw = wire.take("usage", RAW)
        said: Any = None if raw is None else msgspec.json.decode(raw)
        if raw is None or type(said) is not dict:
            return None
        self._usage = updated(self._usage, read_wire(said))
        return UsageReported(neutral(self._usage), Opaque(DIALECT, {"usage": raw}))


def _meaningful(opaque: Opaque | None) -> Opaque | None:
    """Without the members that say ``null``."""
    members = {name: value for name, value in (opaque.members if opaque is not None else {}).items() if value != NULL}
    return Opaque(DIALECT, members) if members else None
