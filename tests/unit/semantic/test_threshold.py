"""A scope serves as much as its labels allow, keeps what it learned, and switches itself off when audits convict it."""

import random
from fractions import Fraction
from math import comb

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.semantic.bounds import clopper_pearson, wilson
from stellwerk.semantic.threshold import COLD_START, FEWEST_LABELS, NEVER, PENANCE, Scope, State
from stellwerk.semantic.verifier import chance


def evidence(score: float) -> tuple[float, float, float, float]:
    return score, 0.0, 0.0, 0.0


def trained(error: float, *, lookups: int = 1_500, seed: int = 1) -> tuple[Scope, int, int]:
    """A scope behind traffic in which this share of the best scored neighbours is wrong; hits, and wrong ones."""
    dice = random.Random(seed)
    scope = Scope(0.01)
    hits = wrong = 0
    for _ in range(lookups):
        score = dice.uniform(-4, 6)
        is_right = dice.random() < (1 - error) * chance(2 * score)
        seen = evidence(score)
        is_hit = scope.chance(seen) >= scope.threshold
        scope.looked_up(seen, is_hit=is_hit)
        hits += is_hit
        wrong += is_hit and not is_right
        is_audit = is_hit and dice.random() < 0.03
        if (not is_hit or is_audit) and scope.label(seen, is_right=is_right, is_audit=is_audit):
            scope.fit()
    return scope, hits, wrong


def test_a_scope_begins_at_the_cold_start() -> None:
    scope = Scope(0.01)
    assert (scope.status, scope.threshold) == ("cold", COLD_START)
    assert scope.chance(evidence(3.0)) == pytest.approx(chance(3.0))


def test_where_neighbours_are_right_the_threshold_falls_and_errors_stay_under_the_rate() -> None:
    scope, hits, wrong = trained(0.0)
    assert scope.status == "fitted"
    assert scope.threshold < COLD_START
    assert hits > 400
    assert wrong / hits <= 0.02
    assert scope.bound <= 0.02


def test_where_neighbours_are_often_wrong_a_scope_serves_nearly_nothing() -> None:
    scope, hits, _ = trained(0.2)
    assert scope.threshold > 0.99 or scope.status == "off"
    assert hits < 300


def test_audits_that_prove_too_many_errors_switch_a_scope_off_until_it_has_served_its_penance() -> None:
    scope = Scope(0.01)
    for _ in range(8):
        scope.label(evidence(5.0), is_right=False, is_audit=True)
    assert scope.explained()["status"] == "off"
    assert scope.threshold == NEVER
    for _ in range(PENANCE):
        if scope.label(evidence(5.0), is_right=True, is_audit=False):
            scope.fit()
    assert scope.explained()["status"] != "off"
    assert scope.threshold <= 1.0


def test_a_single_wrong_audit_among_many_right_ones_convicts_nobody() -> None:
    scope = Scope(0.01)
    for number in range(100):
        scope.label(evidence(5.0), is_right=number != 50, is_audit=True)
    assert scope.status != "off"


def test_hits_of_other_tiers_leave_room_but_never_more_than_twice_the_rate() -> None:
    alone, _, _ = trained(0.012)
    diluted, _, _ = trained(0.012)
    for _ in range(100_000):
        diluted.known_hit()
    for scope in (alone, diluted):
        scope.fit()
    assert diluted.threshold <= alone.threshold
    assert diluted.bound <= 0.02 + 1e-9


def test_what_a_scope_learned_can_be_kept_and_read_back() -> None:
    scope, _, _ = trained(0.0)
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(scope.state()), type=State)
    again = Scope(0.01, kept)
    assert again.explained() == scope.explained()
    for each in (scope, again):
        each.fit()
    assert again.threshold == scope.threshold


def test_a_rate_that_is_no_share_is_refused() -> None:
    for rate in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="error rate"):
            Scope(rate)


def test_fitting_waits_for_labels_enough() -> None:
    scope = Scope(0.01)
    due = [scope.label(evidence(1.0), is_right=True, is_audit=False) for _ in range(FEWEST_LABELS)]
    assert due == [False] * (FEWEST_LABELS - 1) + [True]


def tail(hits: int, cases: int, share: float) -> float:
    """The chance of so many hits or more, from its definition and in exact arithmetic."""
    exact = Fraction(share)
    return float(
        sum(comb(cases, each) * exact**each * (1 - exact) ** (cases - each) for each in range(hits, cases + 1))
    )


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_outside_of_exact_bounds_what_was_seen_would_be_a_rarity(hits: int, others: int, confidence: float) -> None:
    cases = hits + others
    low, high = clopper_pearson(hits, cases, confidence)
    assert 0.0 <= low <= high <= 1.0
    if hits:
        assert tail(hits, cases, low) == pytest.approx((1 - confidence) / 2, abs=1e-9)
    if others:
        assert 1 - tail(hits + 1, cases, high) == pytest.approx((1 - confidence) / 2, abs=1e-9)


@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from([1.0, 1.645, 1.96]))
def test_wilsons_ends_lie_as_many_standard_errors_away_as_was_asked(hits: int, others: int, z: float) -> None:
    cases = hits + others
    for end in wilson(hits, cases, z):
        assert (hits / cases - end) ** 2 == pytest.approx(z * z * end * (1 - end) / cases, abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "cases", "interval"),
    [(0, 100, (0.0, 0.0362167)), (3, 100, (0.0062297, 0.0851762)), (5, 5, (0.4781762, 1.0))],
)
def test_exact_bounds_are_the_published_ones(hits: int, cases: int, interval: tuple[float, float]) -> None:
    assert clopper_pearson(hits, cases, 0.95) == pytest.approx(interval, abs=1e-6)
