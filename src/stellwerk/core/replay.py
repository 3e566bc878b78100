"""A streamed answer from a whole one, and a whole one from a streamed one: nothing is lost but when it came."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stellwerk.core import reply_items
from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Document,
    Image,
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    Video,
)
from stellwerk.core.reply import Candidate, Finish, Logprobs, Reply, StopReason, TokenLogprob
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


def events_of(reply: Reply) -> list[StreamEvent]:
    """A whole answer as the events of a stream."""
    events: list[StreamEvent] = [Started(reply.id, reply.model, reply.created_s, reply.service_tier, reply.opaque)]
    for candidate in reply.candidates:
        events += _said(candidate)
    for candidate in reply.candidates:
        finish = candidate.finish or Finish(StopReason.END)
        events.append(Finished(finish, candidate.index, candidate.opaque))
    if reply.usage is not None:
        events.append(UsageReported(reply.usage, reply.usage_opaque))
    events.append(Ended())
    return events


def gather(events: Iterable[StreamEvent]) -> Reply | None:
    """The whole answer that a stream has told; ``None`` for one that has not ended, or ended in an error."""
    whole = _Gathering()
    for event in events:
        whole.take(event)
    return whole.reply()


class _Gathering:
    """An answer as far as it has been told."""

    def __init__(self) -> None:
        self._started: Started | None = None
        self._candidates: dict[int, _Gathered] = {}
        self._usage = UsageReported(Usage())
        self._has_usage = self._is_whole = self._is_faulty = False

    def take(self, event: StreamEvent) -> None:
        match event:
            case Started():
                self._started = self._started or event
            case UsageReported():
                self._usage, self._has_usage = event, True
            case Ended():
                self._is_whole = True
            case StreamFault() | AudioDelta():  # pieces of sound cannot be told from one another afterwards
                self._is_faulty = True
            case OpaqueDelta(candidate=None):
                pass  # of an event that there is none of in a whole answer
            case _:
                self._candidates.setdefault(event.candidate or 0, _Gathered()).take(event)

    def reply(self) -> Reply | None:
        if self._started is None or not self._is_whole or self._is_faulty:
            return None
        started, usage = self._started, self._usage
        return Reply(
            started.id,
            started.model,
            tuple(one.candidate(index) for index, one in sorted(self._candidates.items())),
            started.created_s,
            usage.usage if self._has_usage else None,
            usage.opaque,
            started.service_tier,
            started.opaque,
        )


class _Gathered:
    """One candidate as far as it has been told. Its last part grows until another one begins."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._calls: dict[int, int] = {}
        """Where tool calls stand among the parts."""
        self._opaque: Opaque | None = None
        self._begun: OpaqueDelta | None = None
        """What begins with the next part, whatever the last one was."""
        self._finished: Finished | None = None
        self._said: list[TokenLogprob] = []
        self._refused: list[TokenLogprob] = []

    def take(self, event: StreamEvent) -> None:
        match event:
            case TextDelta() | RefusalDelta():
                self._weigh(event.logprobs)
                self._say(event)
            case ThinkingDelta() | ThinkingSigned():
                self._think(event)
            case ThinkingRedacted():
                self._parts.append(RedactedThinking(event.data))
            case ToolCallStarted():
                self._leave_item()
                self._calls[event.call] = len(self._parts)
                self._parts.append(ToolCall(event.id, event.name, "", event.kind, event.signature, opaque=event.opaque))
            case ToolCallDelta():
                self._add(event)
            case PartAdded():
                self._leave_item()
                self._parts.append(event.part)
            case _:
                self._note(event)

    def candidate(self, index: int) -> Candidate:
        self._leave_item()
        message = Message(Role.ASSISTANT, tuple(self._parts), opaque=self._opaque)
        finished, said, refused = self._finished, tuple(self._said), tuple(self._refused)
        logprobs = Logprobs(said or None, refused or None) if said or refused else None
        if finished is None:
            return Candidate(message, index, None, logprobs)
        return Candidate(message, index, finished.finish, logprobs, finished.opaque)

    @property
    def _last(self) -> Part | None:
        return self._parts[-1] if self._parts else None

    def _say(self, event: TextDelta | RefusalDelta) -> None:
        last, kind = self._last, Text if isinstance(event, TextDelta) else Refusal
        if self._begun is None and isinstance(last, kind) and not getattr(last, "citations", ()):
            self._parts[-1] = msgspec.structs.replace(last, text=last.text + event.text)
        elif event.text:
            self._parts.append(kind(event.text, opaque=reply_items.of_text(self._begun)))
            self._begun = None

    def _think(self, event: ThinkingDelta | ThinkingSigned) -> None:
        last, begun = self._last, self._begun
        opened = last if begun is None and isinstance(last, Thinking) and last.signature is None else None
        self._begun = None
        if isinstance(event, ThinkingSigned):
            if opened is not None:
                self._parts[-1] = msgspec.structs.replace(opened, signature=event.signature)
            else:
                signed = msgspec.structs.replace(reply_items.thinking(begun), signature=event.signature)
                self._parts.append(signed)
        elif opened is not None and opened.is_summary == event.is_summary:
            self._parts[-1] = msgspec.structs.replace(opened, text=opened.text + event.text)
        elif begun is not None:
            self._parts.append(reply_items.thinking(begun, event.text, is_summary=event.is_summary))
        else:
            self._parts.append(Thinking(event.text, is_summary=event.is_summary, opaque=event.opaque))

    def _note(self, event: StreamEvent) -> None:
        last = self._last
        if isinstance(event, CitationAdded) and isinstance(last, Text):
            self._parts[-1] = msgspec.structs.replace(last, citations=(*last.citations, event.citation))
        elif isinstance(event, OpaqueDelta) and reply_items.begins(event):
            self._leave_item()
            self._begun = event
        elif isinstance(event, OpaqueDelta):
            self._opaque = event.opaque
        elif isinstance(event, Finished):
            self._finished = event

    def _leave_item(self) -> None:
        begun, self._begun = self._begun, None
        if begun is not None and reply_items.is_of_thinking(begun):  # of which nothing was shown
            self._parts.append(reply_items.thinking(begun))

    def _add(self, event: ToolCallDelta) -> None:
        at = self._calls.get(event.call)
        if at is not None and isinstance(call := self._parts[at], ToolCall):
            self._parts[at] = msgspec.structs.replace(call, arguments=call.arguments + event.arguments)

    def _weigh(self, logprobs: Logprobs | None) -> None:
        if logprobs is not None:
            self._said += logprobs.content or ()
            self._refused += logprobs.refusal or ()


