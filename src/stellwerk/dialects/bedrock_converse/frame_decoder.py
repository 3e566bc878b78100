"""A stream's frames of this dialect to neutral events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.stream import (
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from stellwerk.dialects import aws_eventstream
from stellwerk.dialects.bedrock_converse.citations import decode_citation
from stellwerk.dialects.bedrock_converse.errors import read_exception
from stellwerk.dialects.bedrock_converse.finish import STOP_REASON, decode_finish
from stellwerk.dialects.bedrock_converse.frames import (
    BLOCK_DELTA,
    BLOCK_START,
    BLOCK_STOP,
    EVENT_TYPE,
    MESSAGE_START,
    MESSAGE_STOP,
    METADATA,
    decode_delta,
    decode_start,
    decode_stop,
)
from stellwerk.dialects.bedrock_converse.names import renamed
from stellwerk.dialects.bedrock_converse.response import take_stop_sequence
from stellwerk.dialects.bedrock_converse.streamed_block import StreamedBlock
from stellwerk.dialects.bedrock_converse.types import DIALECT, NO_NAMES, Members
from stellwerk.dialects.bedrock_converse.usage import USAGE, decode_usage, read_tier
from stellwerk.dialects.members import RAW, STRING, UnreadableError, refuse_reply
from stellwerk.errors import UpstreamInvalid

_NOISE = "p"  # random padding against guessing by length: of no use once events are cut anew
_NULL = msgspec.Raw(b"null")


class FrameDecoder:
    """A transducer from bytes to neutral events. ``is_complete`` says whether ``metadata`` has come: the closing event.

    ``model`` and ``identity`` are what the stream does not say of itself; ``names`` are the tools that were asked for
    under another name.
    """

    __slots__ = ("_blocks", "_calls", "_decoder", "_is_finished", "_names", "_readers", "_started", "is_complete")

    def __init__(
        self,
        *,
        model: str = "",
        identity: str = "",
        names: Mapping[str, str] = NO_NAMES,
        max_event_bytes: int = aws_eventstream.MAX_FRAME_BYTES,
    ) -> None:
        self.is_complete = False
        self._decoder = aws_eventstream.Decoder(max_frame_bytes=max_event_bytes)
        self._names = names
        self._started: Started | None = Started(identity, model)
        self._blocks: dict[int, StreamedBlock] = {}
        self._calls = 0
        self._is_finished = False
        self._readers = {
            MESSAGE_START: self._start,
            BLOCK_START: self._start_block,
            BLOCK_DELTA: self._add,
            BLOCK_STOP: self._stop_block,
            MESSAGE_STOP: self._finish,
            METADATA: self._end,
        }

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The neutral events that these bytes complete. Raises ``UpstreamInvalid`` for what is not the dialect's."""
        return [event for frame in self._decoder.feed(data) for event in self._read(frame)]

    def flush(self) -> list[StreamEvent]:
        """The stream has ended. Nothing is ever held back: a frame that broke off says nothing."""
        return []

    def _read(self, frame: aws_eventstream.Frame) -> Iterator[StreamEvent]:
        if self.is_complete:
            return
        told = read_exception(frame)
        if told is not None:
            self.is_complete = True
            yield StreamFault(*told)
            return
        read = self._readers.get(str(frame.headers.get(EVENT_TYPE)))
        if read is None:
            return  # an event of a later version
        try:
            frame.payload.decode()
            if self._started is not None:
                yield self._started
                self._started = None
            yield from read(frame.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, UnreadableError, RecursionError) as error:
            raise UpstreamInvalid(f"The provider's stream holds an event that cannot be read: {error}.") from None

    def _start(self, payload: bytes) -> Iterator[StreamEvent]:
        RAW.decode(payload)
        return iter(())

    def _start_block(self, payload: bytes) -> Iterator[StreamEvent]:
        wire = decode_start(payload)
        block = self._blocks[wire.contentBlockIndex] = StreamedBlock()
        call = wire.start.toolUse
        if call is not None and call.type is None:
            block.call = self._calls
            self._calls += 1
            yield ToolCallStarted(block.call, call.toolUseId, renamed(self._names, call.name))
        elif wire.start.image is not None:
            block.image_format = wire.start.image.format
        else:
            block.is_opaque = True
            yield OpaqueDelta(Opaque(DIALECT, {BLOCK_START: Members(payload).need("start", RAW)}), 0)

    def _add(self, payload: bytes) -> Iterator[StreamEvent]:
        wire = decode_delta(payload)
        delta = wire.delta
        if delta.text:
            yield TextDelta(delta.text)
            return
        block = self._blocks.get(wire.contentBlockIndex)
        if block is None:
            block = self._blocks[wire.contentBlockIndex] = StreamedBlock()
        reasoning = delta.reasoningContent
        if delta.toolUse is not None and block.call is not None:
            if delta.toolUse.input:
                yield ToolCallDelta(block.call, delta.toolUse.input)
        elif reasoning is not None:
            if reasoning.text:
                yield ThinkingDelta(reasoning.text)
            block.signature += reasoning.signature or ""
            if reasoning.redactedContent:
                block.redacted.append(reasoning.redactedContent)
        elif delta.image is not None and block.image_format:
            block.add_image(delta.image)
        elif delta.text is None:
            yield from _add_other(Members(payload).need("delta", RAW))

    def _stop_block(self, payload: bytes) -> Iterator[StreamEvent]:
        block = self._blocks.pop(decode_stop(payload).contentBlockIndex, None)
        if block is not None:
            yield from block.end()

    def _finish(self, payload: bytes) -> Iterator[StreamEvent]:
        stop = Members(payload, "messageStop", refuse_reply)
        for block in self._blocks.values():
            yield from block.end()
        self._blocks.clear()
        word = stop.need(STOP_REASON, STRING)
        sequence, fields = take_stop_sequence(stop)
        if not self._is_finished:
            self._is_finished = True
            finish = decode_finish(word, sequence)
            yield Finished(finish, 0, _meaningful(stop.opaque(additionalModelResponseFields=fields)))

    def _end(self, payload: bytes) -> Iterator[StreamEvent]:
        if not self._is_finished:
            raise UpstreamInvalid("The provider's stream ends without saying why.")
        metadata = Members(payload, METADATA, refuse_reply)
        raw = metadata.take(USAGE, RAW)
        usage = None if raw is None else decode_usage(raw, read_tier(metadata.peek("serviceTier")))
        if raw is not None and usage is not None:
            yield UsageReported(usage, Opaque(DIALECT, {USAGE: raw}))
        opaque = _meaningful(metadata.opaque())
        if opaque is not None:
            yield OpaqueDelta(opaque)
        self.is_complete = True
        yield Ended()


def _add_other(delta: msgspec.Raw) -> Iterator[StreamEvent]:
    members = Members(delta)
    if "citation" in members:
        try:
            yield CitationAdded(decode_citation(members.need("citation", RAW)))
        except UnreadableError:
            pass
        else:
            return
    yield OpaqueDelta(Opaque(DIALECT, {BLOCK_DELTA: delta}), 0)


def _meaningful(opaque: Opaque | None) -> Opaque | None:
    """Without padding, and without the members that say ``null``."""
    members = {
        name: value
        for name, value in (opaque.members if opaque is not None else {}).items()
        if value != _NULL and name != _NOISE
    }
    return Opaque(DIALECT, members) if members else None
