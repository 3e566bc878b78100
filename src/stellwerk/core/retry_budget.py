"""A budget for repeats on one target, lest repeats turn a slow target into a dead one.

A tenth of the calls may be repeated, and 10 a second in any case. What is not used is kept for 10 seconds.
"""

from __future__ import annotations

from math import exp

SHARE = 0.1
FLOOR_PER_S = 10.0
KEPT_S = 10.0


class RetryBudget:
    """Repeats that one target can still be asked for."""

    __slots__ = ("_floor", "_floor_at", "_share", "_share_at")

    def __init__(self) -> None:
        self._floor = FLOOR_PER_S * KEPT_S
        self._floor_at = 0.0
        self._share = 0.0
        self._share_at = 0.0

    def note(self, now: float, calls: int = 1) -> None:
        """Calls are made that are no repeats: each earns a tenth of one. Moments do not run backwards."""
        # What was earned fades, so that steady traffic has as much in store as it earns in KEPT_S.
        self._share = self._share * exp((self._share_at - now) / KEPT_S) + SHARE * calls
        self._share_at = now

    def take(self, now: float) -> bool:
        """Whether a call may be repeated; if so, the repeat is paid for."""
        share = self._share * exp((self._share_at - now) / KEPT_S)
        floor = min(FLOOR_PER_S * KEPT_S, self._floor + FLOOR_PER_S * (now - self._floor_at))
        has_one = share + floor >= 1.0
        if has_one:  # first out of what fades
            paid = min(share, 1.0)
            share -= paid
            floor -= 1.0 - paid
        self._share, self._floor = share, floor
        self._share_at = self._floor_at = now
        return has_one
