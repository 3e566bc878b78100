"""Quantiles by hand: within five in a hundred, clamped, and following what durations have become."""

from __future__ import annotations

import pytest

from stellwerk.core.sketch import LONGEST_S, RELATIVE_ERROR, SHORTEST_S, Sketch

NEAR = RELATIVE_ERROR + 1e-9


def test_nothing_has_no_quantile() -> None:
    assert Sketch().quantile(0.5) is None


def test_quantiles_are_within_five_in_a_hundred() -> None:
    sketch = Sketch()
    for duration_ms in range(1, 1001):
        sketch.add(duration_ms / 1000)
    assert sketch.count == 1000
    for share in (0.0, 0.01, 0.5, 0.95, 0.99, 1.0):
        assert sketch.quantile(share) == pytest.approx(max(share, 0.001), rel=NEAR)


@pytest.mark.parametrize(("duration_s", "counted_s"), [(0.0, SHORTEST_S), (-1.0, SHORTEST_S), (86_400.0, LONGEST_S)])
def test_what_is_out_of_range_counts_as_its_end(duration_s: float, counted_s: float) -> None:
    sketch = Sketch()
    sketch.add(duration_s)
    assert sketch.quantile(0.5) == pytest.approx(counted_s, rel=NEAR)


def test_a_slower_target_is_seen_after_as_many_calls_as_are_remembered() -> None:
    sketch = Sketch(most=100)
    for _ in range(1000):
        sketch.add(0.1)
    for _ in range(100):
        sketch.add(2.0)
    assert sketch.quantile(0.5) == pytest.approx(2.0, rel=NEAR)


def test_the_rare_long_ones_outlive_the_halving_of_counts() -> None:
    sketch = Sketch(most=100)
    for call in range(1, 401):
        sketch.add(10.0 if call % 20 == 0 else 0.1)
    assert sketch.quantile(0.97) == pytest.approx(10.0, rel=NEAR)


def test_two_merged_stay_within_what_is_remembered() -> None:
    one, other = Sketch(most=10), Sketch(most=100)
    for _ in range(8):
        one.add(1.0)
        for _ in range(9):
            other.add(3.0)
    one.merge(other)
    assert one.count == 10
    assert one.quantile(0.05) == pytest.approx(1.0, rel=NEAR)
    assert one.quantile(0.5) == pytest.approx(3.0, rel=NEAR)
