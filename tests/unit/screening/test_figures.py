"""Figures say how much is found of what is there, and how much of what is not."""

import pytest

from stellwerk.screening.figures import Tally, score_figures


def test_labels_count_as_found_by_half_of_them_and_their_type() -> None:
    tally = Tally()
    tally.add([(0, 10, "PER"), (20, 30, "US_SSN"), (40, 50, "ORG")], [(5, 10, "PERSON"), (20, 24, "US_SSN")])
    tally.add([], [(0, 4, "US_SSN"), (0, 4, "URL")])
    figures = tally.figures()
    assert (figures["PERSON"].recall, figures["PERSON"].precision, figures["PERSON"].f1) == (1, 1, 1)
    assert (figures["US_SSN"].labelled, figures["US_SSN"].recall, figures["US_SSN"].precision) == (1, 0, 0)
    assert figures["ORG"].f1 == 0
    assert figures["all that is known"].labelled == 2
    assert figures["all that is known"].precision == 0.5
    assert figures["structured"].labelled == 1
    assert "URL" not in figures


def test_recall_is_taken_where_so_many_harmless_texts_are_flagged() -> None:
    scored = [(n / 1000, False) for n in range(1000)] + [(0.995, True), (0.9985, True), (0.5, True), (1.0, True)]
    figures = score_figures(scored, 0.9)
    assert (figures.positives, figures.negatives) == (4, 1000)
    assert figures.recall_at_1_percent.value == 0.75
    assert figures.recall_at_01_percent.value == 0.5
    assert figures.found.value == 0.75
    assert figures.false.value == 0.1
    assert figures.auc.low < figures.auc.value < figures.auc.high


@pytest.mark.parametrize("label", [True, False])
def test_texts_of_one_sort_make_no_figure(label: bool) -> None:
    with pytest.raises(ValueError, match="label 1 and with the label 0"):
        score_figures([(0.5, label)], 0.5)
