"""Screens a text that is still being written: holds back what a check may yet object to, and never looks back.

Where the text is judged depends on the text alone, not on the pieces in which it comes: at the first gap between words
after every ``stride`` characters the checks look at what is held, with some of what was released before it. Then goes
out what has ``reach`` characters behind it and touches no place that is to be edited. So a text that comes letter by
letter and one that is there as a whole are screened by the same function, and its result is the same.

What is held, and what is looked at for each character, is bounded: a place that is to be edited and does not end within
``most`` characters is edited as far as it goes, and what follows of it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from stellwerk.core.verdict import Action, Verdict
from stellwerk.screening.edits import Edit
from stellwerk.screening.judging import Judgement

OPENING = 256
"""So much is remembered of the beginning of a place that does not end."""
MOST_PLACES = 256
"""Of one check's findings in one text, so many are told with their places."""
_AT_ONCE = 4_096
_GAPS = r"\s\u3000-\u30ff\u3400-\u9fff\uff01-\uff0f"
_GAP = re.compile(f"[{_GAPS}]")
"""What no word goes across. Chinese and Japanese have no spaces: each of their letters is a gap."""
_LAST_GAP = re.compile(f".*[{_GAPS}]", re.DOTALL)


class Hold(msgspec.Struct, frozen=True):
    """How much is held back, in characters.

    ``reach`` is how far checks look for the end of what they find, and for words behind it that give it away; the text
    without a gap that stands there is waited for. ``stride`` is the least that is judged at a time: it grows with the
    text, up to ``longest_stride``, so that an answer begins early and a long one stays cheap. ``context`` is what is
    looked at of the text before.
    """

    stride: int = 32
    longest_stride: int = 128
    reach: int = 96
    context: int = 64
    most: int = 8_192

    def __post_init__(self) -> None:
        if self.stride < 1 or self.reach < 1 or self.most <= self.reach:
            raise ValueError("what is held must be longer than the reach, and each stride has a length")


WHOLE = Hold(stride=4_000_000, longest_stride=4_000_000, most=4_000_000)
"""Holds everything until the end."""


class Piece(msgspec.Struct, frozen=True):
    """A part of the text: as it was, and as it goes out."""

    source: str
    text: str

    @property
    def is_edit(self) -> bool:
        """Whether it was changed."""
        return self.source is not self.text


class Editor(Protocol):
    """Edits a text that comes in pieces. What goes out, put together, does not depend on the pieces."""

    @property
    def is_cut(self) -> bool:
        """Whether the text may not go on."""
        ...

    def feed(self, text: str) -> list[Piece]:
        """What can go out once this has come."""
        ...

    def flush(self) -> list[Piece]:
        """The rest: the text is complete."""
        ...


