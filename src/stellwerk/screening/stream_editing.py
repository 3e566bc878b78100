"""A streamed answer through the editing of its texts: neutral events in, neutral events out."""

from __future__ import annotations

from stellwerk.core.reply import Finish, StopReason
from stellwerk.core.stream import (
    Ended,
    Finished,
    OpaqueDelta,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    UsageReported,
)
from stellwerk.screening.answer_editing import CutError, Editing, changed, edit_opaque
from stellwerk.screening.candidate_editing import CandidateEditing


class StreamEditing:
    """A transducer that owns what is held of every candidate.

    A candidate that may not go on ends with what is said instead, and with ``content_filter``; nothing of it follows.
    """

    __slots__ = ("_candidates", "_editing", "cut")

    def __init__(self, editing: Editing) -> None:
        self._editing = editing
        self._candidates: dict[int, CandidateEditing] = {}
        self.cut: set[int] = set()
        """The candidates that were not allowed to go on."""

    def feed(self, event: StreamEvent) -> list[StreamEvent]:
        """What goes out once this has come."""
        match event:
            case Started() | UsageReported():
                return [event]
            case Ended() | StreamFault():
                return [*self.flush(), event]
            case OpaqueDelta(candidate=None):
                try:
                    return [changed(event, opaque=edit_opaque(self._editing, event.opaque))]
                except CutError:  # it is of no candidate, and is left out
                    return []
            case _:
                return self._of_candidate(event, event.candidate or 0)

    def flush(self) -> list[StreamEvent]:
        """The stream is over, whether it said so or broke off: what is held goes out as far as it may."""
        return [said for index in tuple(self._candidates) for said in self._close(index, is_last=False)]

    def _of_candidate(self, event: StreamEvent, index: int) -> list[StreamEvent]:
        if index in self.cut:
            return []
        if isinstance(event, Finished):
            out = self._close(index, is_last=True)
            return out if index in self.cut else [*out, event]
        candidate = self._candidates.get(index)
        if candidate is None:
            candidate = self._candidates[index] = CandidateEditing(self._editing, index)
        try:
            return candidate.feed(event)
        except CutError as error:
            return self._end(index, error)

    def _close(self, index: int, *, is_last: bool) -> list[StreamEvent]:
        """Ends a candidate. Calls whose arguments broke off with the stream are dropped: nobody may run them."""
        candidate = self._candidates.pop(index, None)
        if candidate is None:
            return []
        try:
            return candidate.close(is_last=is_last)
        except CutError as error:
            return self._end(index, error)

    def _end(self, index: int, error: CutError) -> list[StreamEvent]:
        self._candidates.pop(index, None)
        self.cut.add(index)
        out: list[StreamEvent] = list(error.out)
        if notice := self._editing.notice:
            out.append(RefusalDelta(notice, index))
        return [*out, Finished(Finish(StopReason.CONTENT_FILTER), index)]
