"""Pauses before repetitions: by hand where they are known, within their bound where they are drawn."""

from __future__ import annotations

import pytest

from stellwerk.core.backoff import full_jitter


@pytest.mark.parametrize(
    ("repeats", "draw", "pause_s"),
    [(0, 0.0, 0.0), (0, 0.5, 0.125), (1, 0.5, 0.25), (2, 0.25, 0.25), (4, 0.5, 2.0), (5, 0.5, 2.0), (60, 0.5, 2.0)],
)
def test_the_bound_doubles_until_it_is_capped(repeats: int, draw: float, pause_s: float) -> None:
    assert full_jitter(repeats, 0.25, 4.0, draw) == pause_s


def test_a_huge_number_of_repeats_is_no_overflow() -> None:
    assert full_jitter(10**9, 0.25, 4.0, 0.5) == 2.0
