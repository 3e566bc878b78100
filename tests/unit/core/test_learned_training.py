"""Learning from outcomes: what is kept apart stays apart, and what can be learned is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.core.learned_report import auc, report
from stellwerk.core.learned_route import LearnedRoute, Scorer
from stellwerk.core.learned_training import FOLDS, Outcome, learn, split
from tests.unit.core.outcomes import outcomes

PROMPTS = st.lists(st.text(), max_size=40)


@pytest.fixture(scope="module")
def route() -> LearnedRoute:
    """Learned from proofs and questions."""
    return learn(split(outcomes(1_500), 0, is_tested=False).folds, 0.9)


@given(PROMPTS, st.integers(), st.booleans())
def test_every_outcome_is_in_one_part_and_equal_prompts_in_the_same(
    prompts: list[str], seed: int, is_tested: bool
) -> None:
    rows = [Outcome(prompt, 1.0, number / 40) for number, prompt in enumerate(prompts)]
    parts = split(rows, seed, is_tested=is_tested)
    spread = [{row.prompt for row in part} for part in (*parts.folds, parts.test)]
    assert sum(len(part) for part in (*parts.folds, parts.test)) == len(rows)
    assert sum(map(len, spread)) == len(set(prompts))
    assert is_tested or not parts.test
    again = split(rows[::-1], seed, is_tested=is_tested)
    assert [row.prompt for row in again.test] == [row.prompt for row in parts.test]


def test_a_fifth_is_for_the_test_and_another_seed_splits_otherwise() -> None:
    rows = outcomes(2_000)
    one, other = split(rows, 0), split(rows, 1)
    assert 340 < len(one.test) < 460
    assert all(250 < len(fold) < 390 for fold in one.folds)
    assert set(one.test) != set(other.test)


def test_what_can_be_told_from_the_words_is_learned(route: LearnedRoute) -> None:
    scorer = Scorer(route)
    assert scorer.probability("Name the river Rhine") > 0.9
    assert scorer.probability("Prove that the river ends") < 0.6


def test_the_threshold_keeps_its_floor_on_outcomes_that_were_not_learned_from(route: LearnedRoute) -> None:
    cut = route.cut(0.97)
    assert cut is not None
    found = report(route, cut, outcomes(4_000, seed=9), 0.97, 10.0)
    assert 0.35 < found.share.value < 0.55
    assert found.quality.value > 0.97
    assert found.quality.low < found.quality.value < found.quality.high
    assert found.saved.value == pytest.approx(found.share.value * 0.9)
    assert found.auc.value > 0.8
    assert found.random_quality < 0.9
    assert found.random_saved < 0.15 < found.saved.value
    assert found.rows == 4_000
    assert found.weak < 0.7
    assert found.strong > 0.95


def test_progress_is_told(route: LearnedRoute) -> None:
    told: list[tuple[int, int]] = []
    again = learn(split(outcomes(1_500), 0, is_tested=False).folds, 0.9, lambda done, fits: told.append((done, fits)))
    assert told == [(done, FOLDS + 1) for done in range(FOLDS + 2)]
    assert again == route


@settings(max_examples=20)
@given(st.lists(st.tuples(st.text(), st.floats(0, 1), st.floats(0, 1)), max_size=20), st.floats(0.5, 1))
def test_any_outcomes_can_be_learned_from_and_measured(rows: list[tuple[str, float, float]], floor: float) -> None:
    made = [Outcome(*row) for row in rows]
    route = learn(split(made, 0, is_tested=False).folds, 0.9)
    found = report(route, route.cut(floor), made or outcomes(1), floor, 10.0)
    assert 0.0 <= found.share.low <= found.share.value <= found.share.high <= 1.0
    assert 0.0 <= found.random_saved <= 0.9


def test_without_a_threshold_nothing_goes_to_the_weak_model(route: LearnedRoute) -> None:
    found = report(route, None, outcomes(500), 0.99, 10.0)
    assert (found.share.value, found.quality.value, found.saved.value, found.random_quality) == (0.0, 1.0, 0.0, 1.0)


@given(st.lists(st.tuples(st.integers(0, 5).map(float), st.booleans()), max_size=30))
def test_the_area_under_the_curve_counts_pairs(chances: list[tuple[float, bool]]) -> None:
    true, false = ([chance for chance, is_true in chances if is_true is kind] for kind in (True, False))
    found = auc(chances)
    assert found.low <= found.value <= found.high
    if true and false:
        won = sum((one > other) + (one == other) / 2 for one in true for other in false)
        assert found.value == pytest.approx(won / (len(true) * len(false)))
    else:
        assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)
