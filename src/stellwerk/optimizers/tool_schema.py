"""Declarations of tools without what no model needs; names, types and descriptions stay."""

from __future__ import annotations

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer
from stellwerk.text.json_values import NoValue, value, written
from stellwerk.text.tool_schemas import is_declaring, is_tools, slimmed


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class ToolSchema:
    """Slims schemas, where tools are declared in a request and where such a declaration stands in a text."""

    level = Level.BALANCED
    kinds = frozenset({Kind.JSON, Kind.TOOLS})

    def rewrite(self, piece: Piece) -> str:
        """The same tools in fewer words; what declares no tools stays as it is."""
        if not is_declaring(piece.text):
            return piece.text
        try:
            held = value(piece.text)
        except NoValue:
            return piece.text
        return written(slimmed(held)) if is_tools(held) else piece.text


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return ToolSchema()