def _said(candidate: Candidate) -> list[StreamEvent]:
    """What a candidate says, part by part."""
    at, events, calls, logprobs = candidate.index, list[StreamEvent](), 0, candidate.logprobs
    last: Part | None = None
    for part in candidate.message.parts:
        events += reply_items.opening(part, last, at)
        last = part
        match part:
            case Text():
                own, logprobs = logprobs, None  # they are told with the first text
                events.append(TextDelta(part.text, at, own))
                events += (CitationAdded(citation, at) for citation in part.citations)
            case Refusal():
                own, logprobs = logprobs, None
                events.append(RefusalDelta(part.text, at, own))
            case Thinking():
                if part.text:
                    events.append(ThinkingDelta(part.text, at, part.opaque, part.is_summary))
                if part.signature is not None:
                    events.append(ThinkingSigned(part.signature, at))
            case RedactedThinking():
                events.append(ThinkingRedacted(part.data, at))
            case ToolCall():
                started = ToolCallStarted(calls, part.id, part.name, part.kind, part.signature, at, part.opaque)
                events += (started, ToolCallDelta(calls, part.arguments, at)) if part.arguments else (started,)
                events.append(ToolCallEnded(calls, at))
                calls += 1
            case Image() | Audio() | Video() | Document() | OpaquePart():
                events.append(PartAdded(part, at))
            case _:
                pass  # an answer holds no results, of tools or of a search
    if candidate.message.opaque is not None:
        events.append(OpaqueDelta(candidate.message.opaque, at))
    return events
