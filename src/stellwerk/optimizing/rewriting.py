"""One text through the steps of a level: what it consists of is told apart, and each part goes to those for it.

Whatever comes out is a function of the text, its question and the settings: the same in every process and on every
later turn. What is not worth its change stays as it was, and so does what the caller wants to have back as it is.
"""

from __future__ import annotations

import re
from collections import Counter

from stellwerk.core.optimization import Kind, Level, Outcome, Piece, Segment, is_worth, weigh
from stellwerk.core.subject import Speaker
from stellwerk.optimizing.steps import WHOLE, Step, steps
from stellwerk.text.kinds import MOST_CHARACTERS, segments

LITERAL = frozenset({"whitespace", "json_minify"})
"""Steps for words that govern the conversation: they change white space alone."""
MIN_TOKENS = 200
"""A text that has fewer stays as it is."""
_KEPT = frozenset({Kind.CODE, Kind.ENCODED})
_ASKED = 600
"""Characters at each end of a text in which it may say what to do with the rest."""

_ECHO = re.compile(
    r"\b(?:verbatim|word[- ]for[- ]word|as[- ]is\b|unchanged|unmodified|(?:byte|character)[- ]for[- ]\w+|echo\b|"
    r"repeat (?:back )?(?:this|the|it|my|everything|all|exactly)|"
    r"exactly as (?:given|it|they|provided|shown|written)|"
    r"(?:re-?)?format (?:this|the|it|my|that)|pretty[- ]?print|re-?indent|minify|beautify|"
    r"(?:return|output|print|give me|send) (?:back )?(?:the|this|it|my) (?:same|original|whole|entire|complete|full)|"
    r"w[öo]rtlich|unver[äa]ndert|zeichengenau|eins[- ]zu[- ]eins|1:1|wiederhole\b|(?:um)?formatiere?\b|"
    r"gib [^\n]{1,40} zur[üu]ck)",
    re.IGNORECASE,
)
"""Somebody wants back what is there, as it is."""


class Rewriter:
    """What a level does to texts."""

    __slots__ = ("_min_tokens", "_parts", "_wholes", "level")

    def __init__(self, level: Level, chosen: tuple[str, ...] | None = None, min_tokens: int = MIN_TOKENS) -> None:
        """``chosen`` are the names of the steps; all of the level where there are none.

        Raises ``ConfigurationError`` for a name that there is none of.
        """
        self.level = level
        self._min_tokens = min_tokens
        made = steps(level, chosen)
        self._wholes = [step for step in made if step[1].kinds & WHOLE]
        self._parts = [step for step in made if not step[1].kinds & WHOLE]

    def rewrite(self, text: str, speaker: Speaker, question: str = "", *, is_old: bool = False) -> Outcome:
        """A text in fewer tokens. ``question`` is what was asked before or in it; empty: it says so itself.

        ``is_old``: it lies so far back that its gist is enough.
        """
        if speaker is Speaker.ASSISTANT and not is_old:
            return Outcome(text)
        before = weigh(text)
        if before < self._min_tokens or len(text) > MOST_CHARACTERS:
            return Outcome(text)
        saved: Counter[str] = Counter()
        if speaker.is_trusted:
            written = self._in_parts(text, question, saved, [step for step in self._parts if step[0] in LITERAL])
        elif _ECHO.search(question) or _ECHO.search(text[:_ASKED]) or _ECHO.search(text[-_ASKED:]):
            return Outcome(text)
        else:
            written = text
            for step in self._wholes:
                if Kind.TURN not in step[1].kinds or is_old:
                    kind = Kind.TURN if is_old and Kind.TURN in step[1].kinds else Kind.DOCUMENTS
                    written = _through(step, Piece(written, kind, question), saved)
            if speaker is not Speaker.ASSISTANT:
                written = self._in_parts(written, question, saved, self._parts)
        if written == text or not is_worth(before, weigh(written)):
            return Outcome(text)
        return Outcome(written, tuple((step[0], saved[step[0]]) for step in self._all() if saved[step[0]]))

    def tools(self, text: str) -> Outcome:
        """The declarations of tools of a request, as a JSON text."""
        before = weigh(text)
        if before < self._min_tokens:
            return Outcome(text)
        saved: Counter[str] = Counter()
        written = text
        for step in self._parts:
            if Kind.TOOLS in step[1].kinds and step[0] not in LITERAL:  # providers write the JSON anew
                written = _through(step, Piece(written, Kind.TOOLS), saved)
        if not is_worth(before, weigh(written)):
            return Outcome(text)
        return Outcome(written, tuple(saved.items()))

    def _all(self) -> list[Step]:
        return [*self._wholes, *self._parts]

    def _in_parts(self, text: str, question: str, saved: Counter[str], taken: list[Step]) -> str:
        pieces: list[str] = []
        asked = question
        parts = segments(text)
        if not asked:
            asked = _asked(text, parts)
        for part in parts:
            written = text[part.start : part.end]
            if part.kind not in _KEPT:
                for step in taken:
                    if part.kind in step[1].kinds:
                        written = _through(step, Piece(written, part.kind, asked), saved)
            pieces.append(written)
        return "".join(pieces)


def _asked(text: str, parts: tuple[Segment, ...]) -> str:
    """What a text says about the rest of it: its first and last words that are prose."""
    prose = [text[part.start : part.end] for part in parts if part.kind is Kind.PROSE]
    return "\n".join((prose[0][:_ASKED], prose[-1][-_ASKED:])) if prose else ""


def _through(step: Step, piece: Piece, saved: Counter[str]) -> str:
    """What a step makes of a piece, if that is shorter."""
    name, optimizer = step
    try:
        written = optimizer.rewrite(piece)
    except Exception:  # noqa: BLE001  # a step may be a plugin, which can fail in any way: then it has changed nothing
        return piece.text
    if written == piece.text:
        return written
    gain = weigh(piece.text) - weigh(written)
    if gain <= 0:
        return piece.text
    saved[name] += round(gain)
    return written
