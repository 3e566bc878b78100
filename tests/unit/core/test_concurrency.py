"""A concurrency limit by hand: from none to seven tenths, and back."""

from __future__ import annotations

import pytest

from stellwerk.core.concurrency import ConcurrencyLimit


def limited(in_flight: int, now: float = 100.0, typical_s: float = 0.0) -> ConcurrencyLimit:
    """A limit after the first refusal."""
    limit = ConcurrencyLimit()
    limit.limited(now, in_flight, typical_s)
    return limit


def test_before_the_first_refusal_nothing_is_limited() -> None:
    limit = ConcurrencyLimit()
    limit.succeeded(100.0, 10_000)
    assert limit.has_room(10_000)


def test_a_refusal_leaves_seven_tenths_of_what_was_in_flight() -> None:
    limit = limited(100)
    assert limit.limit == 70
    assert limit.has_room(69)
    assert not limit.has_room(70)


def test_one_call_is_always_allowed() -> None:
    assert limited(1).has_room(0)


@pytest.mark.parametrize(("typical_s", "at_once", "later"), [(0.1, 100.9, 101.0), (5.0, 104.9, 105.0)])
def test_a_swarm_of_refusals_counts_once_for_a_second_or_a_round_of_calls(
    typical_s: float, at_once: float, later: float
) -> None:
    limit = limited(100, typical_s=typical_s)
    limit.limited(at_once, 60)
    assert limit.limit == 70
    limit.limited(later, 60)
    assert limit.limit == 42


def test_a_refusal_never_raises_the_limit_while_older_calls_still_run() -> None:
    limit = limited(10)
    limit.limited(200.0, 50)
    assert limit.limit == 7


def test_a_round_of_successes_at_the_limit_allows_one_call_more() -> None:
    limit = limited(10)
    for _ in range(8):
        limit.succeeded(101.0, 7)
    assert limit.has_room(7)
    assert not limit.has_room(8)


def test_success_below_the_limit_says_nothing_about_it() -> None:
    limit = limited(10)
    limit.succeeded(101.0, 6)
    assert limit.limit == 7


def test_a_limit_may_be_exceeded_while_most_of_the_latest_calls_are_taken() -> None:
    limit = limited(100)
    told = [limit.may_be_exceeded]
    limit.succeeded(100.1, 20)
    told.append(limit.may_be_exceeded)
    for number in range(8):
        limit.limited(101.0 + number, 80)
    told.append(limit.may_be_exceeded)
    for _ in range(8):
        limit.succeeded(110.0, 1)
    told.append(limit.may_be_exceeded)
    assert told == [False, True, False, True]


def test_it_goes_away_when_twice_is_taken_of_what_had_been_refused() -> None:
    limit = limited(10)
    successes = 0
    while limit.limit is not None:
        assert limit.limit <= 20
        limit.succeeded(101.0, int(limit.limit))
        successes += 1
    assert successes > 100


def test_it_goes_away_when_it_has_doubled_and_a_minute_was_quiet() -> None:
    limit = limited(10)
    limit.succeeded(161.0, 7)
    assert limit.limit is not None
    while limit.limit < 14:
        limit.succeeded(110.0, 14)
    limit.succeeded(159.9, 1)
    assert limit.limit is not None
    limit.succeeded(160.0, 1)
    assert limit.has_room(10_000)
