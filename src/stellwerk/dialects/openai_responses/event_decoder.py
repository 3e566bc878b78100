"""Streamed events of this dialect to neutral events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
    UsageReported,
)
from stellwerk.dialects import sse
from stellwerk.dialects.members import RAW, RAWS, STRING, UnreadableError, refuse_reply
from stellwerk.dialects.openai_responses.citations import decode_citation
from stellwerk.dialects.openai_responses.errors import read_error
from stellwerk.dialects.openai_responses.response import search_count, take_finish, take_frame
from stellwerk.dialects.openai_responses.streamed_items import StreamedItems
from stellwerk.dialects.openai_responses.types import DIALECT, EVENT, Members, own
from stellwerk.dialects.openai_responses.usage import decode_usage, searches_in
from stellwerk.errors import UpstreamInvalid

_NULL = msgspec.Raw(b"null")
_BROKEN_OFF = "The provider broke the stream off with an error."
_OUTSIDE = {"error", "", "keepalive", "ping"}
_IGNORED = {"response.created", "response.in_progress", "response.queued", *_OUTSIDE}


class _Delta(msgspec.Struct, gc=False):
    """What most events are made of."""

    type: str = ""
    output_index: Any = 0
    delta: Any = None
    logprobs: msgspec.Raw = _NULL


_read_delta = msgspec.json.Decoder(_Delta).decode


class EventDecoder:
    """A transducer from bytes to neutral events. ``is_complete`` says whether the closing event has come."""

    __slots__ = ("_events", "_is_over", "_is_started", "_items", "is_complete")

    def __init__(self, *, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        self._events = sse.Decoder(max_event_bytes=max_event_bytes)
        self._is_started = False
        self._is_over = False
        self._items = StreamedItems()

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The neutral events that these bytes complete. Raises ``UpstreamInvalid`` for what is not the dialect's."""
        return [neutral for event in self._events.feed(data) for neutral in self._read(event)]

    def flush(self) -> list[StreamEvent]:
        """The stream has ended. A last event without its empty line counts when it is whole."""
        return sse.read_rest(self._events, self._read)

    def _read(self, event: sse.Event) -> Iterator[StreamEvent]:
        # Some hosts close the connection's stream as they do in chat.
        if self._is_over or event.data.strip() == b"[DONE]":
            return
        try:
            wire = _read_delta(event.data)
            if type(wire.delta) is str and self._is_started and self._items.takes(wire.type):
                yield from self._items.delta(wire.type, wire.output_index, wire.delta, wire.logprobs)
            else:
                yield from self._read_event(wire.type, event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, UnreadableError, RecursionError) as error:
            raise UpstreamInvalid(f"The provider's stream holds an event that cannot be read: {error}.") from None

    def _read_event(self, kind: str, data: bytes) -> Iterator[StreamEvent]:
        event = Members(data, refuse=refuse_reply)
        if not self._is_started and kind not in _OUTSIDE:
            yield self._start(event)
        match kind:
            case "response.completed" | "response.incomplete":
                yield from self._read_end(event)
            case "response.failed":
                yield from self._read_failure(event)
            case "error" | "":
                yield from self._read_error(event)
            case "response.output_item.added":
                yield from self._items.add(event, data)
            case "response.output_item.done":
                yield from self._items.close(event)
            case "response.output_text.annotation.added":
                yield CitationAdded(decode_citation(event.peek("annotation")))
            case _ if self._items.takes(kind):
                yield from self._items.read(kind, event)
            case _ if kind not in _IGNORED:
                yield OpaqueDelta(Opaque(DIALECT, {EVENT: msgspec.Raw(data)}), 0)

    def _start(self, event: Members) -> Started:
        self._is_started = True
        if not bytes(event.peek("response")).startswith(b"{"):
            return Started("", "")
        response = Members(event.peek("response"), "response", refuse_reply)  # it may be the last event too
        for name in ("output", "status", "usage", "error", "incomplete_details", "completed_at"):
            response.take(name, RAW)
        frame = take_frame(response, response.take("id", STRING) or "", ())
        return Started(frame.id, frame.model, frame.created_s, frame.service_tier, frame.opaque)

    def _read_end(self, event: Members) -> Iterator[StreamEvent]:
        response = event.within("response")
        output = response.take("output", RAWS) or ()
        yield from self._items.catch_up(output)
        finish = take_finish(response, has_calls=self._items.has_calls)
        response.take("id", STRING)
        tier = response.peek("service_tier")
        frame = take_frame(response, "", (), search_count(output))
        kept = {} if tier == _NULL else {"service_tier": tier}
        yield Finished(finish, 0, Opaque(DIALECT, {**(own(frame.opaque) or {}), **kept}))
        if frame.usage is not None:
            yield UsageReported(frame.usage, frame.usage_opaque)
        self.is_complete = self._is_over = True
        yield Ended()

    def _read_failure(self, event: Members) -> Iterator[StreamEvent]:
        response = event.within("response")
        usage = msgspec.json.decode(response.peek("usage"))
        if type(usage) is dict:
            output, tier = (msgspec.json.decode(response.peek(name)) for name in ("output", "service_tier"))
            told = decode_usage(usage, searches_in(output), tier)
            yield UsageReported(told, Opaque(DIALECT, {"usage": response.peek("usage")}))
        message, code, _ = read_error(msgspec.json.decode(response.peek("error")))
        self.is_complete = self._is_over = True
        yield StreamFault(message or _BROKEN_OFF, code)

    def _read_error(self, event: Members) -> Iterator[StreamEvent]:
        """An ``error`` event, also within an ``error`` member; of anything else nothing is said."""
        nested = msgspec.json.decode(event.peek("error"))
        if "type" not in event and not nested:
            return
        told: Any = nested or {name: msgspec.json.decode(event.peek(name)) for name in ("message", "code", "param")}
        message, code, _ = read_error(told)
        self._is_over = True
        yield StreamFault(message or _BROKEN_OFF, code)
