"""Pauses before repetitions stay within their bounds and never shrink with the number of repeats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.backoff import full_jitter

REPEATS = st.integers(0, 10_000)
SECONDS = st.floats(0.001, 3_600)
DRAWS = st.floats(0, 1, exclude_max=True)


@given(REPEATS, SECONDS, SECONDS, DRAWS)
def test_a_pause_is_never_negative_nor_over_its_cap(repeats: int, base_s: float, cap_s: float, draw: float) -> None:
    assert 0 <= full_jitter(repeats, base_s, cap_s, draw) <= cap_s


@given(REPEATS, SECONDS, SECONDS, DRAWS)
def test_the_same_luck_means_a_longer_pause_the_next_time(
    repeats: int, base_s: float, cap_s: float, draw: float
) -> None:
    assert full_jitter(repeats, base_s, cap_s, draw) <= full_jitter(repeats + 1, base_s, cap_s, draw)


@given(SECONDS, DRAWS)
def test_the_first_pause_is_below_the_base(base_s: float, draw: float) -> None:
    assert full_jitter(0, base_s, 3_600, draw) <= base_s
