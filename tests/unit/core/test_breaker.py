"""A breaker by hand: what opens it, what closes it, and what is too late to do either."""

from __future__ import annotations

from stellwerk.core.breaker import Breaker, Rules

RULES = Rules()
BEGAN_AT = 1000.0


def after(outcomes: str, breaker: Breaker | None = None, now: float = BEGAN_AT) -> Breaker:
    """The breaker after successes ``+`` and failures ``-``, all at one moment."""
    breaker = breaker or Breaker()
    for outcome in outcomes:
        breaker = breaker.succeeded(now) if outcome == "+" else breaker.failed(now, RULES, 0.0)
    return breaker


def test_a_target_that_only_answers_leaves_nothing_to_note() -> None:
    breaker = Breaker()
    assert breaker.succeeded(BEGAN_AT) is breaker
    assert breaker.probe(BEGAN_AT, 10) is breaker
    assert breaker.abandoned(BEGAN_AT) is breaker


def test_the_fourth_failure_in_a_row_opens_it() -> None:
    assert after("---").is_closed
    assert after("---+---").is_closed
    opened = after("----")
    assert not opened.is_closed
    assert not opened.admits(BEGAN_AT + 4.99)
    assert opened.ready_in_s(BEGAN_AT + 3) == 2
    assert opened.admits(BEGAN_AT + 5)


def test_half_of_the_last_64_calls_failing_opens_it_without_a_run() -> None:
    assert after("-+" * 31).is_closed
    assert not after("-+" * 31 + "-").is_closed


def test_a_rate_above_one_leaves_only_runs_to_open_it() -> None:
    breaker = Breaker()
    for _ in range(64):
        breaker = breaker.failed(BEGAN_AT, Rules(rate=1.1), 0.0).succeeded(BEGAN_AT)
    assert breaker.is_closed


def test_failures_a_window_ago_are_forgotten() -> None:
    assert not after("-", after("---"), BEGAN_AT + 60).is_closed
    assert after("---", after("---"), BEGAN_AT + 61).is_closed


def test_the_probe_that_succeeds_closes_it_and_old_failures_do_not_open_it_again() -> None:
    closed = after("----").probe(BEGAN_AT + 5, 10).succeeded(BEGAN_AT + 6)
    assert closed.is_closed
    assert after("---", closed, BEGAN_AT + 7).is_closed
    assert not after("----", closed, BEGAN_AT + 7).is_closed


def test_while_a_probe_runs_no_other_call_is_admitted_until_it_is_given_up() -> None:
    probing = after("----").probe(BEGAN_AT + 5, 10)
    assert not probing.admits(BEGAN_AT + 14.9)
    assert probing.ready_in_s(BEGAN_AT + 14) == 1
    assert probing.admits(BEGAN_AT + 15)


def test_an_abandoned_probe_frees_its_place_at_once_but_not_that_of_the_next_one() -> None:
    first = after("----").probe(BEGAN_AT + 5, 10)
    assert first.abandoned(BEGAN_AT + 6).admits(BEGAN_AT + 6)
    second = first.probe(BEGAN_AT + 15, 10)
    assert second.abandoned(BEGAN_AT + 16, asked_at=BEGAN_AT + 5) is second
    assert second.abandoned(BEGAN_AT + 16, asked_at=BEGAN_AT + 15).admits(BEGAN_AT + 16)


def test_probes_that_fail_double_the_cool_down_up_to_a_minute() -> None:
    breaker, waits_s = after("----"), []
    for _ in range(6):
        now = breaker.until_s
        breaker = breaker.probe(now, 10).failed(now, RULES, 0.0)
        waits_s.append(breaker.ready_in_s(now))
    assert waits_s == [10, 20, 40, 60, 60, 60]


def test_luck_lengthens_a_cool_down_by_up_to_a_fifth() -> None:
    assert after("---").failed(BEGAN_AT, RULES, 0.5).ready_in_s(BEGAN_AT) == 5.5


def test_calls_that_time_out_together_open_it_once_and_one_that_succeeds_late_does_not_close_it() -> None:
    opened = after("----")
    assert after("-" * 100, opened, BEGAN_AT + 1).published == opened.published
    assert opened.succeeded(BEGAN_AT + 1).published == opened.published
    half_open_at = BEGAN_AT + 6
    assert opened.failed(half_open_at, RULES, 0.0, asked_at=BEGAN_AT).published == opened.published
    assert opened.succeeded(half_open_at, asked_at=BEGAN_AT).published == opened.published


def test_calls_that_fail_late_do_not_open_it_again_when_it_has_closed() -> None:
    closed = after("----").succeeded(BEGAN_AT + 5)
    assert closed.failed(BEGAN_AT + 30, RULES, 0.0, asked_at=BEGAN_AT) is closed


def test_an_open_one_is_flaky_when_failures_had_come_and_gone_before() -> None:
    assert after("--+----").is_flaky
    assert not after("--+---").is_flaky  # closed: no need to be lenient
    assert not after("----").is_flaky  # well, and then silent
    assert not after("-" * 40, after("--+----")).is_flaky  # answered once


def test_a_trip_and_a_closing_are_heard_by_other_workers() -> None:
    here, there = after("----"), after("-+")
    heard = there.meet(Breaker.heard(*here.published))
    assert not heard.admits(BEGAN_AT + 4)
    closed = here.succeeded(BEGAN_AT + 5)
    assert heard.meet(Breaker.heard(*closed.published)).is_closed


def test_a_probe_that_fails_after_another_worker_has_opened_it_doubles_the_cool_down_all_the_same() -> None:
    heard = Breaker().meet(Breaker.heard(BEGAN_AT, 1)).probe(BEGAN_AT, 10)
    assert heard.failed(BEGAN_AT, RULES, 0.0).cool_down_s == 10


def test_of_two_probes_that_are_given_up_together_both_workers_know_the_later() -> None:
    opened = after("----")
    one, other = opened.probe(BEGAN_AT + 5, 10), opened.probe(BEGAN_AT + 10, 5)
    assert one.meet(other) == other.meet(one) == other


def test_news_of_a_longer_cool_down_end_the_wait_for_a_probe_of_the_shorter() -> None:
    probing = after("----").probe(BEGAN_AT + 5, 100)
    met = probing.meet(Breaker.heard(BEGAN_AT + 20, 1))
    assert not met.admits(BEGAN_AT + 19)
    assert met.admits(BEGAN_AT + 20)
