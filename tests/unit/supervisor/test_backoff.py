"""How long a slot waits for its next worker."""

import random

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.supervisor.backoff import CAP_S, FIRST_S, HEALTHY_S, Backoff


def delays(count: int, draw: float) -> list[float]:
    backoff = Backoff(lambda: draw)
    return [backoff.delay_s(1.0) for _ in range(count)]


def test_the_first_restart_is_immediate() -> None:
    assert Backoff(lambda: 0.99).delay_s(0.0) == 0.0


def test_each_further_restart_waits_twice_as_long_up_to_the_cap() -> None:
    assert delays(10, 1.0) == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_jitter_takes_at_most_half_away() -> None:
    assert delays(4, 0.0) == [0.0, 0.25, 0.5, 1.0]


def test_a_healthy_life_starts_anew() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.delay_s(lived) for lived in (1, 1, HEALTHY_S, 1, HEALTHY_S - 0.1)] == [0.0, 0.5, 0.0, 0.5, 1.0]


@given(st.integers(0, 2**32), st.integers(1, 5000))
def test_it_never_waits_longer_than_the_cap(seed: int, deaths: int) -> None:
    backoff = Backoff(random.Random(seed).random)
    waited = [backoff.delay_s(0.0) for _ in range(deaths)]
    assert all(FIRST_S / 2 <= delay <= CAP_S for delay in waited[1:])
