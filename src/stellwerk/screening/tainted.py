"""Keeps an answer from calling tools that untrusted text may have talked it into."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from stellwerk.core.part import Refusal, ToolCall
from stellwerk.core.reply import Candidate, Finish, Reply, StopReason
from stellwerk.core.stream import Finished, RefusalDelta, StreamEvent, ToolCallStarted

NOTICE = "The answer was stopped: it calls a tool after a text that looks like an attack."
ANY = "*"


class TaintedTools:
    """A transducer of one answer's events: a candidate that calls a tool which is not ``allowed`` ends there."""

    __slots__ = ("_allowed", "cut")

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(allowed)
        self.cut: set[int] = set()
        """The candidates that were ended."""

    def feed(self, event: StreamEvent) -> list[StreamEvent]:
        """What goes on of it."""
        candidate = getattr(event, "candidate", None)
        if candidate in self.cut:
            return []
        if isinstance(event, ToolCallStarted) and not self._may(event.name):
            self.cut.add(event.candidate)
            finish = Finish(StopReason.CONTENT_FILTER)
            return [RefusalDelta(NOTICE, event.candidate), Finished(finish, event.candidate)]
        return [event]

    def reply(self, reply: Reply) -> Reply:
        """The same of a whole answer."""
        return msgspec.structs.replace(reply, candidates=tuple(map(self._candidate, reply.candidates)))

    def _may(self, tool: str) -> bool:
        return tool in self._allowed or ANY in self._allowed

    def _candidate(self, candidate: Candidate) -> Candidate:
        parts = candidate.message.parts
        stop = next(
            (place for place, part in enumerate(parts) if isinstance(part, ToolCall) and not self._may(part.name)), None
        )
        if stop is None:
            return candidate
        self.cut.add(candidate.index)
        message = msgspec.structs.replace(candidate.message, parts=(*parts[:stop], Refusal(NOTICE)))
        return msgspec.structs.replace(
            candidate, message=message, finish=Finish(StopReason.CONTENT_FILTER), logprobs=None
        )
