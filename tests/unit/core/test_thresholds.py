"""Thresholds: each category's own or the usual one, and a finding for every score."""

from __future__ import annotations

import pytest

from stellwerk.core.taxonomy import Hazard, Pii
from stellwerk.core.thresholds import Thresholds
from stellwerk.core.verdict import Finding, Span

THRESHOLDS = Thresholds(0.5, {"S10": 0.9})


def test_a_category_has_its_own_threshold_or_the_usual_one() -> None:
    assert THRESHOLDS.judge([(Hazard.HATE, 0.8), (Hazard.SELF_HARM, 0.5), (Hazard.SELF_HARM, 0.2)]) == (
        Finding(Hazard.HATE, 0.8, (), is_hit=False, threshold=0.9),
        Finding(Hazard.SELF_HARM, 0.5, (), is_hit=True, threshold=0.5),
    )


def test_rounding_makes_no_score_of_more_than_all() -> None:
    assert THRESHOLDS.judge([(Hazard.HATE, 1.0000001)])[0].score == 1.0


def test_spans_below_the_threshold_are_told_only_where_there_are_no_others() -> None:
    sure, vague = Span(5, 9, Pii.PERSON, 0.9), Span(1, 3, Pii.PERSON, 0.3)
    elsewhere = Span(0, 4, Pii.URL, 0.2)
    assert THRESHOLDS.judge_spans([sure, vague, elsewhere]) == (
        Finding(Pii.PERSON, 0.9, (sure,), is_hit=True, threshold=0.5),
        Finding(Pii.URL, 0.2, (elsewhere,), is_hit=False, threshold=0.5),
    )


@pytest.mark.parametrize(
    ("usual", "own", "match"),
    [(0.0, {}, "threshold above 0"), (0.5, {"S1": 1.1}, "threshold above 0"), (0.5, {"S99": 0.5}, "no category")],
)
def test_what_no_threshold_can_be_is_refused(usual: float, own: dict[str, float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Thresholds(usual, own)
