"""Logistic regression and calibration: at their optimum, whatever the rows."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.core.learned_fit import STRENGTH, calibrate, fit, log_odds
from stellwerk.core.learned_route import scale, sigmoid

ROWS = st.lists(st.tuples(st.sets(st.integers(0, 5), max_size=4).map(sorted), st.floats(0, 1)), min_size=1, max_size=30)
SCORES = st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1)), min_size=1, max_size=40)


@settings(max_examples=50)
@given(ROWS)
def test_weights_are_where_the_penalised_loss_is_least(rows: list[tuple[list[int], float]]) -> None:
    texts, labels = [row for row, _ in rows], [label for _, label in rows]
    values = [scale(len(text)) for text in texts]
    weights, intercept = fit(texts, values, labels, 6)
    slopes = list(weights)
    for text, value, label in zip(texts, values, labels, strict=True):
        error = sigmoid(intercept + value * sum(weights[feature] for feature in text)) - label
        for feature in text:
            slopes[feature] += STRENGTH * error * value
    assert max(map(abs, slopes)) < 0.02


def test_the_same_rows_give_the_same_weights() -> None:
    rows, labels = [[0, 1], [1, 2], [0, 2]], [1.0, 0.0, 0.5]
    values = [scale(2)] * 3
    assert fit(rows, values, labels, 3) == fit(rows, values, labels, 3)


@given(SCORES)
def test_a_calibrated_probability_rises_with_the_score_and_is_right_on_average(
    pairs: list[tuple[float, float]],
) -> None:
    scores, labels = [score for score, _ in pairs], [label for _, label in pairs]
    slope, offset = calibrate(scores, labels)
    assert slope >= 0.0
    assert math.isfinite(offset)
    mean = sum(sigmoid(slope * score + offset) for score in scores) / len(scores)
    assert mean == pytest.approx(sum(labels) / len(labels), abs=0.02 + 0.5 / len(labels))


def test_calibration_finds_the_probabilities_that_made_the_labels() -> None:
    dice = random.Random(7)
    scores = [dice.uniform(-1, 1) for _ in range(20_000)]
    slope, offset = calibrate(scores, [float(dice.random() < sigmoid(3.0 * score + 1.0)) for score in scores])
    assert slope == pytest.approx(3.0, abs=0.2)
    assert offset == pytest.approx(1.0, abs=0.1)


def test_scores_that_say_the_opposite_say_nothing() -> None:
    assert calibrate([-1.0, -0.5, 0.5, 1.0] * 9, [1.0, 1.0, 0.0, 0.0] * 9) == (0.0, log_odds([1.0, 0.0]))
