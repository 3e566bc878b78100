"""Logs by their patterns, each written once; ``text/log_patterns.py`` has the notation and its reader."""

from __future__ import annotations

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer
from stellwerk.text.log_patterns import encoded


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class LogFolding:
    """Folds lines that differ in numbers alone."""

    level = Level.BALANCED
    kinds = frozenset({Kind.LOG})

    def rewrite(self, piece: Piece) -> str:
        """The same lines in the same order."""
        return encoded(piece.text)


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return LogFolding()
