"""Lines of a log that stand several times in a row: once, and the note that syslog writes for such lines."""

from __future__ import annotations

from itertools import groupby

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer

NOTE = "last message repeated {} times"
LEAST_CHARACTERS = 12
"""A repeated line that is shorter is cheaper than the note."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class RepeatedLines:
    """Counts instead of repeating."""

    level = Level.SAFE
    kinds = frozenset({Kind.LOG})

    def rewrite(self, piece: Piece) -> str:
        """The log with each run of equal lines written once."""
        written: list[str] = []
        for line, run in groupby(piece.text.split("\n")):
            size = sum(1 for _ in run)
            if size > 2 and len(line) >= LEAST_CHARACTERS and not line.startswith("last message repeated"):
                written += (line, NOTE.format(size - 1))
            else:
                written += [line] * size
        return "\n".join(written)


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return RepeatedLines()
