"""A whole answer through the editing of its texts. The same answer, streamed, becomes the same."""

from __future__ import annotations

from stellwerk.core.part import Part, RedactedThinking, Refusal, SearchResult, Text, ToolCall, ToolResult
from stellwerk.core.reply import Candidate, Finish, Logprobs, Reply, StopReason, TokenLogprob
from stellwerk.screening.answer_editing import CutError, Editing, Kind, changed, edit_part, edit_text, remainder
from stellwerk.screening.channel import Shifts
from stellwerk.screening.holding import Piece
from stellwerk.screening.token_trail import TokenTrail


def edit_reply(editing: Editing, reply: Reply) -> tuple[Reply, frozenset[int]]:
    """The answer, and which candidates were not allowed to go on."""
    made = tuple(_Candidate(editing, candidate) for candidate in reply.candidates)
    cut = frozenset(one.candidate.index for one in made if one.is_cut)
    return changed(reply, candidates=tuple(one.edited() for one in made)), cut


class _Candidate:
    __slots__ = ("_editing", "_parts", "_tokens", "_trail", "candidate", "is_cut")

    def __init__(self, editing: Editing, candidate: Candidate) -> None:
        self.candidate = candidate
        self._editing = editing
        self._parts: list[Part] = []
        self._trail = TokenTrail()
        self._tokens: list[TokenLogprob] = []
        told = candidate.logprobs
        self._trail.feed("", () if told is None else told.content or ())
        self.is_cut = False
        try:
            for run in _runs(candidate.message.parts):
                if isinstance(run[0], Text):
                    self._speak(run)
                else:
                    self._parts.append(self._part(run[0]))
        except CutError:
            self.is_cut = True

    def edited(self) -> Candidate:
        """The candidate as it may go out."""
        candidate, finish = self.candidate, self.candidate.finish
        if self.is_cut:
            finish = Finish(StopReason.CONTENT_FILTER)
            if notice := self._editing.notice:
                self._parts.append(Refusal(notice))
        message = changed(candidate.message, parts=tuple(self._parts))
        if message is candidate.message and not self.is_cut:
            return candidate
        return changed(candidate, message=message, finish=finish, logprobs=self._logprobs())

    def _logprobs(self) -> Logprobs | None:
        told = self.candidate.logprobs
        if told is None:
            return None
        self._tokens += self._trail.take(Piece("", ""))
        refused = Refusal in map(type, self.candidate.message.parts)
        return Logprobs(
            None if told.content is None else tuple(self._tokens),
            None if told.refusal is None or self._is_refusal_changed() or not refused else told.refusal,
        )

    def _is_refusal_changed(self) -> bool:
        before = [part for part in self.candidate.message.parts if isinstance(part, Refusal)]
        return before != [part for part in self._parts if isinstance(part, Refusal)]

    def _part(self, part: Part) -> Part:
        if isinstance(part, Text | RedactedThinking | SearchResult | ToolResult):
            return part
        edited, is_cut = edit_part(self._editing, part)
        if is_cut:
            self._parts += remainder(edited)
            raise CutError
        return edited

    def _speak(self, run: list[Part]) -> None:
        """Texts that nothing but calls stands between are one text: nothing hides in the gap between two."""
        texts = [part for part in run if isinstance(part, Text)]
        editor = self._editing.text(Kind.TEXT)
        pieces = [piece for part in texts for piece in editor.feed(part.text)]
        pieces += editor.flush()
        for piece in pieces:
            self._tokens += self._trail.take(piece)
        shares = _shared(pieces, [len(part.text) for part in texts])
        edited = [self._text(part, own) for part, own in zip(texts, shares, strict=True) if own or not editor.is_cut]
        if editor.is_cut:
            self._parts += edited
            raise CutError
        waiting = iter(edited)
        made: list[Part] = []
        try:
            made.extend(next(waiting) if isinstance(part, Text) else self._part(part) for part in run)
        except CutError:
            self._parts += (*made, *waiting)
            raise
        self._parts += made

    def _text(self, part: Text, own: list[Piece]) -> Text:
        shifts = Shifts()
        for piece in own:
            shifts.add(piece)
        beside = edit_text(self._editing, part)
        text = "".join(piece.text for piece in own)
        return changed(beside, text=text, citations=tuple(map(shifts.cite, beside.citations)))


def _runs(parts: tuple[Part, ...]) -> list[list[Part]]:
    """Parts in runs: of a text with the texts and calls behind it, or of one other part."""
    runs: list[list[Part]] = []
    for part in parts:
        goes_on = isinstance(part, Text | ToolCall) and runs and isinstance(runs[-1][0], Text)
        if goes_on:
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


def _shared(pieces: list[Piece], lengths: list[int]) -> list[list[Piece]]:
    """The pieces of each part. An edit belongs to the part in which it begins, and takes its share from the next."""
    shared: list[list[Piece]] = []
    waiting = list(reversed(pieces))
    for length in lengths:
        own: list[Piece] = []
        room = length
        while waiting and room > 0:
            piece = waiting.pop()
            size = len(piece.source)
            if size > room:
                first, rest = piece.source[:room], piece.source[room:]
                is_edit = piece.is_edit
                own.append(Piece(first, piece.text if is_edit else first))
                waiting.append(Piece(rest, "" if is_edit else rest))
            else:
                own.append(piece)
            room -= min(size, room)
        shared.append(own)
    return shared
