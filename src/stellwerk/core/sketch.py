"""A sketch of durations: their quantiles, within 5 %, in a fixed small memory that forgets what is long past.

Buckets are spaced by a constant factor, so that the middle of a bucket is near all that falls into it (Masson, Rim and
Lee, "DDSketch", VLDB 2019).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from math import log

SHORTEST_S = 0.001
LONGEST_S = 600.0
"""What is shorter or longer is counted as if it were just that."""
RELATIVE_ERROR = 0.05

_FACTOR = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_SCALE = 1 / log(_FACTOR)
_SHIFT = -log(SHORTEST_S) * _SCALE
_BUCKETS = int(log(LONGEST_S) * _SCALE + _SHIFT) + 1
# The value whose relative distance from both ends of its bucket is the same.
_MIDDLES = [SHORTEST_S * _FACTOR**place * (1 + RELATIVE_ERROR) for place in range(_BUCKETS)]


class Sketch:
    """Quantiles of durations, that follow a drift: when more than ``most`` are counted, each counts half from then on.

    Counts are fractions, lest halving them lose the rare long durations, which the high quantiles are about.
    """

    __slots__ = ("_counts", "_most", "count")

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._counts = [0.0] * _BUCKETS
        self.count = 0.0
        """How many durations the quantiles rest on; old ones count in part."""

    def add(self, duration_s: float) -> None:
        """Count a duration."""
        if duration_s <= SHORTEST_S:
            place = 0
        elif duration_s >= LONGEST_S:
            place = -1
        else:
            place = int(log(duration_s) * _SCALE + _SHIFT)
        self._counts[place] += 1.0
        self.count += 1.0
        if self.count > self._most:
            self._age()

    def quantile(self, share: float) -> float | None:
        """The duration in seconds that this share, 0 to 1, of all did not exceed, or ``None`` if there are none."""
        if not self.count:
            return None
        sums = list(accumulate(self._counts))
        rank = share * sums[-1]
        return _MIDDLES[bisect_left(sums, rank) if rank else bisect_right(sums, 0.0)]

    def merge(self, other: Sketch) -> None:
        """Count what another sketch has counted, too."""
        self._counts = [mine + theirs for mine, theirs in zip(self._counts, other._counts, strict=True)]
        self.count += other.count
        while self.count > self._most:
            self._age()

    def _age(self) -> None:
        self._counts = [count / 2 for count in self._counts]
        self.count /= 2
