"""The port of prompt optimizers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from stellwerk.core.optimization import Kind, Level, Piece


@runtime_checkable
class Optimizer(Protocol):
    """Writes one piece of a prompt in fewer tokens, from memory: no I/O, the same result for the same piece.

    It takes time in proportion to the piece's length, whatever the piece. What comes out is left alone when it comes
    in again. What raises has changed nothing.
    """

    @property
    def level(self) -> Level:
        """The lowest level at which this may be done."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it is for."""
        ...

    def rewrite(self, piece: Piece) -> str:
        """The piece in fewer tokens, or as it is."""
        ...
