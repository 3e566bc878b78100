"""Lists of JSON objects as tables with their number of rows; ``text/json_table.py`` has the notation and its reader."""

from __future__ import annotations

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer
from stellwerk.text.json_table import encoded, encoded_lines
from stellwerk.text.json_values import NoValue
from stellwerk.text.tool_schemas import is_declaring


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class JsonTable:
    """Names members once instead of in every row."""

    level = Level.BALANCED
    kinds = frozenset({Kind.JSON, Kind.JSON_LINES})

    def rewrite(self, piece: Piece) -> str:
        """The same values; declarations of tools stay JSON."""
        if "<rows " in piece.text or is_declaring(piece.text):
            return piece.text
        try:
            return encoded_lines(piece.text) if piece.kind is Kind.JSON_LINES else encoded(piece.text)
        except NoValue:
            return piece.text


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return JsonTable()
