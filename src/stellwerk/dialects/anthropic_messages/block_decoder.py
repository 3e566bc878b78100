"""One streamed content block as it grows, to neutral events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import OpaquePart
from stellwerk.core.stream import (
    CitationAdded,
    OpaqueDelta,
    PartAdded,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ThinkingRedacted,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from stellwerk.dialects.anthropic_messages.citations import decode_citation
from stellwerk.dialects.anthropic_messages.tools import decode_call
from stellwerk.dialects.anthropic_messages.types import DIALECT, Members
from stellwerk.dialects.fragment import EMPTY, best_object
from stellwerk.dialects.members import RAWS, STRING, UnreadableError, refuse_reply

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOTHING = msgspec.Raw(b"")
_EMPTY = {"", "{}"}


class WireDelta(msgspec.Struct, gc=False):
    """``delta`` of a content block, of whichever kind: what a kind does not have is empty."""

    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    citation: msgspec.Raw = _NOTHING
    content: msgspec.Raw = _NOTHING
    encrypted_content: msgspec.Raw = _NOTHING


class Block:
    """A block of text, thinking or a tool call: its deltas are told as they come.

    A citation is one of the text so far: where it comes before any, it waits for the end of the block.
    """

    __slots__ = ("_call", "_citations", "_initial", "_is_empty", "_start", "kind")

    def __init__(self, kind: str, start: Iterable[StreamEvent], call: int | None = None, initial: str = "") -> None:
        self.kind = kind
        self._start = start
        self._is_empty = True
        self._citations: list[StreamEvent] = []
        self._call = call
        self._initial = initial  # arguments that came with the start of a call: only good where no others follow

    @property
    def is_call(self) -> bool:
        """Whether it is a tool call."""
        return self._call is not None

    def begin_with(self, start: Iterable[StreamEvent]) -> None:
        """Sets what the block begins with."""
        self._start = start

    def start(self) -> Iterable[StreamEvent]:
        """What the block begins with."""
        return self._start

    def read(self, delta: WireDelta) -> Iterable[StreamEvent]:
        """The events of one delta."""
        match delta.type:
            case "text_delta" if delta.text:
                self._is_empty = False
                return (TextDelta(delta.text),)
            case "input_json_delta" if self._call is not None and delta.partial_json:
                self._initial = ""
                return (ToolCallDelta(self._call, delta.partial_json),)
            case "thinking_delta" if delta.thinking:
                return (ThinkingDelta(delta.thinking),)
            case "signature_delta" if delta.signature:
                return (ThinkingSigned(delta.signature),)
            case "citations_delta" if delta.citation != _NOTHING:
                return self._cite(delta.citation)
            case _:
                return ()

    def end(self) -> Iterator[StreamEvent]:
        """The block is whole."""
        yield from self._citations
        if self._call is not None:
            if self._initial not in _EMPTY:
                yield ToolCallDelta(self._call, self._initial)
            yield ToolCallEnded(self._call)

    def _cite(self, raw: msgspec.Raw) -> Iterable[StreamEvent]:
        citation = _citation(raw)
        if self._is_empty:
            self._citations.append(citation)
            return ()
        return (citation,)


class OpaqueBlock(Block):
    """A block that only this dialect has: it is told when it is whole, with what its deltas made of it."""

    __slots__ = ("_input", "_members", "_raw")

    def __init__(self, kind: str, raw: msgspec.Raw) -> None:
        super().__init__(kind, ())
        self._raw = raw
        self._input: list[str] = []
        self._members: dict[str, msgspec.Raw] = {}

    def read(self, delta: WireDelta) -> Iterable[StreamEvent]:
        """Takes the delta in; nothing is told yet."""
        self._input.append(delta.partial_json)
        for name, value in (("content", delta.content), ("encrypted_content", delta.encrypted_content)):
            if value != _NOTHING:
                self._members[name] = value
        return ()

    def end(self) -> Iterator[StreamEvent]:
        """The block is whole. Of arguments that broke off, what is whole is kept."""
        text = "".join(self._input)
        if text:
            arguments = best_object(text)
            if arguments != EMPTY:
                self._members["input"] = arguments
        raw = self._raw
        if self._members:
            raw = msgspec.Raw(msgspec.json.encode({**_OBJECT.decode(raw), **self._members}))
        yield PartAdded(OpaquePart(DIALECT, self.kind, raw))


def open_block(raw: msgspec.Raw, calls: int) -> Block:
    """The block that ``content_block`` begins; ``calls`` is how many tool calls came before it."""
    wire = Members(raw, "content_block", refuse_reply)
    kind = wire.need("type", STRING)
    try:
        match kind:
            case "text":
                return _open_text(wire.leniently())
            case "thinking":
                return Block(kind, tuple(_start_thinking(wire.leniently())))
            case "redacted_thinking":
                return Block(kind, (ThinkingRedacted(wire.leniently().need("data", STRING)),))
            case "tool_use":
                return _open_call(wire.leniently(), calls)
            case _:
                return OpaqueBlock(kind, raw)
    except UnreadableError:
        return OpaqueBlock(kind, raw)


def _open_call(wire: Members, calls: int) -> Block:
    call = decode_call(wire)
    started = ToolCallStarted(calls, call.id, call.name, signature=call.signature, opaque=call.opaque)
    return Block("tool_use", (started,), calls, call.arguments)


def _open_text(wire: Members) -> Block:
    """A text, which nearly always begins empty."""
    block = Block("text", ())
    text = wire.take("text", STRING)
    start = [*block.read(WireDelta("text_delta", text or ""))]
    for raw in wire.take("citations", RAWS) or ():
        start += block.read(WireDelta("citations_delta", citation=raw))
    block.begin_with(start)
    return block


def _start_thinking(wire: Members) -> Iterator[StreamEvent]:
    text, signature = wire.take("thinking", STRING), wire.take("signature", STRING)
    if text:
        yield ThinkingDelta(text)
    if signature:
        yield ThinkingSigned(signature)


def _citation(raw: msgspec.Raw) -> StreamEvent:
    """A citation; one of a kind that is not known is this dialect's alone."""
    try:
        return CitationAdded(decode_citation(raw))
    except UnreadableError:
        return OpaqueDelta(Opaque(DIALECT, {"citation": raw}), 0)
