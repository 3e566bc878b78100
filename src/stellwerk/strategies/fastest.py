"""The faster of two targets first, by their time to first content of late."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Annotated, TypeAlias

import msgspec

from stellwerk.core.ordering import only, pick
from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.ports.strategy import Strategy

NEAR = 1.1
"""Times that differ by less than this factor are the same: they are averages of what varies more."""
_UNTRIED = (inf, 0)

_Figures: TypeAlias = list[tuple[float, int]]
"""For each target the time to its first content, and the calls under way."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often another one is tried."""

    explore: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.02
    """Share of the requests that go to an idle target, fast or not: its time may be an old one."""


class Fastest:
    """Two targets are drawn, and the faster one is tried: so that not everybody runs to the same one at once."""

    __slots__ = ("_explore",)

    minds_conversations = False

    def __init__(self, settings: Settings) -> None:
        self._explore = settings.explore

    def fixed(self, targets: tuple[Target, ...]) -> Plan | None:
        """Where there is one target only."""
        return only(targets)

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """The faster of two, then all others by their time; those of which nothing is known come last."""
        figures: _Figures = []
        for target in targets:
            standing = standings[target.identity]
            figures.append((standing.first_byte_s or inf, standing.in_flight))
        first, why = self._first(figures, ask.draw)
        order = sorted(range(len(figures)), key=figures.__getitem__)
        order.remove(first)
        chosen = targets[first]
        return Plan((chosen, *[targets[place] for place in order]), f"{chosen.identity} {why}")

    def _first(self, figures: _Figures, draw: float) -> tuple[int, str]:
        if _UNTRIED in figures:
            # Whoever comes next finds a call under way there, and looks for another one.
            untried = [place for place, figure in enumerate(figures) if figure == _UNTRIED]
            return untried[pick(draw, len(untried))], "is tried to learn how fast it is"
        if draw >= self._explore:
            return _faster(figures, (draw - self._explore) / (1 - self._explore))
        draw /= self._explore
        idle = [place for place, figure in enumerate(figures) if not figure[1]]
        if idle:
            return idle[pick(draw, len(idle))], "is idle, and tried to learn how fast it is now"
        return _faster(figures, draw)


def build(settings: Settings) -> Strategy:
    """The strategy."""
    return Fastest(settings)


def _faster(figures: _Figures, draw: float) -> tuple[int, str]:
    """The better of two places that are drawn, all pairs with the same chance."""
    count = len(figures)
    if count == 1:
        return 0, "is the only target"
    one = pick(draw, count)
    other = pick(draw * count - one, count - 1)
    other += other >= one
    (one_s, one_calls), (other_s, other_calls) = figures[one], figures[other]
    if max(one_s, other_s) <= min(one_s, other_s) * NEAR:
        is_better = (one_calls, one_s) <= (other_calls, other_s)
        return (one if is_better else other), "is the less busy of two that are as fast"
    return (one if one_s < other_s else other), "is the faster of two"
