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
from stellwerk.text.kinds import MOST_CHARACTERS, documents, segments
from stellwerk.text.relevance import outside

LITERAL = frozenset({"whitespace", "json_minify"})
"""Steps for words that govern the conversation: they change white space alone."""
MIN_TOKENS = 200
"""A text that has fewer stays as it is."""
_KEPT = frozenset({Kind.CODE, Kind.ENCODED})
_SAID = frozenset({Kind.PROSE, Kind.MARKDOWN})
_ASKED = 600
"""Characters at each end of a text in which it may say what to do with the rest."""

_ECHO = re.compile(
    r"\b(?:verbatim|word[- ]for[- ]word|(?:byte|character|letter)[- ]for[- ]\w+|echo (?:back|this|the|it|my)|"
    r"(?:leave|keep|return|output|copy|preserve|reproduce|print|quote)\b[^.\n]{0,60}"
    r"\b(?:unchanged|unmodified|as[- ]is|intact|unaltered|exactly)|exactly as (?:given|it|they|provided|shown|written)|"
    r"repeat (?:back )?(?:this|the following|the above|it|my|everything|exactly)|"
    r"(?:re-?format|format|pretty[- ]?print|re-?indent|minify|beautify|prettify) (?:this|the|it|my|that|following)|"
    r"(?:return|output|print|give me|send) (?:back )?(?:the|this|it|my) (?:same|original|whole|entire|complete|full)|"
    r"w[öo]rtlich|(?:lass|gib|behalte|kopiere)[^.\n]{0,60}\b(?:unver[äa]ndert|genau so)|zeichengenau|"
    r"eins[- ]zu[- ]eins|wiederhole (?:den|das|die|genau|alles|folgende)|"
    r"(?:um)?formatiere (?:das|den|die|es|diese[sn]?))"
)
"""Somebody wants back what is there, as it is; in lower case, which is faster than to ignore it."""
_MODEL_ANSWER = re.compile(
    r"\b(?:examples?|e\.g\.|for instance|like this|(?:this|following|exact|same|required|expected|output|response) "
    r"(?:format|schema|structure|shape)|(?:return|respond|answer|reply|output|produce|generate|emit)\b[^.\n]{0,60}\bjson|"
    r"beispiele?|z\. ?b\.|(?:diesem?|folgende[mns]?) (?:format|schema|aufbau)|"
    r"(?:antworte|gib)\b[^.\n]{0,60}\bjson)"
)
"""JSON in such a text may show how an answer shall look: it stays JSON."""
_NOTATIONS = frozenset({"json_table"})


class Rewriter:
    """What a level does to texts."""

    __slots__ = ("_literal", "_min_tokens", "_order", "_parts", "_wholes", "level")

    def __init__(self, level: Level, chosen: tuple[str, ...] | None = None, min_tokens: int = MIN_TOKENS) -> None:
        """``chosen`` are the names of the steps; all of the level where there are none.

        Raises ``ConfigurationError`` for a name that there is none of.
        """
        self.level = level
        self._min_tokens = min_tokens
        made = steps(level, chosen)
        self._wholes = [step for step in made if step[1].kinds & WHOLE]
        self._parts = [step for step in made if not step[1].kinds & WHOLE]
        self._literal = [step for step in self._parts if step[0] in LITERAL]
        self._order = [name for name, _ in made]

    def rewrite(self, text: str, speaker: Speaker, question: str = "", *, is_old: bool = False) -> Outcome:
        """A text in fewer tokens. ``question`` is what was asked before or in it; empty: it says so itself.

        ``is_old``: it lies so far back that its gist is enough.
        """
        before = weigh(text)
        if before < self._min_tokens or len(text) > MOST_CHARACTERS:
            return Outcome(text)
        saved: Counter[str] = Counter()
        written = text
        if speaker.is_trusted:
            written = self._in_parts(text, segments(text), question, saved, self._literal)
        else:
            parts = segments(text)
            asked = question or _asked(text, parts)
            wanted = asked.lower()
            if _ECHO.search(wanted) is not None:
                return Outcome(text)
            steps = self._parts
            if speaker is not Speaker.TOOL and _MODEL_ANSWER.search(wanted) is not None:
                steps = [step for step in steps if step[0] not in _NOTATIONS]
            written = self._whole(text, question, saved, is_old=is_old)
            if speaker is not Speaker.ASSISTANT:
                parts = parts if written is text else segments(written)
                written = self._in_parts(written, parts, asked, saved, steps)
                if any(part.kind is Kind.HTML for part in parts):  # now pages show what they hold
                    written = self._in_parts(written, segments(written), asked, saved, steps)
        if written == text or not is_worth(before, weigh(written)):
            return Outcome(text)
        return Outcome(written, tuple((name, saved[name]) for name in self._order if saved[name]))

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

    def _whole(self, text: str, question: str, saved: Counter[str], *, is_old: bool) -> str:
        """What steps for whole texts make of one."""
        for step in self._wholes:
            for kind in step[1].kinds & ({Kind.TURN} if is_old else {Kind.DOCUMENTS}):
                text = _through(step, Piece(text, kind, question), saved)
        return text

    def _in_parts(
        self, text: str, parts: tuple[Segment, ...], asked: str, saved: Counter[str], taken: list[Step]
    ) -> str:
        pieces: list[str] = []
        for part in parts:
            written = text[part.start : part.end]
            if part.kind not in _KEPT:
                for step in taken:
                    if part.kind in step[1].kinds:
                        written = _through(step, Piece(written, part.kind, asked), saved)
            pieces.append(written)
        return "".join(pieces)


def _asked(text: str, parts: tuple[Segment, ...]) -> str:
    """What a text says about the rest of it: its first and last words that are no data."""
    found = documents(text)
    if found:
        around = outside(text, found)
        return f"{around[:_ASKED]}\n{around[-_ASKED:]}"
    prose = [text[part.start : part.end] for part in parts if part.kind in _SAID]
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
