"""A streamed answer on its way through its request's guard: event by event, and into the request's report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from stellwerk.core.stream import AudioDelta, CitationAdded, Ended, StreamEvent, ToolCallDelta

if TYPE_CHECKING:
    from stellwerk.gateway.dialect import Decoder
    from stellwerk.gateway.watcher import Watcher
    from stellwerk.screening.stream_editing import StreamEditing
    from stellwerk.screening.stream_guard import StreamGuard
    from stellwerk.screening.tainted import TaintedTools

Said: TypeAlias = dict[tuple[int, object], list[str]]
"""Pieces of an answer's texts, by candidate and kind."""


def _says(event: StreamEvent) -> str:
    """What an event adds to what is said."""
    match event:
        case ToolCallDelta():
            return event.arguments
        case AudioDelta():
            return event.transcript or ""
        case CitationAdded():
            return event.citation.cited_text or ""
        case _:
            return getattr(event, "text", "")


class Watched:
    """A decoder whose events are looked at. Once every answer has been cut, the provider is not listened to further."""

    __slots__ = ("_decoder", "_guard", "_is_over", "_restorer", "_said", "_tools", "_watcher", "is_cut")

    def __init__(
        self,
        decoder: Decoder,
        tools: TaintedTools | None,
        guard: StreamGuard | None,
        restorer: StreamEditing | None,
        watcher: Watcher,
    ) -> None:
        self._decoder = decoder
        self._tools = tools
        self._guard = guard
        self._restorer = restorer
        self._watcher = watcher
        self._said: Said = {}
        self._is_over = False
        watcher.report.unfinished.append(self._note_so_far)
        self.is_cut = False
        """Whether the stream has been ended before the provider has."""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """What the caller may see. Raises ``UpstreamInvalid``."""
        return [] if self._is_over else self._pass(self._decoder.feed(data))

    def flush(self) -> list[StreamEvent]:
        """The stream has ended."""
        return [] if self._is_over else [*self._pass(self._decoder.flush()), *self._rest()]

    def _rest(self) -> list[StreamEvent]:
        """What was held of a stream that broke off."""
        if self._is_over:
            return []
        rest = self._restored(self._heard(self._guard.flush() if self._guard is not None else []))
        self._end()
        return [*rest, *(self._restorer.flush() if self._restorer is not None else ())]

    def _heard(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """The same events: what they say is kept, as it would go to the caller, but with stand-ins."""
        if self._watcher.is_heard:
            for event in events:
                if text := _says(event):
                    self._said.setdefault((getattr(event, "candidate", 0), type(event)), []).append(text)
        return events

    def _restored(self, events: Iterable[StreamEvent]) -> list[StreamEvent]:
        """The events with the caller's values in the places of their stand-ins."""
        if self._restorer is None:
            return list(events)
        return [restored for event in events for restored in self._restorer.feed(event)]

    def _pass(self, events: list[StreamEvent]) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        for event in events:
            for allowed in self._tools.feed(event) if self._tools is not None else (event,):
                out += self._restored(self._heard(self._guard.feed(allowed) if self._guard is not None else [allowed]))
            if isinstance(event, Ended):
                self._end()
            elif self._count_of_cut() >= self._watcher.choices:
                self.is_cut = True
                out += self._restored((Ended(),))
                self._end()
                break
        return out

    def _count_of_cut(self) -> int:
        cut: set[int] = set()
        for one in (self._tools, self._guard):
            cut |= one.cut if one is not None else set()
        return len(cut)

    def _note_so_far(self) -> None:
        """The stream is not over, and nobody will hear the rest: what was found is told, and nothing has passed."""
        if not self._is_over and self._guard is not None:
            self._is_over = True
            self._watcher.note(self._guard.verdicts, is_whole=False)

    def _end(self) -> None:
        self._is_over = True
        self._watcher.hear(self._said)
        if self._guard is not None:
            self._watcher.note(self._guard.verdicts)
