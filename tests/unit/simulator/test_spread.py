"""Distributions of times and lengths."""

import statistics

import pytest

from stellwerk.simulator.dice import Dice
from stellwerk.simulator.spread import Spread, sampler


def test_a_number_is_constant() -> None:
    assert sampler(12.5)(Dice(b"x")) == 12.5


def test_a_uniform_spread_stays_within_its_bounds_and_fills_them() -> None:
    draw, dice = sampler(Spread(uniform=(10, 20))), Dice(b"x")
    drawn = [draw(dice) for _ in range(2_000)]
    assert 10 <= min(drawn) < 10.2
    assert 19.8 < max(drawn) <= 20


def test_a_lognormal_spread_has_the_median_and_the_percentile_it_was_given() -> None:
    draw, dice = sampler(Spread(median=200, p95=900)), Dice(b"x")
    drawn = sorted(draw(dice) for _ in range(20_000))
    assert statistics.median(drawn) == pytest.approx(200, rel=0.05)
    assert drawn[int(len(drawn) * 0.95)] == pytest.approx(900, rel=0.08)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"median": 1},
        {"p95": 1},
        {"median": 5, "p95": 4},
        {"median": 0, "p95": 4},
        {"uniform": (2, 1)},
        {"uniform": (-1, 1)},
        {"uniform": (1, float("inf"))},
        {"uniform": (1, 2), "median": 1, "p95": 2},
    ],
)
def test_what_describes_no_distribution_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Spread(**fields)  # type: ignore[arg-type]
