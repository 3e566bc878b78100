"""How a quantity is spread: a constant, evenly between two bounds, or lognormal by its median and 95th percentile."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from stellwerk.simulator.dice import Dice

Z_95 = 1.6448536269514722
"""How many standard deviations the 95th percentile of a normal distribution lies above its median."""

Sampler = Callable[[Dice], float]


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Either ``uniform`` (lowest and highest value) or ``median`` with ``p95``."""

    uniform: tuple[float, float] | None = None
    median: float | None = None
    p95: float | None = None

    def __post_init__(self) -> None:
        """Refuses what describes no distribution."""
        if (self.median is None) != (self.p95 is None) or (self.median is None) == (self.uniform is None):
            raise ValueError("expected either `uniform` or both `median` and `p95`")
        if self.uniform is not None and not 0 <= self.uniform[0] <= self.uniform[1] < math.inf:
            raise ValueError("expected `uniform` as [lowest, highest], neither of them negative")
        if self.median is not None and self.p95 is not None and not 0 < self.median <= self.p95 < math.inf:
            raise ValueError("expected `median` above 0 and `p95` not below `median`")


def sampler(spread: float | Spread) -> Sampler:
    """What draws from ``spread``."""
    if not isinstance(spread, Spread):
        constant = spread
        return lambda _: constant
    if spread.uniform is not None:
        low, high = spread.uniform
        return lambda dice: low + dice.unit() * (high - low)
    if spread.median is None or spread.p95 is None:
        raise AssertionError("unreachable: refused when the spread was made")
    mu = math.log(spread.median)
    sigma = (math.log(spread.p95) - mu) / Z_95
    return lambda dice: math.exp(mu + sigma * _normal(dice))


def _normal(dice: Dice) -> float:
    """Box and Muller's transformation."""
    return math.sqrt(-2.0 * math.log(1.0 - dice.unit())) * math.cos(math.tau * dice.unit())
