"""One text of a streamed answer on its way through an editor, with what belongs to places in it."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable

import msgspec

from stellwerk.core.part import Citation
from stellwerk.core.reply import TokenLogprob
from stellwerk.core.stream import CitationAdded, StreamEvent
from stellwerk.screening.holding import Editor, Piece
from stellwerk.screening.token_trail import TokenTrail

Say = Callable[[str, tuple[TokenLogprob, ...] | None], StreamEvent]
"""The event that says a text."""


class Shifts:
    """Where places of a text stand after its edits."""

    __slots__ = ("_edits", "_new", "_old", "_starts")

    def __init__(self) -> None:
        self._edits: list[tuple[int, int, int, int]] = []  # where each stood, and where its text stands now
        self._starts: list[int] = []
        self._old = self._new = 0

    @property
    def has_edits(self) -> bool:
        """Whether anything was changed."""
        return bool(self._edits)

    def add(self, piece: Piece) -> None:
        """The text goes on."""
        old, new = self._old + len(piece.source), self._new + len(piece.text)
        if piece.is_edit:
            self._edits.append((self._old, old, self._new, new))
            self._starts.append(self._old)
        self._old, self._new = old, new

    def place(self, at: int, *, is_end: bool = False) -> int:
        """Where a place is now; one inside of an edit moves to its beginning, or to its end."""
        found = bisect_right(self._starts, at - is_end) - 1
        if found < 0:
            return at
        start, end, new_start, new_end = self._edits[found]
        if at < end and (at > start or not is_end):
            return new_end if is_end else new_start
        return at - end + new_end

    def cite(self, citation: Citation) -> Citation:
        """A citation of the edited text."""
        if not self._edits or (citation.start is None and citation.end is None):
            return citation
        start = None if citation.start is None else self.place(citation.start)
        end = None if citation.end is None else self.place(citation.end, is_end=True)
        return msgspec.structs.replace(citation, start=start, end=end)


class Channel:
    """Owner of one text's editor. Events about the text so far wait until that has gone out."""

    __slots__ = ("_editor", "_fed", "_out", "_say", "_trail", "_waiting", "has_tokens", "shifts")

    def __init__(self, editor: Editor, say: Say) -> None:
        self._editor = editor
        self._say = say
        self._trail = TokenTrail()
        self._waiting: deque[tuple[int, StreamEvent]] = deque()
        self._fed = 0
        self._out = 0
        self.has_tokens = False
        self.shifts = Shifts()

    @property
    def is_cut(self) -> bool:
        """Whether the text may not go on."""
        return self._editor.is_cut

    @property
    def is_settled(self) -> bool:
        """Whether all of the text so far has gone out."""
        return self._fed == self._out

    def feed(self, text: str, tokens: tuple[TokenLogprob, ...] | None = None) -> list[StreamEvent]:
        """What goes out once more of the text has come."""
        if tokens is not None:
            self.has_tokens = True
        self._trail.feed(text, tokens or ())
        self._fed += len(text)
        return self._told(self._editor.feed(text))

    def attach(self, event: StreamEvent) -> list[StreamEvent]:
        """An event about the text so far."""
        self._waiting.append((self._fed, event))
        return self._told([])

    def close(self) -> list[StreamEvent]:
        """The rest."""
        out = self._told(self._editor.flush())
        if not self.is_cut:
            rest = self._trail.take(Piece("", ""))
            if rest:
                out.append(self._say("", tuple(rest)))
        return out

    def _told(self, pieces: list[Piece]) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        text: list[str] = []
        tokens: list[TokenLogprob] = []

        def speak() -> None:
            if text or tokens:
                said = "".join(text)
                if said or tokens:
                    out.append(self._say(said, tuple(tokens) if self.has_tokens else None))
                text.clear()
                tokens.clear()

        for whole in pieces:
            for piece in self._parted(whole):
                self._out += len(piece.source)
                self.shifts.add(piece)
                text.append(piece.text)
                tokens += self._trail.take(piece)
                if self._waiting and self._waiting[0][0] <= self._out:
                    speak()
                    self._let_out(out)
        speak()
        self._let_out(out)
        return out

    def _let_out(self, out: list[StreamEvent]) -> None:
        while self._waiting and self._waiting[0][0] <= self._out:
            event = self._waiting.popleft()[1]
            if isinstance(event, CitationAdded):
                event = CitationAdded(self.shifts.cite(event.citation), event.candidate)
            out.append(event)

    def _parted(self, piece: Piece) -> list[Piece]:
        """A piece, cut where events wait. Edits stay whole: what belongs into one comes after it."""
        if piece.is_edit or not self._waiting:
            return [piece]
        parts: list[Piece] = []
        after = 0
        for at, _event in self._waiting:
            place = at - self._out
            if place >= len(piece.source):
                break
            if place > after:
                part = piece.source[after:place]
                parts.append(Piece(part, part))
                after = place
        part = piece.source[after:]
        return [*parts, Piece(part, part)]
