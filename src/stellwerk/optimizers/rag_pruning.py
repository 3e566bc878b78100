"""Documents that have little to do with the question are left out of those that a question is to be answered from.

A note says how many went; a text that has one is left alone. What stays: every document close to the best one, at least
three in eight, those that hold a number or a quote of the question, and all of them where the question has too few
words in common with any.
"""

from __future__ import annotations

import re
from math import ceil
from typing import Annotated

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer
from stellwerk.text.kinds import documents
from stellwerk.text.relevance import Relevance, asked, outside

_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
MOST_QUESTION_CHARACTERS = 2_000
_NOTE = re.compile(r"^\[\d+ less relevant documents left out\]$", re.MULTILINE)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much stays."""

    close: _Share = 0.4
    """A document with so much of the best one's relevance stays."""
    least: _Share = 0.375
    """So much of all documents stays in any case."""


class RagPruning:
    """Ranks documents by BM25."""

    level = Level.AGGRESSIVE
    kinds = frozenset({Kind.DOCUMENTS})

    def __init__(self, settings: Settings) -> None:
        self._close = settings.close
        self._least = settings.least

    def rewrite(self, piece: Piece) -> str:
        """The text without some of its documents; those that stay keep their numbers and their order."""
        parts = documents(piece.text)
        if not parts or _NOTE.search(piece.text) is not None:
            return piece.text
        question = piece.question or asked(piece.text, parts)
        bodies = [piece.text[start:end] for start, end in parts]
        kept = self._kept(bodies, question[-MOST_QUESTION_CHARACTERS:])
        if len(kept) == len(bodies):
            return piece.text
        gone = [part for place, part in enumerate(parts) if place not in kept]
        at = gone[0][0]
        rest = outside(piece.text[at:], tuple((start - at, end - at) for start, end in gone))
        return f"{piece.text[:at]}[{len(gone)} less relevant documents left out]\n\n{rest}"

    def _kept(self, bodies: list[str], question: str) -> set[int]:
        ranked = Relevance(bodies, question)
        if not ranked.is_telling:
            return set(range(len(bodies)))
        scores, best = ranked.scores, max(ranked.scores)
        order = sorted(range(len(bodies)), key=lambda place: -scores[place])
        kept = set(order[: ceil(self._least * len(bodies))])
        kept |= {place for place in order if scores[place] >= self._close * best}
        return kept | {place for place, body in enumerate(bodies) if any(map(body.__contains__, ranked.named))}


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    return RagPruning(settings)
