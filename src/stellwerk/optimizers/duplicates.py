"""Paragraphs that stood in the same text before, word for word: the first stays, later ones point to it."""

from __future__ import annotations

import re

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer

LEAST_CHARACTERS = 240
"""A paragraph that is shorter may be repeated for emphasis."""
_SHOWN = 48
_BREAK = re.compile(r"(\n[ \t]*\n\s*)")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class Duplicates:
    """Points to what was said before."""

    level = Level.SAFE
    kinds = frozenset({Kind.PROSE, Kind.MARKDOWN})

    def rewrite(self, piece: Piece) -> str:
        """The text with each repeated paragraph named by how it begins."""
        if len(piece.text) < 2 * LEAST_CHARACTERS:
            return piece.text
        seen: set[str] = set()
        written: list[str] = []
        for part in _BREAK.split(piece.text):
            bare = part.strip()
            if len(bare) < LEAST_CHARACTERS:
                written.append(part)
            elif bare in seen:
                written.append(f"[The paragraph “{_beginning(bare)}…” above stands here again.]")
            else:
                seen.add(bare)
                written.append(part)
        return "".join(written)


def _beginning(paragraph: str) -> str:
    return " ".join(paragraph[:_SHOWN].split()).rsplit(" ", 1)[0]


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return Duplicates()
