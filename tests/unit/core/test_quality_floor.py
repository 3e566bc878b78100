"""Thresholds that keep a floor: monotone, cautious, and wrong no oftener than they say."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.quality_floor import STEPS, Tally, cuts, deviations

SHARE = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
ROWS = st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]) | st.floats(0, 1), SHARE, SHARE), min_size=1, max_size=300)


@given(ROWS, st.floats(0.5, 0.99))
def test_from_strict_to_loose_more_prompts_go_and_less_is_certain(
    rows: list[tuple[float, float, float]], confidence: float
) -> None:
    chances, weak, strong = zip(*rows, strict=True)
    found = cuts(chances, weak, strong, confidence)
    assert found
    assert len(found) <= STEPS
    assert found[-1].share == 1.0
    for stricter, looser in pairwise(found):
        assert stricter.probability > looser.probability
        assert stricter.share < looser.share
        assert stricter.at_least >= looser.at_least
    for cut in found:
        # Equal probabilities are never parted: the share is what the threshold really sends.
        assert cut.share == sum(chance >= cut.probability for chance in chances) / len(rows)


@given(ROWS, st.floats(0.5, 0.98))
def test_more_confidence_promises_less(rows: list[tuple[float, float, float]], confidence: float) -> None:
    chances, weak, strong = zip(*rows, strict=True)
    sure, surer = (cuts(chances, weak, strong, wanted) for wanted in (confidence, confidence + 0.01))
    assert all(one.at_least >= other.at_least for one, other in zip(sure, surer, strict=True))


@given(ROWS)
def test_the_promise_is_below_what_was_seen(rows: list[tuple[float, float, float]]) -> None:
    tally = Tally([strong for _, _, strong in rows])
    for _, weak, strong in rows:
        tally.move(weak, strong)
    low, high = tally.bounds(deviations(0.9))
    assert low <= tally.quality <= high
    whole = sum(strong for _, _, strong in rows)
    if whole > 0.01:  # else rounding is all there is
        assert tally.quality == pytest.approx(sum(weak for _, weak, _ in rows) / whole)


def test_few_prompts_without_a_failure_promise_nothing() -> None:
    found = cuts([0.9] * 50, [1.0] * 50, [1.0] * 50, 0.9)
    assert [cut.share for cut in found] == [1.0]
    assert found[0].at_least < 0.97


def test_many_prompts_without_a_failure_promise_a_lot() -> None:
    assert cuts([0.9] * 5_000, [1.0] * 5_000, [1.0] * 5_000, 0.9)[0].at_least > 0.999


def test_a_chosen_threshold_breaks_its_floor_no_oftener_than_was_said() -> None:
    """Prompts whose true loss grows with their rank: the quality of every threshold is known, not measured."""
    dice, floor, broken, shares = random.Random(3), 0.98, 0, []
    trials, rows = 200, 2_000
    for _ in range(trials):
        ranks = [dice.random() for _ in range(rows)]
        weak = [float(dice.random() >= 0.2 * rank) for rank in ranks]
        found = cuts([1.0 - rank for rank in ranks], weak, [1.0] * rows, 0.9)
        fit = [cut for cut in found if cut.at_least >= floor]
        reach = 1.0 - fit[-1].probability if fit else 0.0
        broken += 1.0 - 0.1 * reach * reach < floor  # the integral of what is lost up to that rank
        shares.append(reach)
    assert broken / trials < 0.15
    assert sum(shares) / trials > 0.33  # of the 0.447 at which the floor truly is


def test_a_strong_model_that_is_never_right_proves_nothing() -> None:
    assert Tally([0.0, 0.0]).quality == 1.0
    assert cuts([0.5, 0.6], [1.0, 1.0], [0.0, 0.0], 0.9)[0].at_least < 0.0
