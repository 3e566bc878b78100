"""The guard of answers: what its checks object to does not reach the caller, whether it is streamed or whole."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from stellwerk.core.part import ToolKind
from stellwerk.core.reply import Candidate, Reply
from stellwerk.core.stream import Ended, Finished, StreamEvent, StreamFault
from stellwerk.core.verdict import Action, Verdict
from stellwerk.screening.answer_editing import CutError, Kind
from stellwerk.screening.edits import apply
from stellwerk.screening.holding import WHOLE, Hold, Notes, Screener
from stellwerk.screening.judging import Judgement, Panel
from stellwerk.screening.reply_editing import edit_reply
from stellwerk.screening.stream_editing import StreamEditing


class Mode(StrEnum):
    """When a streamed answer goes out."""

    STREAM = "stream"
    """As soon as no check can object to it any more."""
    BUFFER = "buffer"
    """When all of it has been judged, as a whole: of an answer that is blocked nothing goes out."""
    OBSERVE = "observe"
    """At once and unchanged. What the checks find is told, and has no consequences."""


class Guarding:
    """The editing of one answer's texts after what a panel of checks says. Collects the verdicts."""

    __slots__ = ("_hold", "_notes", "_panel")

    withholds_sound = True

    def __init__(self, panel: Panel, hold: Hold) -> None:
        self._panel = panel
        self._hold = hold
        self._notes: list[Notes] = []

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What was found in everything that was judged so far, each text's verdicts together."""
        return tuple(verdict for notes in self._notes for verdict in notes.all())

    @property
    def notice(self) -> str:
        """The reason for which an answer ends early."""
        blocking = [verdict for verdict in self.verdicts if verdict.action is Action.BLOCK]
        categories = sorted({str(verdict.category) for verdict in blocking if verdict.category is not None})
        if categories:
            return f"The answer was stopped by a guardrail ({', '.join(categories)})."
        return "The answer was stopped: a guardrail could not check it."

    def text(self, kind: Kind) -> Screener:
        """The editor of a text that may come in pieces."""
        look = self._panel.look if kind is Kind.TEXT else self._panel.look_beside
        return Screener(look, self._new(), self._hold)

    def whole(self, text: str) -> str:
        """A text that comes whole."""
        judgement = self._panel.look_beside(text)
        self._note(judgement)
        return apply(text, judgement.edits).text

    def arguments(self, tool: str, kind: ToolKind, text: str) -> str:  # noqa: ARG002 - all tools alike
        """Arguments of a tool, which stay JSON where they are."""
        if kind is ToolKind.CUSTOM:
            return self.whole(text)
        judgement, edited = self._panel.look_at_json(text)
        self._note(judgement)
        return edited

    def raw(self, raw: msgspec.Raw) -> msgspec.Raw:
        """JSON of one dialect alone."""
        text = bytes(raw).decode("utf-8", "replace")
        judgement, edited = self._panel.look_at_json(text)
        self._note(judgement)
        return raw if edited == text else msgspec.Raw(edited.encode("utf-8", "surrogatepass"))

    def _new(self) -> Notes:
        self._notes.append(Notes())
        return self._notes[-1]

    def _note(self, judgement: Judgement) -> None:
        if judgement.verdicts:
            notes = self._new()
            for verdict in judgement.verdicts:
                notes.add(verdict)
        if judgement.is_blocked():
            raise CutError


class StreamGuard:
    """A transducer of one answer's events. ``cut`` are the candidates that were blocked: nothing of them follows."""

    __slots__ = ("_editing", "_guarding", "_held", "_mode")

    def __init__(self, panel: Panel, mode: Mode = Mode.STREAM, hold: Hold | None = None) -> None:
        self._mode = mode
        self._guarding = _guarding(panel, mode, hold)
        self._editing = StreamEditing(self._guarding)
        self._held: dict[int, list[StreamEvent]] = {}  # buffered, by candidate

    @property
    def cut(self) -> frozenset[int]:
        """The candidates that were blocked."""
        return frozenset(self._editing.cut)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the checks have said so far."""
        return self._guarding.verdicts

    def feed(self, event: StreamEvent) -> list[StreamEvent]:
        """What goes out once this has come."""
        out = self._editing.feed(event)
        return [event] if self._mode is Mode.OBSERVE else self._let(out)

    def flush(self) -> list[StreamEvent]:
        """What is held of a stream that broke off, as far as it may go out."""
        out = self._editing.flush()
        if self._mode is Mode.OBSERVE:
            return []
        return [*self._let(out), *self._rest()]

    def _let(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """Holds a candidate's events until it has finished, where answers are judged as a whole."""
        if self._mode is not Mode.BUFFER:
            return events
        out: list[StreamEvent] = []
        for event in events:
            index = getattr(event, "candidate", None)
            if isinstance(event, Finished):
                held = self._held.pop(event.candidate, [])
                # the last that a candidate says which is cut is why
                out += (*(held[-1:] if event.candidate in self._editing.cut else held), event)
            elif index is not None:
                self._held.setdefault(index, []).append(event)
            else:
                if isinstance(event, Ended | StreamFault):
                    out += self._rest()
                out.append(event)
        return out

    def _rest(self) -> list[StreamEvent]:
        held = [event for events in self._held.values() for event in events]
        self._held.clear()
        return held


def guard_reply(
    reply: Reply, panel: Panel, mode: Mode = Mode.STREAM, hold: Hold | None = None
) -> tuple[Reply, tuple[Verdict, ...], frozenset[int]]:
    """A whole answer: as it goes out, what was found, and which candidates were blocked. As if it were streamed."""
    guarding = _guarding(panel, mode, hold)
    edited, cut = edit_reply(guarding, reply)
    if mode is Mode.OBSERVE:
        return reply, guarding.verdicts, frozenset()
    if mode is Mode.BUFFER and cut:
        edited = msgspec.structs.replace(
            edited, candidates=tuple(_emptied(one) if one.index in cut else one for one in edited.candidates)
        )
    return edited, guarding.verdicts, cut


def _emptied(candidate: Candidate) -> Candidate:
    """A candidate of which nothing is left but why."""
    message = msgspec.structs.replace(candidate.message, parts=candidate.message.parts[-1:])
    return msgspec.structs.replace(candidate, message=message, logprobs=None)


def _guarding(panel: Panel, mode: Mode, hold: Hold | None) -> Guarding:
    if mode is Mode.BUFFER:
        return Guarding(panel, WHOLE)
    return Guarding(panel.observing() if mode is Mode.OBSERVE else panel, hold or Hold())
