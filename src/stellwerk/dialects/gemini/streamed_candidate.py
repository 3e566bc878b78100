"""One candidate of a stream: its parts, and what they rest on, as neutral events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Audio, Document, Image, OpaquePart, Part, Text, Thinking, ToolCall, Video
from stellwerk.core.reply import Finish, Logprobs
from stellwerk.core.stream import (
    CitationAdded,
    OpaqueDelta,
    PartAdded,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from stellwerk.dialects.gemini.finish import decode_finish
from stellwerk.dialects.gemini.grounding import GROUNDING, take_grounding
from stellwerk.dialects.gemini.types import DIALECT, Members

PART = "part"
"""Names, in an opaque delta of a candidate, a part that goes back as it came."""

_NULL = msgspec.Raw(b"null")


class StreamedCandidate:
    """One answer as far as it has come."""

    __slots__ = ("_cited", "calls", "index", "said", "texts", "word")

    def __init__(self, index: int) -> None:
        self.index = index
        self.calls = 0
        self.texts: list[str] = []
        self.word: str | None = None  # the last finish reason: some hosts say it in every chunk
        self.said: dict[str, msgspec.Raw | Opaque] = {}
        self._cited: set[Any] = set()

    @property
    def finish(self) -> Finish | None:
        """Why the candidate ended, as far as is known by now."""
        return decode_finish(self.word, has_calls=self.calls > 0)

    def read(self, part: Part, logprobs: Logprobs | None) -> Iterator[StreamEvent]:
        """The events that one part is."""
        match part:
            case Text():
                if part.text or logprobs is not None:
                    self.texts.append(part.text)
                    yield TextDelta(part.text, self.index, logprobs)
                if part.signature is not None:
                    signed = msgspec.json.encode({"text": "", "thoughtSignature": part.signature})
                    yield OpaqueDelta(Opaque(DIALECT, {PART: msgspec.Raw(signed)}), self.index)
            case Thinking():
                if part.text:
                    yield ThinkingDelta(part.text, self.index, is_summary=True)
                if part.signature is not None:
                    yield ThinkingSigned(part.signature, self.index)
            case ToolCall():
                yield from self._call(part)
            case Image() | Audio() | Video() | Document() | OpaquePart():
                yield PartAdded(part, self.index)
            case _:
                raise AssertionError("unreachable")

    def ground(self, wire: Members) -> Iterator[StreamEvent]:
        """What the text so far rests on: chunks may tell it again and again, with more in it."""
        raw = wire.peek(GROUNDING)
        if raw == _NULL or self.said.get(GROUNDING) == raw:
            return
        cited, kept = take_grounding(wire, {0: "".join(self.texts)})
        for citation in cited.get(0, ()):
            told = (citation.url, citation.start, citation.end)
            if told not in self._cited:
                self._cited.add(told)
                yield CitationAdded(citation, self.index)
        if kept is not None:
            self.said[GROUNDING] = raw
            yield OpaqueDelta(Opaque(DIALECT, {GROUNDING: raw}), self.index)

    def _call(self, call: ToolCall) -> Iterator[StreamEvent]:
        number, self.calls = self.calls, self.calls + 1
        yield ToolCallStarted(number, call.id, call.name, call.kind, call.signature, self.index, call.opaque)
        if call.arguments:
            yield ToolCallDelta(number, call.arguments, self.index)
        yield ToolCallEnded(number, self.index)


def news_of(opaque: Opaque | None, said: dict[str, msgspec.Raw | Opaque]) -> Opaque | None:
    """Members that an earlier chunk has not said already in the same words."""
    if opaque is None:
        return None
    fresh = {name: value for name, value in opaque.members.items() if said.get(name) != value}
    said.update(fresh)
    return Opaque(DIALECT, fresh) if fresh else None
