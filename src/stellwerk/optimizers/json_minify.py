"""JSON without the white space between its values. Every other character stays, so values, numbers and order do."""

from __future__ import annotations

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer
from stellwerk.text.json_values import minified


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class JsonMinify:
    """Closes the gaps."""

    level = Level.SAFE
    kinds = frozenset({Kind.JSON, Kind.JSON_LINES, Kind.TOOLS})

    def rewrite(self, piece: Piece) -> str:
        """The same JSON in one line, or each of its objects in one."""
        if piece.kind is Kind.JSON_LINES:
            return "\n".join(map(minified, piece.text.split("\n")))
        return minified(piece.text)


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return JsonMinify()