class Notes:
    """The verdicts on one text: of one check and category one, with places in the whole text."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[tuple[str, str | None, Action, str | None], Verdict] = {}

    def add(self, verdict: Verdict) -> None:
        """Another verdict, on a part of the text."""
        key = verdict.check, verdict.category, verdict.action, verdict.error
        known = self._found.get(key)
        if known is not None:
            spans = dict.fromkeys((*known.spans, *verdict.spans))
            verdict = msgspec.structs.replace(
                known, score=max(known.score, verdict.score), spans=tuple(spans)[:MOST_PLACES]
            )
        self._found[key] = verdict

    def all(self) -> tuple[Verdict, ...]:
        """Every verdict, in the order in which they came up."""
        return tuple(self._found.values())


class Screener:
    """The editor of one text after what a panel of checks says of it."""

    __slots__ = (
        "_after",
        "_base",
        "_context",
        "_held",
        "_hold",
        "_length",
        "_look",
        "_notes",
        "_opening",
        "_parts",
        "is_cut",
    )

    def __init__(self, look: Callable[[str], Judgement], notes: Notes, hold: Hold) -> None:
        self._look = look
        self._notes = notes
        self._hold = hold
        self._held = ""
        self._parts: list[str] = []  # what has come since, not yet looked through for gaps
        self._length = 0  # of both
        self._base = 0  # where in the text that begins
        self._context = ""
        self._after = hold.stride  # nothing happens before so much is held
        self._opening = ""
        """The beginning of a place that has been edited and has not ended."""
        self.is_cut = False

    def feed(self, text: str) -> list[Piece]:
        """What can go out."""
        if self.is_cut or not text:
            return []
        out: list[Piece] = []
        for start in range(0, len(text), _AT_ONCE):
            part = text[start : start + _AT_ONCE]
            self._parts.append(part)
            self._length += len(part)
            if self._length < self._after:
                continue
            self._join()
            while stop := self._stop():
                self._judge(stop, out, is_last=False)
        return out

    def flush(self) -> list[Piece]:
        """The rest."""
        out: list[Piece] = []
        self._join()
        while self._held and not self.is_cut:
            self._judge(len(self._held), out, is_last=True)
        return out

    def _join(self) -> None:
        self._held = "".join((self._held, *self._parts))
        self._parts.clear()

    def _stop(self) -> int:
        """How much of what is held to judge next; nothing, as long as that cannot be told."""
        if self.is_cut:
            return 0
        most = self._hold.most
        gap = _GAP.search(self._held, max(self._after - 1, 0), most)
        if gap is not None:
            return gap.end()
        if self._length >= most:
            return most
        self._after = max(self._after, self._length + 1)
        return 0

    def _judge(self, stop: int, out: list[Piece], *, is_last: bool) -> None:
        before = self._opening or self._context
        judgement = self._look(before + self._held[:stop])
        if judgement.is_blocked(len(before)):
            self._note(judgement, len(before), stop)
            self.is_cut = True
            self._held = ""
            return
        edits = [
            Edit(max(edit.start - len(before), 0), edit.end - len(before), edit.text, edit.type)
            for edit in judgement.edits
            if edit.end > len(before)
        ]
        if self._opening:
            self._go_on(edits, stop, out, is_last=is_last)
            return
        free = stop if is_last else self._free(stop, edits)
        self._note(judgement, len(before), free)
        if free == 0 and stop == self._hold.most:  # an edit from the first character on, whose end is not in sight
            self._opening = self._held[:OPENING]
            out.append(Piece(self._held[:stop], edits[0].text))
            self._note(judgement, len(before), stop)
            self._release(stop, stop)
            return
        after = 0
        for edit in edits:
            if edit.start >= free:
                break
            _copy(self._held[after : edit.start], out)
            out.append(Piece(self._held[edit.start : edit.end], edit.text))
            after = edit.end
        _copy(self._held[after:free], out)
        self._release(free, stop)

    def _go_on(self, edits: list[Edit], stop: int, out: list[Piece], *, is_last: bool) -> None:
        """Leaves out what still belongs to the place that has not ended."""
        gone = edits[0].end if edits and edits[0].start == 0 else 0
        if gone >= len(self._held[:stop].rstrip()) and not is_last:
            gone = self._reached(stop)  # its end may be half in sight
        else:
            self._opening = ""
        if gone:
            out.append(Piece(self._held[:gone], ""))
        self._release(gone, stop)

    def _reached(self, stop: int) -> int:
        """Up to where the checks have seen all that they look for."""
        target = stop - self._hold.reach
        gap = _LAST_GAP.match(self._held, 0, target) if target > 0 else None
        if gap is not None:
            return gap.end()
        return max(target, 0) if stop == self._hold.most else 0

    def _free(self, stop: int, edits: list[Edit]) -> int:
        """How much no check can object to any more, whatever follows."""
        held = self._held
        free = self._reached(stop)
        settled = len(held[:stop].rstrip())
        for edit in edits:
            if edit.start < free < edit.end:
                whole = edit.start == 0 and stop == self._hold.most and edit.end < settled
                free = edit.end if whole else edit.start
                break
        return free

    def _release(self, free: int, stop: int) -> None:
        hold = self._hold
        self._context = (self._context + self._held[:free])[-hold.context :]
        self._held = self._held[free:]
        self._base += free
        self._length = len(self._held)
        waiting = stop - free
        stride = min(max(hold.stride, self._base // 4), hold.longest_stride)
        # what goes on being held is looked at ever more seldom, so that the work stays in proportion to the text
        self._after = min(waiting + max(stride, (waiting - hold.reach) // 2), hold.most)

    def _note(self, judgement: Judgement, before: int, free: int) -> None:
        """Tells of what goes out now."""
        for verdict in judgement.verdicts:
            spans = tuple(
                msgspec.structs.replace(
                    span, start=self._base + max(span.start - before, 0), end=self._base + span.end - before
                )
                for span in verdict.spans
                if span.end > before and span.start - before < free
            )
            if spans or not verdict.spans:
                self._notes.add(msgspec.structs.replace(verdict, spans=spans))


def _copy(text: str, out: list[Piece]) -> None:
    if text:
        out.append(Piece(text, text))
