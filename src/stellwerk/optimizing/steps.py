"""The optimizers of a level, in the order in which a text goes through them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from stellwerk import plugins
from stellwerk.core.optimization import Kind, Level
from stellwerk.ports.optimizer import Optimizer

WHOLE = frozenset({Kind.DOCUMENTS, Kind.TURN})
"""Kinds that are a whole text, not a part of one."""

Step = tuple[str, Optimizer]


def names() -> tuple[str, ...]:
    """All steps there are."""
    return plugins.names("optimizers")


def steps(level: Level, chosen: Iterable[str] | None = None) -> tuple[Step, ...]:
    """The steps that a level allows, of those that were chosen: first what is for whole texts, then the careful ones.

    Raises ``ConfigurationError`` for a name that there is none of.
    """
    wanted = names() if chosen is None else tuple(dict.fromkeys(chosen))
    built = [(name, cast("Optimizer", plugins.build("optimizers", name, {}))) for name in wanted]
    allowed = [step for step in built if step[1].level.rank <= level.rank]
    return tuple(sorted(allowed, key=lambda step: (not step[1].kinds & WHOLE, step[1].level.rank, step[0])))
