"""A panel of checks over one text after the other, and what it comes to: edits, or an end of the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from copy import copy
from itertools import islice
from typing import Protocol

import msgspec

from stellwerk.core.inspection import Look, Looks
from stellwerk.core.subject import Side, Speaker, Subject
from stellwerk.core.verdict import Action, Verdict
from stellwerk.screening.edits import Edit, Manner, apply, edits
from stellwerk.screening.json_text import Literal, is_json, literals, rewritten
from stellwerk.text.reading import read


class Judge(Protocol):
    """A check under a policy. It never passes a text that it could not look at: its verdict then has an error."""

    @property
    def failure(self) -> str:
        """``closed``, ``open`` or ``degrade``: under the last, other checks are stricter while this one fails."""
        ...

    def judge(self, subject: Subject, *, is_strict: bool = False) -> tuple[Verdict, ...]:
        """What the policy makes of what the check finds."""
        ...


class Judgement(msgspec.Struct, frozen=True):
    """Of one text: all verdicts, the edits they ask for, and whether it may not pass at all."""

    verdicts: tuple[Verdict, ...] = ()
    edits: tuple[Edit, ...] = ()

    def is_blocked(self, start: int = 0) -> bool:
        """Whether anything stops the text that is not wholly before ``start``."""
        return any(
            verdict.action is Action.BLOCK and (not verdict.spans or any(span.end > start for span in verdict.spans))
            for verdict in self.verdicts
        )


class Panel:
    """The checks of an answer. ``sources`` and ``question`` are what they may compare it with.

    ``known`` are verdicts on what was looked at before, by these checks: it is not judged anew, and what is, is added.
    """

    __slots__ = ("_beside", "_judges", "_known", "_manner", "_read", "is_observing")

    def __init__(
        self,
        judges: Sequence[Judge],
        manner: Manner | None = None,
        *,
        side: Side = Side.OUTPUT,
        speaker: Speaker = Speaker.ASSISTANT,
        sources: tuple[str, ...] = (),
        question: str = "",
        known: Looks | None = None,
    ) -> None:
        self._known = known
        self._judges = tuple(judges)
        self._beside = tuple(judge for judge in self._judges if not getattr(judge, "needs_whole", False))
        self._manner = manner or Manner()
        self.is_observing = False
        """Whether what is found has no consequences."""

        def look(text: str) -> Subject:
            return read(text, speaker=speaker, side=side, sources=sources, question=question)

        self._read: Callable[[str], Subject] = look

    def observing(self) -> Panel:
        """The same checks; what they find has no consequences."""
        other = copy(self)
        other.is_observing = True
        return other

    def look(self, text: str) -> Judgement:
        """What becomes of an answer's own text."""
        return self._look(text, self._judges)

    def look_beside(self, text: str) -> Judgement:
        """What becomes of any other text: what only says something of answers as a whole is not asked."""
        return self._look(text, self._beside)

    def _look(self, text: str, judges: Sequence[Judge]) -> Judgement:
        if not text:
            return Judgement()
        known, look = self._known, None
        verdicts: tuple[Verdict, ...] | None = None
        if known is not None:
            look = look_at(text, is_beside=judges is self._beside)
            verdicts = known.get(look)
        if verdicts is None:
            verdicts = self._judged(text, judges)
            if known is not None and look is not None:
                known[look] = verdicts
        if self.is_observing:
            return Judgement(tuple(msgspec.structs.replace(verdict, action=Action.OBSERVE) for verdict in verdicts))
        spans = [span for verdict in verdicts if verdict.action.is_edit for span in verdict.spans]
        return Judgement(verdicts, edits(text, spans, self._manner) if spans else ())

    def _judged(self, text: str, judges: Sequence[Judge]) -> tuple[Verdict, ...]:
        try:
            return _verdicts(self._read(text), judges)
        except Exception as error:  # noqa: BLE001  # whatever it is: what could not be judged does not pass
            failed = Verdict(
                check="screening", category=None, score=0.0, action=Action.BLOCK, error=type(error).__name__
            )
            return (failed,)

    def look_at_json(self, text: str) -> tuple[Judgement, str]:
        """What becomes of a JSON text, and how it reads after the edits: JSON again.

        Checks read names and values as ``name: value`` lines, so that a name announces what its value is, and what was
        split over several strings stands together.
        """
        found = literals(text)
        if not is_json(text, found):
            judgement = self.look_beside(text)
            return judgement, apply(text, judgement.edits).text
        lines: list[str] = []
        starts: list[int] = []
        at = 0
        for literal in found:
            starts.append(at)
            lines.append(f"{literal.value}: " if literal.is_key else f"{literal.value}\n")
            at += len(lines[-1])
        judgement = self.look_beside("".join(lines))
        values = self._values(found, starts, judgement.edits) if judgement.edits else {}
        return judgement, rewritten(text, found, values) if values else text

    def _values(self, found: list[Literal], starts: list[int], wanted: tuple[Edit, ...]) -> dict[int, str]:
        """The new values of literals, by their place; ``starts`` says where each stands in the text that was judged."""
        values: dict[int, str] = {}
        first = 0
        for place, start in enumerate(starts):
            value = found[place].value
            end = start + len(value)
            while first < len(wanted) and wanted[first].end <= start:
                first += 1
            own: list[Edit] = []
            for edit in islice(wanted, first, None):
                if edit.start >= end:
                    break
                since, until = max(edit.start, start) - start, min(edit.end, end) - start
                own.append(Edit(since, until, self._manner.of(edit.type, value[since:until]), edit.type))
            if own:
                values[place] = apply(value, own).text
        return values


def look_at(text: str, *, is_beside: bool) -> Look:
    """By what it is known again that a text was looked at."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest(), is_beside


def _verdicts(subject: Subject, judges: Sequence[Judge]) -> tuple[Verdict, ...]:
    by_judge = [judge.judge(subject) for judge in judges]
    if any(
        judge.failure == "degrade" and any(verdict.error for verdict in verdicts)
        for judge, verdicts in zip(judges, by_judge, strict=True)
    ):
        by_judge = [
            verdicts if any(verdict.error for verdict in verdicts) else judge.judge(subject, is_strict=True)
            for judge, verdicts in zip(judges, by_judge, strict=True)
        ]
    return tuple(verdict for verdicts in by_judge for verdict in verdicts)
