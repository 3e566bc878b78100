"""Items put together from streamed pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import OpaquePart, Part, RedactedThinking, Refusal, Text, Thinking, ToolKind
from stellwerk.core.reply import Logprobs
from stellwerk.core.stream import (
    CitationAdded,
    OpaqueDelta,
    PartAdded,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from stellwerk.dialects.members import INTEGER, RAW, STRING, UnreadableError, refuse_reply, spelled
from stellwerk.dialects.openai_responses.item_decoder import decode_output
from stellwerk.dialects.openai_responses.types import DIALECT, EVENT, ITEM, PART, Members
from stellwerk.dialects.thought_signature import decode_signature
from stellwerk.dialects.token_logprobs import decode_tokens

_TEXT, _REFUSAL, _SUMMARY, _REASONING, _ARGUMENTS, _INPUT = (
    "response.output_text",
    "response.refusal",
    "response.reasoning_summary_text",
    "response.reasoning_text",
    "response.function_call_arguments",
    "response.custom_tool_call_input",
)
_WHOLE = {
    f"{_TEXT}.done": "text",
    f"{_REFUSAL}.done": "refusal",
    f"{_SUMMARY}.done": "text",
    f"{_REASONING}.done": "text",
    f"{_ARGUMENTS}.done": "arguments",
    f"{_INPUT}.done": "input",
}
"""Events that say again what came in pieces, and the member that holds it."""
_DELTAS = {kind.removesuffix(".done") + ".delta" for kind in _WHOLE}
_OPENINGS = {"response.content_part.added", "response.reasoning_summary_part.added"}
_CLOSINGS = {"response.content_part.done", "response.reasoning_summary_part.done"}
_KNOWN = {*_WHOLE, *_DELTAS, *_OPENINGS, *_CLOSINGS}

_CALLS = {"function_call": ToolKind.FUNCTION, "custom_tool_call": ToolKind.CUSTOM}
_TOLD_IN_PIECES = ("content", "summary", "encrypted_content", "status", "arguments", "input", "type")
_NO_LOGPROBS = {b"null", b"[]"}


class StreamedItems:
    """The items of a reply in the order in which they come."""

    __slots__ = ("_calls", "_items")

    def __init__(self) -> None:
        self._items: dict[int, _Item] = {}
        self._calls = 0

    @property
    def has_calls(self) -> bool:
        """Whether the model waits for results of tools."""
        return bool(self._calls)

    def takes(self, kind: str) -> bool:
        """Whether events of this type are understood here."""
        return kind in _KNOWN

    def add(self, event: Members, data: bytes) -> Iterator[StreamEvent]:
        """``response.output_item.added``; ``data`` is the event itself."""
        item = event.within("item")
        kind = item.take("type", STRING) or ""
        state = self._items[_index(event)] = _Item(kind)
        if kind in _CALLS:
            yield from self._begin_call(state, item)
        elif kind in {"message", "reasoning"}:
            yield OpaqueDelta(_skeleton(item, kind), 0)
        else:
            yield OpaqueDelta(Opaque(DIALECT, {EVENT: msgspec.Raw(data)}), 0)

    def delta(self, kind: str, index: Any, text: str, logprobs: msgspec.Raw) -> Iterator[StreamEvent]:
        """One more piece of an item."""
        state = self._items.get(index) if type(index) is int else None
        if state is None:
            state = self._items[index if type(index) is int else 0] = _Item("")
        if kind == "response.output_text.delta":
            told = _logprobs(logprobs)
            if text or told is not None:
                state.is_said = state.is_heard = True
                yield TextDelta(text, 0, told)
        elif text:
            state.is_said = state.is_heard = True
            yield from _piece(kind.removesuffix(".delta"), text, state)

    def read(self, kind: str, event: Members) -> Iterator[StreamEvent]:
        """The other events that are understood here."""
        state = self._items.setdefault(_index(event), _Item(""))
        if kind in _OPENINGS:
            if state.is_said:
                yield OpaqueDelta(Opaque(DIALECT, spelled(PART)), 0)
            state.is_said = False
        elif kind in _WHOLE and not state.is_said:
            text = event.take(_WHOLE[kind], STRING) or ""
            if text:
                state.is_said = state.is_heard = True
                yield from _piece(kind.removesuffix(".done"), text, state)

    def close(self, event: Members) -> Iterator[StreamEvent]:
        """``response.output_item.done``."""
        yield from self._close(_index(event), event.need("item", RAW))

    def catch_up(self, output: tuple[msgspec.Raw, ...]) -> Iterator[StreamEvent]:
        """The reply is whole: says what was not streamed at all, and ends the calls that are open."""
        if not self._items:
            for index, raw in enumerate(output):
                yield from self._close(index, raw)
        for state in self._items.values():
            if state.call is not None and not state.is_closed:
                state.is_closed = True
                yield ToolCallEnded(state.call)

    def _close(self, index: int, raw: msgspec.Raw) -> Iterator[StreamEvent]:
        item = Members(raw, "item", refuse_reply)
        kind = item.take("type", STRING) or ""
        state = self._items.get(index)
        if state is None:
            state = self._items[index] = _Item(kind)
            if kind in {"message", "reasoning"}:
                yield OpaqueDelta(_skeleton(Members(raw), kind), 0)
        if state.is_closed:
            return
        state.is_closed = True
        if kind in _CALLS:
            yield from self._close_call(state, item, kind)
        elif kind in {"message", "reasoning"}:
            for part in decode_output(raw, "item", refuse_reply):
                yield from _say(part, is_heard=state.is_heard)
        else:
            yield PartAdded(OpaquePart(DIALECT, kind, raw))

    def _begin_call(self, state: _Item, item: Members) -> Iterator[StreamEvent]:
        """Starts a call as soon as it has a name and an id."""
        if not (_is_word(item.peek("call_id")) and _is_word(item.peek("name"))):
            return
        identity, name = item.need("call_id", STRING), item.need("name", STRING)
        signature, _ = decode_signature(Members(msgspec.json.encode({"extra_content": item.peek("extra_content")})))
        for member in ("extra_content", *_TOLD_IN_PIECES):
            item.take(member, RAW)
        state.call = self._calls
        self._calls += 1
        yield ToolCallStarted(state.call, identity, name, _CALLS[state.kind], signature, opaque=item.marked())

    def _close_call(self, state: _Item, item: Members, kind: str) -> Iterator[StreamEvent]:
        arguments = item.take("arguments" if kind == "function_call" else "input", STRING) or ""
        state.kind = kind
        if state.call is None:
            state.is_said = False
            yield from self._begin_call(state, item)
        if state.call is None:
            raise UnreadableError("a call without name or id")
        if arguments and not state.is_said:
            yield ToolCallDelta(state.call, arguments)
        yield ToolCallEnded(state.call)


class _Item:
    """One item as far as it has come. ``is_said`` is of its last part, ``is_heard`` of any of them."""

    __slots__ = ("call", "is_closed", "is_heard", "is_said", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.call: int | None = None
        self.is_said = False
        self.is_heard = False
        self.is_closed = False


def _piece(kind: str, text: str, state: _Item) -> Iterator[StreamEvent]:
    """A piece of what ``kind`` names; of a call that nobody announced it comes when the call is whole."""
    if kind == _TEXT:
        yield TextDelta(text)
    elif kind == _REFUSAL:
        yield RefusalDelta(text)
    elif kind == _SUMMARY:
        yield ThinkingDelta(text, is_summary=True)
    elif kind == _REASONING:
        yield ThinkingDelta(text)
    elif state.call is not None:
        yield ToolCallDelta(state.call, text)


def _say(part: Part, *, is_heard: bool) -> Iterator[StreamEvent]:
    """A part that is whole: all of it, or what streams say of it only at its end."""
    match part:
        case Text() if not is_heard:
            yield TextDelta(part.text)
            for citation in part.citations:
                yield CitationAdded(citation)
        case Refusal() if not is_heard:
            yield RefusalDelta(part.text)
        case Thinking():
            if part.text and not is_heard:
                yield ThinkingDelta(part.text, is_summary=part.is_summary)
            if part.signature is not None:
                yield ThinkingSigned(part.signature)
        case RedactedThinking():
            yield ThinkingSigned(part.data)
        case OpaquePart() if not is_heard:
            yield PartAdded(part)
        case _:
            pass


def _skeleton(item: Members, kind: str) -> Opaque:
    """What an item says at its beginning."""
    for name in _TOLD_IN_PIECES:
        item.take(name, RAW)
    begun = item.marked(type=msgspec.Raw(msgspec.json.encode(kind)))
    return Opaque(DIALECT, {ITEM: begun})


def _logprobs(raw: msgspec.Raw) -> Logprobs | None:
    if bytes(raw) in _NO_LOGPROBS:
        return None
    try:
        return Logprobs(decode_tokens(Members(b'{"content":' + bytes(raw) + b"}"), "content"))
    except UnreadableError:
        return None


def _index(event: Members) -> int:
    return event.take("output_index", INTEGER) or 0


def _is_word(raw: msgspec.Raw) -> bool:
    return bytes(raw).startswith(b'"') and bytes(raw) != b'""'
