"""Neutral events to streamed events of this dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Image, InlineSource, OpaquePart
from stellwerk.core.stream import (
    AudioDelta,
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    PartAdded,
    RefusalDelta,
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
from stellwerk.dialects.openai_responses.called_item import CalledItem
from stellwerk.dialects.openai_responses.errors import encode_event
from stellwerk.dialects.openai_responses.finish import is_cut
from stellwerk.dialects.openai_responses.identity import invent, invent_redacted
from stellwerk.dialects.openai_responses.reply_frame import ReplyFrame
from stellwerk.dialects.openai_responses.spoken_item import REASONING, REFUSAL, SUMMARY, TEXT, Form, SpokenItem, Told
from stellwerk.dialects.openai_responses.types import DIALECT, EVENT, ITEM, PART, own

_ADDED, _DONE = "response.output_item.added", "response.output_item.done"
_MESSAGE = msgspec.Raw(b'"message"')
_TAIL = b',"sequence_number":%d}\n\n'
_TEXT_TAIL = b',"logprobs":[]' + _TAIL
_json = msgspec.json.Encoder().encode


class EventEncoder:
    """A transducer from neutral events to bytes, whose events are well-formed whatever comes in.

    Items open and close in order with all their parts, numbers run from 0, and the closing event holds the response
    that ``response.encode`` would give. A fault is a ``response.failed``. Only the first candidate is said: the dialect
    has no others.
    """

    __slots__ = (
        "_calls",
        "_ended",
        "_frame",
        "_is_over",
        "_number",
        "_output",
        "_raw",
        "_spoken",
    )

    def __init__(self) -> None:
        self._number = 0
        self._frame = ReplyFrame()
        self._is_over = False
        self._output: list[Any] = []  # items that are closed, and those that are open in their place
        self._spoken: SpokenItem | None = None
        self._calls: dict[int, CalledItem] = {}
        self._ended: list[CalledItem] = []  # whole, unless the answer turns out to be cut
        self._raw: dict[bytes, int] = {}  # positions of items that are handed on as they come, by id

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; none for what this dialect has no word for."""
        spoken = self._spoken
        # Most of what ever comes.
        if type(event) is TextDelta and spoken is not None and spoken.form is TEXT and not event.logprobs:
            return b"" if event.candidate else self._more(spoken, event.text)
        if self._is_over or getattr(event, "candidate", None):
            return b""
        is_begun = self._frame.is_begun or isinstance(event, StreamFault)
        out = b"" if is_begun else self._send(self._frame.begin(event))
        if not isinstance(event, ToolCallEnded | Finished | UsageReported | StreamFault | Ended):
            out += self._close_calls()
        return out + self._feed(event)

    def flush(self) -> bytes:
        """Nothing is ever held back that could be said: a stream that was cut off is ended by whoever notices it."""
        return b""

    def _feed(self, event: StreamEvent) -> bytes:
        match event:
            case UsageReported():
                self._frame.count(event)
                return b""
            case StreamFault():
                return self._fail(event)
            case Ended():
                return self._end()
            case _ if self._frame.is_finished:
                return b""
            case Finished():
                self._frame.complete(event)
                return self._close_all()
            case TextDelta() | RefusalDelta():
                return self._speak(event)
            case ThinkingDelta():
                spoken, out = self._open(SUMMARY if event.is_summary else REASONING)
                return out + self._more(spoken, event.text)
            case ThinkingSigned():
                return self._sign(event.signature)
            case CitationAdded():
                spoken, out = self._open(TEXT)
                return out + self._send([spoken.cite(event.citation)])
            case _:
                return self._feed_item(event)

    def _feed_item(self, event: StreamEvent) -> bytes:
        match event:
            case AudioDelta(transcript=str(text)) if text:
                return self._speak(TextDelta(text))
            case ToolCallStarted():
                return self._call(event)
            case ToolCallDelta() if event.call in self._calls:
                return self._send(self._calls[event.call].more(event.arguments))
            case ToolCallEnded() if event.call in self._calls:
                self._ended.append(self._calls.pop(event.call))
                return b""
            case ThinkingRedacted():
                item_id = invent_redacted(self._frame.id, len(self._output))
                item = {"id": item_id, "type": "reasoning", "summary": [], "encrypted_content": event.data}
                return self._whole({**item, "encrypted_content": None}, item)
            case PartAdded(part=Image(source=InlineSource() as source)):
                image = {"id": invent("ig", self._frame.id, len(self._output)), "type": "image_generation_call"}
                begun = {**image, "status": "in_progress", "result": None}
                return self._whole(begun, {**image, "status": "completed", "result": source.data})
            case PartAdded(part=OpaquePart() as part) if part.dialect == DIALECT:
                return self._hand_on(part.raw)
            case OpaqueDelta():
                return self._feed_own(own(event.opaque) or {})
            case _:
                return b""

    def _feed_own(self, members: Mapping[str, msgspec.Raw | Opaque]) -> bytes:
        """What only this dialect says: an item begins, another part of it does, or an event is handed on."""
        begun, event = members.get(ITEM), members.get(EVENT)
        if isinstance(begun, Opaque):
            return self._begin(is_message=begun.members.get("type") == _MESSAGE, begun=begun)[1]
        if PART in members and self._spoken is not None:
            return self._send(self._spoken.close_part())
        return self._hand_on_event(event) if isinstance(event, msgspec.Raw) else b""

    def _speak(self, event: TextDelta | RefusalDelta) -> bytes:
        spoken, out = self._open(REFUSAL if isinstance(event, RefusalDelta) else TEXT)
        if event.logprobs is None or spoken.form is REFUSAL:
            return out + self._more(spoken, event.text)
        return out + self._send([spoken.weigh(event.text, event.logprobs)])

    def _more(self, spoken: SpokenItem, text: str) -> bytes:
        """A delta event, put together from what stays the same and the text."""
        spoken.pieces.append(text)
        number = self._number
        self._number = number + 1
        tail = _TEXT_TAIL if spoken.form is TEXT else _TAIL
        return spoken.delta_head + _json(text) + tail % number

    def _open(self, form: Form) -> tuple[SpokenItem, bytes]:
        """The open item, with a part of this form open in it."""
        spoken, out = self._spoken, b""
        if spoken is None or spoken.is_message != (form in {TEXT, REFUSAL}):
            spoken, out = self._begin(is_message=form in {TEXT, REFUSAL})
        return spoken, out if spoken.form is form else out + self._send(spoken.open(form))

    def _begin(self, *, is_message: bool, begun: Opaque | None = None) -> tuple[SpokenItem, bytes]:
        out = self._close_spoken()
        position = len(self._output)
        spoken = SpokenItem(is_message=is_message, reply_id=self._frame.id, position=position, begun=begun)
        self._spoken = spoken
        self._output.append(spoken)
        return spoken, out + self._send([spoken.added()])

    def _sign(self, signature: str) -> bytes:
        spoken, out = self._spoken, b""
        if spoken is None or spoken.is_message:
            spoken, out = self._begin(is_message=False)
        spoken.secret = signature
        return out + self._close_spoken()

    def _call(self, event: ToolCallStarted) -> bytes:
        out = self._close_spoken()
        if event.call in self._calls:
            out += self._close(self._calls.pop(event.call))
        call = CalledItem(event, self._frame.id, len(self._output))
        self._calls[event.call] = call
        self._output.append(call)
        return out + self._send([call.added()])

    def _whole(self, begun: Any, item: Any) -> bytes:
        """An item that comes at once."""
        out = self._close_spoken()
        place = {"output_index": len(self._output)}
        self._output.append(item)
        return out + self._send([(_ADDED, {**place, "item": begun}), (_DONE, {**place, "item": item})])

    def _hand_on(self, raw: msgspec.Raw) -> bytes:
        """An item of this dialect's own, whose beginning may have been handed on before."""
        identity = _identity(msgspec.json.decode(raw))
        position = self._raw.pop(identity, None)
        spoken = self._spoken
        if spoken is not None and spoken.is_silent and _identity(spoken.whole(is_cut=False)) == identity:
            position, self._spoken = spoken.position, None
        if position is None:
            return self._whole(raw, raw)
        self._output[position] = raw
        return self._send([(_DONE, {"output_index": position, "item": raw})])

    def _hand_on_event(self, raw: msgspec.Raw) -> bytes:
        event = msgspec.json.decode(raw)
        kind, out = event.pop("type"), b""
        if kind == _ADDED:
            out = self._close_spoken()
            self._raw[_identity(event["item"])] = event["output_index"] = len(self._output)
            self._output.append(event["item"])
        elif (place := _identity({"id": event.get("item_id")})) in self._raw:
            event["output_index"] = self._raw[place]
        return out + self._send([(kind, event)])

    def _close_all(self) -> bytes:
        """Closes what is open; an answer that is cut is so within its last item."""
        out, last = b"", self._output[-1] if self._output else None
        for item in self._output:
            if isinstance(item, SpokenItem | CalledItem):
                out += self._close(item, is_cut=item is last and is_cut(self._frame.finish))
        self._spoken = None
        self._calls, self._ended = {}, []
        return out

    def _close(self, item: SpokenItem | CalledItem, *, is_cut: bool = False) -> bytes:
        self._output[item.position] = item
        out = self._send(item.close(is_cut=is_cut))
        self._output[item.position] = item.whole(is_cut=is_cut)
        return out

    def _close_spoken(self) -> bytes:
        spoken, self._spoken = self._spoken, None
        return b"" if spoken is None else self._close(spoken)

    def _close_calls(self) -> bytes:
        ended, self._ended = self._ended, []
        return b"".join([self._close(call) for call in ended])

    def _end(self) -> bytes:
        out = b"" if self._frame.is_finished else self._close_all()
        self._is_over = True
        return out + self._send([self._frame.end(self._output)])

    def _fail(self, event: StreamFault) -> bytes:
        self._is_over = True
        self._spoken = None
        if not self._frame.is_begun:
            return encode_event(event.message, event.code, None, self._number)
        output = [
            item.whole(is_cut=True) if isinstance(item, SpokenItem | CalledItem) else item for item in self._output
        ]
        return self._send([self._frame.fail(event, output)])

    def _send(self, told: Iterable[Told]) -> bytes:
        out = []
        for kind, members in told:
            payload = {"type": kind, **members, "sequence_number": self._number}
            self._number += 1
            out.append(sse.encode(_json(payload), kind))
        return b"".join(out)


def _identity(item: Any) -> bytes:
    return _json(item.get("id"))
