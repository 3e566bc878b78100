"""A fading mean by hand."""

from __future__ import annotations

from math import e

import pytest

from stellwerk.core.ewma import Ewma


def test_before_the_first_value_it_rests_on_nothing() -> None:
    mean = Ewma(10)
    assert (mean.value, mean.weight) == (0, 0)


def test_the_first_value_is_the_mean() -> None:
    mean = Ewma(10)
    mean.add(1_000_000.0, 3.0)
    assert (mean.value, mean.weight) == (3, 1)


def test_values_of_one_moment_count_alike() -> None:
    mean = Ewma(10)
    for value in (1.0, 2.0, 6.0):
        mean.add(5.0, value)
    assert mean.value == pytest.approx(3)


def test_a_value_has_faded_to_one_in_e_after_the_time_constant() -> None:
    mean = Ewma(10)
    mean.add(100.0, 1.0)
    mean.add(110.0, 0.0)
    assert mean.value == pytest.approx((1 / e) / (1 / e + 1))
