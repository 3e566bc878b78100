"""When a budget's threshold is told: at once, the highest, and again only after the limit was raised."""

from stellwerk.core.accounts import bounds_of
from stellwerk.core.alert import Crossing, Told, due
from stellwerk.core.scope import BudgetSpec, Period

FIFTY = BudgetSpec(50, alerts=(0.5, 0.8, 0.95))
HUNDRED = BudgetSpec(100, alerts=(0.5, 0.8, 0.95))


def test_of_several_thresholds_that_are_passed_at_once_the_highest_is_told_alone() -> None:
    assert due(FIFTY, 24, ()) is None
    assert due(FIFTY, 25, ()) == 0.5
    assert due(FIFTY, 45, ()) == 0.8
    assert due(FIFTY, 45, (Told(0.8, 50),)) is None
    assert due(FIFTY, 60, (Told(0.8, 50),)) == 0.95


def test_a_raised_limit_tells_again_when_more_money_is_spent_than_anybody_was_told_of() -> None:
    told = (Told(0.8, 50),)
    assert due(HUNDRED, 49, told) is None
    assert due(HUNDRED, 50, told) == 0.5
    assert due(HUNDRED, 80, (*told, Told(0.5, 100))) == 0.8


def test_a_lowered_limit_repeats_nothing_and_tells_what_is_new() -> None:
    assert due(FIFTY, 45, (Told(0.8, 100),)) is None
    assert due(FIFTY, 48, (Told(0.8, 100),)) == 0.95


def test_nothing_is_told_where_nothing_was_spent_or_nobody_wants_to_hear() -> None:
    nothing = BudgetSpec(0, is_hard=False, alerts=(0.5, 1.0))
    assert due(nothing, 0, ()) is None
    assert due(nothing, 1, ()) == 1.0
    assert due(BudgetSpec(50, alerts=()), 50, ()) is None


def test_what_is_told_is_the_threshold_of_the_limit() -> None:
    spec = BudgetSpec(50, Period.DAY)
    begins_s, ends_s = bounds_of(spec.period, spec.time_zone, 86_400 * 3.5)
    assert (begins_s, ends_s) == (86_400 * 3, 86_400 * 4)
    assert Crossing("a", "team:shop", "shop", spec, begins_s, ends_s, 30, 0, 0.5).told == Told(0.5, 50)


def test_complaint_08_a_rule_at_99_percent_is_told_at_99_percent_of_the_money_and_not_before() -> None:
    spec = BudgetSpec(15_000_000_000, alerts=(0.99,))
    assert due(spec, 400_000_000, ()) is None
    assert due(spec, 14_849_999_999, ()) is None
    assert due(spec, 14_850_000_000, ()) == 0.99
