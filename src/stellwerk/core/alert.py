"""When somebody is told how much of a budget is spent: a decision on values, and what the alert says.

An alert is told once for a threshold of a budget in each period. When several thresholds are passed at once, only the
highest is told; those below it count as told. A limit that is changed within a period makes a threshold count anew
where it now stands for more money than anybody was told of: raised from 50 to 100 dollars, the budget tells at 80
dollars as it had told at 40. A limit that is lowered repeats nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

import msgspec

from stellwerk.core.scope import BudgetSpec


class Told(msgspec.Struct, frozen=True, gc=False):
    """Somebody was told in this period: at which share of which limit."""

    share: float
    limit_nanos: int

    @property
    def amount_nanos(self) -> Fraction:
        """How much was spent at least."""
        return _exact(self.share) * self.limit_nanos


class Crossing(msgspec.Struct, frozen=True):
    """A budget that has passed a threshold: everything that an alert says of it."""

    account: str
    """The budget's account in the ledger, which is one of its period."""
    scope: str
    """Such as ``team:shop``."""
    team: str
    """Whose scope it is; empty where it is no team's."""
    spec: BudgetSpec
    begins_s: int
    ends_s: int
    spent_nanos: int
    estimated_nanos: int
    """The part of it that is an estimate."""
    share: float

    @property
    def told(self) -> Told:
        """What is told when this is told."""
        return Told(self.share, self.spec.limit_nanos)


def due(spec: BudgetSpec, spent_nanos: int, told: Iterable[Told]) -> float | None:
    """The threshold to tell of now, if there is one: the highest that is reached, unless it counts as told.

    What was told at a share as high, and at an amount as large, counts.
    """
    if spent_nanos <= 0:
        return None
    reached = [share for share in spec.alerts if _is_reached(share, spec.limit_nanos, spent_nanos)]
    if not reached:
        return None
    highest = Told(max(reached), spec.limit_nanos)
    if any(one.share >= highest.share and one.amount_nanos >= highest.amount_nanos for one in told):
        return None
    return highest.share


def _is_reached(share: float, limit_nanos: int, spent_nanos: int) -> bool:
    exact = _exact(share)
    return spent_nanos * exact.denominator >= exact.numerator * limit_nanos


@lru_cache(maxsize=1024)
def _exact(share: float) -> Fraction:
    """A share as it is written: 0.1 is a tenth."""
    return Fraction(repr(share))
