"""Concurrency limits under any signals, and beside a simulated provider that takes only so many calls at a time."""

from __future__ import annotations

from heapq import heappop, heappush
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.concurrency import ConcurrencyLimit

SIGNALS = st.lists(st.tuples(st.booleans(), st.floats(0, 70), st.integers(1, 500)), max_size=60)
TYPICAL_S = 2.0
TICK_S = 0.1


@given(SIGNALS, st.floats(0, 10))
def test_a_limit_comes_only_of_refusals_and_always_leaves_one_call(
    signals: list[tuple[bool, float, int]], typical_s: float
) -> None:
    limit, now, refused = ConcurrencyLimit(), 0.0, False
    for is_refusal, span_s, in_flight in signals:
        now += span_s
        before = limit.limit
        if is_refusal:
            refused = True
            limit.limited(now, in_flight, typical_s)
            assert limit.limit is not None
            assert before is None or limit.limit <= before
        else:
            limit.succeeded(now, in_flight)
            assert before is None or limit.limit is None or before <= limit.limit <= before + 1
        assert limit.limit is None or (refused and limit.limit >= 1)
        assert limit.has_room(0)


class Provider:
    """Takes up to ``capacity`` calls at a time and refuses the others at once; callers want ``demand`` at any time."""

    def __init__(self, capacity: int, demand: int) -> None:
        self.capacity = capacity
        self.demand = demand
        self.limit = ConcurrencyLimit()
        self._ticks = 0
        self._begun = 0
        self._ends: list[tuple[float, int]] = []

    def run(self, for_s: float) -> list[float]:
        """The limit at each moment, where there is one."""
        limits = []
        for _ in range(round(for_s / TICK_S)):
            self._ticks += 1
            now = self._ticks * TICK_S
            while self._ends and self._ends[0][0] <= now:
                self.limit.succeeded(now, len(self._ends))
                heappop(self._ends)
            while len(self._ends) < self.demand and self.limit.has_room(len(self._ends)):
                self._begun += 1
                if len(self._ends) >= self.capacity:
                    self.limit.limited(now, len(self._ends) + 1, TYPICAL_S)
                    break
                heappush(self._ends, (now + TYPICAL_S * (0.5 + self._begun * 0.618 % 1), self._begun))
            if self.limit.limit is not None:
                limits.append(self.limit.limit)
        return limits


@given(st.integers(2, 50), st.floats(1.5, 8))
def test_it_comes_to_within_30_percent_of_what_the_provider_takes(capacity: int, excess: float) -> None:
    provider = Provider(capacity, demand=int(capacity * excess) + 1)
    provider.run(60)
    limits = provider.run(100)
    assert fmean(limits) == pytest.approx(capacity, rel=0.3)
    assert max(limits) <= capacity + 2


@given(st.integers(2, 40), st.integers(2, 5))
def test_it_recovers_when_the_provider_takes_more(capacity: int, times: int) -> None:
    provider = Provider(capacity, demand=capacity * times)
    provider.run(60)
    assert provider.limit.limit is not None
    provider.capacity = provider.demand
    provider.run(600)
    assert provider.limit.has_room(provider.demand - 1)
