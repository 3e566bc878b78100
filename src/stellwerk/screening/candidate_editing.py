"""One candidate of a streamed answer: its texts through editors, its tool calls held until they are whole."""

from __future__ import annotations

from functools import partial

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Logprobs, TokenLogprob
from stellwerk.core.stream import (
    AudioDelta,
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
from stellwerk.screening.answer_editing import (
    CutError,
    Editing,
    Kind,
    changed,
    edit_citation,
    edit_opaque,
    edit_part,
    remainder,
)
from stellwerk.screening.channel import Channel, Shifts

MOST_HELD = 16_000_000
"""Characters of one candidate's arguments, or of its sound, that are held; more is not let through."""


_SPOKEN = (Kind.TRANSCRIPT, False)
_WORDS = (Kind.TEXT, False)


class _Call(msgspec.Struct):
    """A tool call that is not complete."""

    started: ToolCallStarted
    arguments: list[str]
    size: int = 0
    is_whole: bool = False
    beside: list[StreamEvent] = []


class CandidateEditing:
    """Owner of what is held of one candidate. Raises ``CutError`` where it may not go on.

    A text goes on across tool calls, which wait for it: dialects that keep the two in fields of their own may let their
    deltas alternate.
    """

    __slots__ = ("_calls", "_channel", "_channel_key", "_editing", "_index", "_shifts", "_sound", "_sound_size")

    def __init__(self, editing: Editing, index: int) -> None:
        self._editing = editing
        self._index = index
        self._channel: Channel | None = None
        self._channel_key: tuple[Kind, bool] | None = None
        self._shifts = Shifts()
        self._calls: dict[int, _Call] = {}
        self._sound: list[AudioDelta] = []
        self._sound_size = 0

    def feed(self, event: StreamEvent) -> list[StreamEvent]:
        """What goes out once this has come."""
        match event:
            case TextDelta():
                tokens = event.logprobs.content if event.logprobs is not None else None
                return self._speak(Kind.TEXT, event.text, partial(_text, self._index), tokens)
            case RefusalDelta():
                tokens = event.logprobs.refusal if event.logprobs is not None else None
                return self._speak(Kind.REFUSAL, event.text, partial(_refusal, self._index), tokens)
            case ThinkingDelta():
                say = partial(_thinking, self._index, event.opaque, event.is_summary)
                return self._speak(Kind.THINKING, event.text, say, is_summary=event.is_summary)
            case AudioDelta():
                return self._sound_out(event)
            case ToolCallStarted() | ToolCallDelta() | ToolCallEnded():
                return self._call(event)
            case CitationAdded():
                return self._cite(event)
            case OpaqueDelta():
                return self._beside(changed(event, opaque=edit_opaque(self._editing, event.opaque)))
            case _:
                return self._part(event)

    def close(self, *, is_last: bool = False) -> list[StreamEvent]:
        """The text so far is complete; with ``is_last`` the candidate is, and calls that are not stay cut off."""
        channel, self._channel = self._channel, None
        out: list[StreamEvent] = []
        if channel is not None:
            out += channel.close()
            self._shifts = channel.shifts
            if channel.is_cut:
                raise CutError(out)
        out += self._close_sound(channel)
        self._drain(out)
        if is_last:
            for call in self._calls.values():
                self._let_out(call, out)
            self._calls.clear()
        return out

    # -- texts

    def _speak(
        self,
        kind: Kind,
        text: str,
        say: partial[StreamEvent],
        tokens: tuple[TokenLogprob, ...] | None = None,
        *,
        is_summary: bool = False,
    ) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        channel = self._channel
        if channel is None or self._channel_key != (kind, is_summary):
            if self._channel_key != _SPOKEN or kind is not Kind.TRANSCRIPT:
                out = self.close()
            channel = self._channel = Channel(self._editing.text(kind), say)
            self._channel_key = kind, is_summary
        out += channel.feed(text, tokens)
        if channel.is_cut:
            raise CutError(out)
        return out

    def _cite(self, event: CitationAdded) -> list[StreamEvent]:
        citation = edit_citation(self._editing, event.citation)
        if self._channel is not None:
            return self._channel.attach(CitationAdded(citation, event.candidate))
        return [CitationAdded(self._shifts.cite(citation), event.candidate)]

    def _beside(self, event: StreamEvent) -> list[StreamEvent]:
        """What stands in the order of the answer, and goes out when what comes before it has."""
        if self._calls:
            next(reversed(self._calls.values())).beside.append(event)
            return []
        return [event] if self._channel is None else self._channel.attach(event)

    def _part(self, event: StreamEvent) -> list[StreamEvent]:
        """What ends the text before it, and comes whole."""
        out = self.close()
        key, self._channel_key = self._channel_key, None
        if isinstance(event, ThinkingSigned) and key is not None and key[0] is Kind.THINKING:
            # the proof that the text is the model's own proves nothing of an edited one
            return out if self._shifts.has_edits else [*out, event]
        if isinstance(event, PartAdded):
            try:
                part, is_cut = edit_part(self._editing, event.part)
            except CutError:
                raise CutError(out) from None
            event = changed(event, part=part)
            if is_cut:
                raise CutError((*out, event) if remainder(part) else out)
        return [*out, event]

    # -- sound

    def _sound_out(self, event: AudioDelta) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        if event.transcript is not None:
            out = self._speak(Kind.TRANSCRIPT, event.transcript, partial(_transcript, self._index))
        elif self._channel_key != _SPOKEN:
            out = self.close()
            self._channel_key = _SPOKEN  # its transcript may come later
        rest = changed(event, transcript=None)
        if rest.data is None and rest.id is None and rest.expires_at_s is None:
            return out
        if not self._editing.withholds_sound or rest.data is None:
            return [*out, rest]
        self._sound.append(rest)
        self._sound_size += len(rest.data)
        if self._sound_size > MOST_HELD:
            raise CutError(out)
        return out

    def _close_sound(self, channel: Channel | None) -> list[StreamEvent]:
        """Nobody can cut words out of sound: it goes out when nothing of what it says was changed."""
        sound, self._sound, self._sound_size = self._sound, [], 0
        if channel is not None and channel.shifts.has_edits:
            return [kept for event in sound if (kept := changed(event, data=None)).id is not None or kept.expires_at_s]
        return list(sound)

    # -- tool calls

    def _call(self, event: ToolCallStarted | ToolCallDelta | ToolCallEnded) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        if isinstance(event, ToolCallStarted):
            if self._channel_key != _WORDS:
                out = self.close()
                self._channel_key = None
            self._calls[event.call] = _Call(event, [], beside=[])
            return out
        call = self._calls.get(event.call)
        if call is None:
            return []
        if isinstance(event, ToolCallDelta):
            call.arguments.append(event.arguments)
            call.size += len(event.arguments)
            if call.size > MOST_HELD:
                raise CutError
            return []
        call.is_whole = True
        if self._channel is None or self._channel.is_settled:
            self._drain(out)
        return out

    def _drain(self, out: list[StreamEvent]) -> None:
        """Lets whole calls out, in the order in which they began, each in one piece."""
        while self._calls and (first := next(iter(self._calls.values()))).is_whole:
            del self._calls[first.started.call]
            self._let_out(first, out)

    def _let_out(self, call: _Call, out: list[StreamEvent]) -> None:
        try:
            out += self._called(call)
        except CutError:
            raise CutError(out) from None

    def _called(self, call: _Call) -> list[StreamEvent]:
        started, written = call.started, "".join(call.arguments)
        arguments = self._editing.arguments(started.name, started.kind, written) if written else ""
        out: list[StreamEvent] = [changed(started, opaque=edit_opaque(self._editing, started.opaque))]
        if arguments:
            out.append(ToolCallDelta(started.call, arguments, self._index))
        if call.is_whole:
            out.append(ToolCallEnded(started.call, self._index))
        return [*out, *call.beside]


def _text(candidate: int, text: str, tokens: tuple[TokenLogprob, ...] | None) -> StreamEvent:
    return TextDelta(text, candidate, None if tokens is None else Logprobs(content=tokens))


def _refusal(candidate: int, text: str, tokens: tuple[TokenLogprob, ...] | None) -> StreamEvent:
    return RefusalDelta(text, candidate, None if tokens is None else Logprobs(refusal=tokens))


def _thinking(
    candidate: int,
    opaque: Opaque | None,
    is_summary: bool,  # noqa: FBT001 - a partial gives it by its place
    text: str,
    _tokens: object,
) -> StreamEvent:
    return ThinkingDelta(text, candidate, opaque, is_summary)


def _transcript(candidate: int, text: str, _tokens: object) -> StreamEvent:
    return AudioDelta(transcript=text, candidate=candidate)
