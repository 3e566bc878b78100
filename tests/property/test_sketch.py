"""Sketches beside sorted lists, and fading means beside their definition."""

from __future__ import annotations

from math import ceil, exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.ewma import Ewma
from stellwerk.core.sketch import LONGEST_S, RELATIVE_ERROR, SHORTEST_S, Sketch

DURATIONS = st.lists(st.floats(0.0002, 1_000), min_size=1, max_size=200)
SHARES = st.floats(0, 1)
MOMENTS = st.lists(st.tuples(st.floats(0, 100), st.floats(0.001, 600)), min_size=1, max_size=60)


def sketch_of(durations_s: list[float], most: int = 1024) -> Sketch:
    sketch = Sketch(most)
    for duration_s in durations_s:
        sketch.add(duration_s)
    return sketch


@given(DURATIONS, SHARES)
def test_a_quantile_is_within_its_stated_error(durations_s: list[float], share: float) -> None:
    rank = max(1, ceil(share * len(durations_s)))
    exact_s = min(max(sorted(durations_s)[rank - 1], SHORTEST_S), LONGEST_S)
    assert sketch_of(durations_s).quantile(share) == pytest.approx(exact_s, rel=RELATIVE_ERROR + 1e-9)


@given(DURATIONS, SHARES, SHARES)
def test_a_higher_quantile_is_never_lower(durations_s: list[float], one: float, other: float) -> None:
    sketch = sketch_of(durations_s, most=50)
    low, high = sketch.quantile(min(one, other)), sketch.quantile(max(one, other))
    assert low is not None
    assert high is not None
    assert low <= high


@given(DURATIONS, DURATIONS, SHARES)
def test_two_merged_are_as_if_one_had_counted_all(ours: list[float], theirs: list[float], share: float) -> None:
    merged = sketch_of(ours)
    merged.merge(sketch_of(theirs))
    assert merged.count == len(ours) + len(theirs)
    assert merged.quantile(share) == sketch_of(ours + theirs).quantile(share)


@given(DURATIONS, st.integers(2, 100), st.floats(0.01, 100))
def test_the_past_is_forgotten_and_memory_stays_bounded(before: list[float], most: int, now_s: float) -> None:
    sketch = sketch_of(before, most)
    for _ in range(8 * most):
        sketch.add(now_s)
        assert sketch.count <= most
    assert sketch.quantile(0.05) == sketch.quantile(0.95) == pytest.approx(now_s, rel=RELATIVE_ERROR + 1e-9)


@given(MOMENTS, st.floats(0.1, 100))
def test_a_fading_mean_weighs_each_value_by_its_age(steps: list[tuple[float, float]], tau_s: float) -> None:
    mean, now, seen = Ewma(tau_s), 0.0, []
    for span_s, value in steps:
        now += span_s
        mean.add(now, value)
        seen.append((now, value))
    weights = [exp((at - now) / tau_s) for at, _ in seen]
    weighted = sum(weight * value for weight, (_, value) in zip(weights, seen, strict=True))
    assert mean.weight == pytest.approx(sum(weights))
    assert mean.value == pytest.approx(weighted / sum(weights))
