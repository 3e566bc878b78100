"""A reason why the answer to one turn is none to another."""

from __future__ import annotations

import msgspec

LIKE = 0.6
"""From this share of common content on, what stands in only one of two turns is a difference and no detail."""


class Mismatch(msgspec.Struct, frozen=True, gc=False):
    """What differs. ``is_hard`` forbids to serve; else it only weighs."""

    kind: str
    """``number``, ``date``, ``negation``, ``opposite``, ``name``, ``scope``, ``direction``, ``order``, ``quote``,
    ``question``, ``person``, ``language`` or ``word``."""
    detail: str
    is_hard: bool = True
