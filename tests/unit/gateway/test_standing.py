"""How a target is doing: what each way of ending a call does to it, and what keeps it from being asked."""

from __future__ import annotations

import pytest

from stellwerk.core.breaker import Breaker, Rules
from stellwerk.core.health import NOTHING, Signs
from stellwerk.errors import (
    EgressDenied,
    UpstreamCredentials,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from stellwerk.gateway.standing import ALL_SEEN, LONGEST_BLOCK_S, PROBE_S, SEEN_CALLS, Standing, Standings

NOW = 1_000.0
FAULTS = [
    UpstreamUnavailable("No connection."),
    UpstreamTimeout("Too late."),
    UpstreamInvalid("No JSON."),
    UpstreamCredentials("Who are you?"),
]
"""What a provider is to blame for."""
REQUESTS_FAULT = UpstreamRefused("No such parameter.", upstream_status=400)


class Target:
    """A standing, called as attempts do it."""

    def __init__(self, rules: Rules | None = Rules()) -> None:  # noqa: B008  # frozen
        self.trips: list[Standing] = []
        self.standing = Standing(rules, self.trips.append)

    def begin(self, now: float) -> float:
        """Asks; returns when."""
        self.standing.begin(now)
        return now

    def answer(self, now: float, asked_at: float) -> None:
        """It answers."""
        self.standing.answered(now, asked_at)
        self.standing.end()

    def fail(self, now: float, error: UpstreamError, asked_at: float) -> None:
        """It fails."""
        self.standing.failed(now, asked_at, error)
        self.standing.end()

    def leave(self, now: float, asked_at: float) -> None:
        """Nobody wants its answer any more."""
        self.standing.left(now, asked_at)
        self.standing.end()

    def open(self, now: float = NOW) -> float:
        """Four failures in a row; returns when the cool-down is over."""
        for _ in range(4):
            self.fail(now, FAULTS[0], self.begin(now))
        assert not self.standing.breaker.is_closed
        return self.standing.breaker.until_s


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: error.code)
def test_four_faults_of_the_provider_open_the_circuit_and_somebody_is_told_once(error: UpstreamError) -> None:
    target = Target()
    for number in range(4):
        assert target.standing.verdict(NOW) == ""
        assert target.standing.is_plain
        target.fail(NOW + number, error, target.begin(NOW + number))
    assert target.standing.verdict(NOW + 4).startswith("circuit open for ")
    assert not target.standing.is_plain
    assert target.trips == [target.standing]
    assert target.standing.ready_in_s(NOW + 4) == pytest.approx(target.standing.breaker.until_s - NOW - 4)


@pytest.mark.parametrize("error", [REQUESTS_FAULT, EgressDenied("Not there."), UpstreamRateLimited("Slow down.")])
def test_what_is_not_the_providers_fault_opens_nothing(error: UpstreamError) -> None:
    target = Target()
    for _ in range(100):
        target.fail(NOW, error, target.begin(NOW))
    assert target.standing.breaker.is_closed
    assert not target.trips


def test_a_refusal_of_a_request_shows_that_the_target_is_well() -> None:
    target = Target()
    now = target.open()
    target.fail(now, REQUESTS_FAULT, target.begin(now))
    assert target.standing.is_plain
    assert len(target.trips) == 2


def test_without_rules_no_failure_counts() -> None:
    target = Target(None)
    for _ in range(100):
        target.fail(NOW, FAULTS[0], target.begin(NOW))
    assert target.standing.verdict(NOW) == ""
    assert target.standing.is_plain


def test_an_overload_that_names_a_time_is_left_alone_for_it_with_or_without_a_circuit() -> None:
    for rules in (Rules(), None):
        target = Target(rules)
        target.fail(NOW, UpstreamUnavailable("Busy.", retry_after_s=7.0), target.begin(NOW))
        assert target.standing.verdict(NOW) == "rate limited for 7.0 s"
        assert target.standing.verdict(NOW + 7) == ""


def test_a_429_that_names_a_time_is_heeded_up_to_an_hour() -> None:
    target = Target()
    target.fail(NOW, UpstreamRateLimited("Slow down.", retry_after_s=86_400.0), target.begin(NOW))
    assert target.standing.ready_in_s(NOW) == LONGEST_BLOCK_S
    assert target.standing.is_limited(NOW)
    target.standing.block(NOW, 5.0)  # a shorter one takes nothing back
    assert target.standing.ready_in_s(NOW) == LONGEST_BLOCK_S


def test_a_429_without_a_time_lowers_how_many_calls_it_takes_at_once() -> None:
    target = Target()
    for _ in range(10):
        target.begin(NOW)
    target.fail(NOW, UpstreamRateLimited("Slow down."), NOW)
    assert target.standing.verdict(NOW) == "busy with 9 calls"
    assert target.standing.ready_in_s(NOW) == 0.0
    for _ in range(3):
        target.answer(NOW + 1, NOW)
    assert target.standing.verdict(NOW + 1) == ""
    assert not target.standing.is_plain  # the limit stands


def test_calls_of_others_count_for_the_load_and_not_for_the_limit() -> None:
    target = Target()
    target.begin(NOW)
    target.standing.elsewhere = 41
    assert target.standing.in_flight == 42
    target.standing.failed(NOW, NOW, UpstreamRateLimited("Slow down."))
    target.standing.end()
    assert target.standing.verdict(NOW) == ""


def test_half_open_one_call_is_made_and_its_success_makes_the_target_plain() -> None:
    target = Target()
    now = target.open()
    assert target.standing.verdict(now) == ""
    asked_at = target.begin(now)
    assert target.standing.verdict(now) != ""
    target.answer(now + 1, asked_at)
    assert target.standing.is_plain
    assert len(target.trips) == 2


@pytest.mark.parametrize(
    "end",
    [
        Target.leave,
        lambda target, now, asked_at: target.fail(now, UpstreamRateLimited("Slow down."), asked_at),
        lambda target, now, asked_at: target.fail(now, EgressDenied("Not there."), asked_at),
    ],
    ids=["left", "limited", "denied"],
)
def test_a_probe_that_tells_nothing_makes_room_for_the_next_and_one_that_is_older_does_not(end: object) -> None:
    assert callable(end)
    target = Target()
    early = target.begin(NOW - 1)
    now = target.open()
    asked_at = target.begin(now)
    end(target, now + 1, early)
    assert target.standing.verdict(now + 1) != ""  # the probe is still under way
    end(target, now + 2, asked_at)
    assert target.standing.verdict(now + 2) == ""


def test_a_probe_that_nobody_hears_of_is_given_up() -> None:
    target = Target()
    now = target.open()
    target.begin(now)
    assert target.standing.verdict(now + PROBE_S - 0.1) != ""
    assert target.standing.verdict(now + PROBE_S) == ""


def test_a_call_as_a_last_resort_takes_no_probe_from_anybody() -> None:
    """Its success comes too early to close the circuit, and must not put off the call that can."""
    target = Target()
    for error in (None, FAULTS[0], None):
        asked_at = target.begin(NOW)
        target.answer(NOW, asked_at) if error is None else target.fail(NOW, error, asked_at)
    until_s = target.open()
    assert target.standing.is_last_resort(NOW + 1, may_exceed=False)
    target.answer(NOW + 2, target.begin(NOW + 1))
    assert target.standing.verdict(until_s) == ""


def test_a_flaky_target_may_be_repeated_and_waited_for_although_its_circuit_is_open() -> None:
    target = Target()
    for error in (None, FAULTS[0], None):
        asked_at = target.begin(NOW)
        target.answer(NOW, asked_at) if error is None else target.fail(NOW, error, asked_at)
    target.open()
    assert target.standing.repeatable_in_s(NOW) == 0.0
    assert target.standing.is_limited(NOW)
    target.standing.block(NOW, 3.0)
    assert target.standing.repeatable_in_s(NOW) == 3.0
    down = Target()
    down.open()
    assert down.standing.repeatable_in_s(NOW) == down.standing.ready_in_s(NOW) >= 5.0
    assert not down.standing.is_limited(NOW)


def test_a_target_that_is_limited_or_down_is_no_last_resort() -> None:
    down = Target()
    down.open()
    assert not down.standing.is_last_resort(NOW, may_exceed=True)
    limited = Target()
    for error in (None, FAULTS[0], None):
        asked_at = limited.begin(NOW)
        limited.answer(NOW, asked_at) if error is None else limited.fail(NOW, error, asked_at)
    limited.open()
    limited.standing.block(NOW, 3.0)
    assert not limited.standing.is_last_resort(NOW, may_exceed=True)


def test_a_target_with_its_hands_full_is_a_last_resort_where_limits_may_be_exceeded_and_it_mostly_answers() -> None:
    target = Target()
    calls = [target.begin(NOW) for _ in range(4)]
    target.fail(NOW, UpstreamRateLimited("Slow down."), calls[0])
    target.begin(NOW)
    assert "busy" in target.standing.verdict(NOW)
    assert not target.standing.is_last_resort(NOW, may_exceed=True)
    target.answer(NOW, calls[1])
    target.begin(NOW)
    assert target.standing.is_last_resort(NOW, may_exceed=True)
    assert not target.standing.is_last_resort(NOW, may_exceed=False)
    target.standing.block(NOW, 3.0)
    assert not target.standing.is_last_resort(NOW, may_exceed=True)


def test_a_thousand_calls_that_time_out_together_open_the_circuit_once() -> None:
    target = Target()
    for _ in range(1000):
        target.begin(NOW)
    for _ in range(1000):
        target.fail(NOW + 20, FAULTS[1], NOW)
    assert len(target.trips) == 1
    assert target.standing.ready_in_s(NOW + 20) <= 6.0
    assert target.standing.own_in_flight == 0


def test_a_call_that_began_before_a_closing_does_not_open_the_circuit_again() -> None:
    target = Target()
    for _ in range(8):
        target.begin(NOW)
    now = target.open()
    target.answer(now, target.begin(now))
    for _ in range(8):
        target.fail(now + 1, FAULTS[1], NOW)
    assert target.standing.is_plain


def test_news_of_another_worker_open_and_close_the_circuit_and_are_not_told_on() -> None:
    target = Target()
    target.standing.heard(NOW + 5, 1)
    assert target.standing.verdict(NOW).startswith("circuit open for 5.0 s")
    target.standing.heard(NOW + 5, 2)
    assert target.standing.verdict(NOW) == ""
    target.answer(NOW + 6, target.begin(NOW + 6))
    assert target.standing.is_plain
    assert not target.trips


def test_times_are_known_from_twenty_calls_on() -> None:
    target = Target()
    assert target.standing.first_byte_s == 0.0
    for number in range(20):
        assert target.standing.quantile_s(0.95) is None
        now = NOW + number
        target.answer(now + 0.5, target.begin(now))
    assert target.standing.quantile_s(0.95) == pytest.approx(0.5, rel=0.06)
    assert target.standing.first_byte_s == pytest.approx(0.5)


def test_calls_that_were_beaten_count_with_the_time_they_were_waited_for() -> None:
    target = Target()
    for number in range(100):
        now = NOW + number
        asked_at = target.begin(now)
        if number % 5:
            target.answer(now + 0.1, asked_at)
        else:
            target.standing.outwaited(now + 2.0, asked_at)
            target.standing.end()
    assert target.standing.quantile_s(0.7) == pytest.approx(0.1, rel=0.06)
    assert target.standing.quantile_s(0.95) == pytest.approx(2.0, rel=0.06)


def test_of_many_answers_of_a_well_target_one_in_eight_is_looked_at_and_counts_for_eight() -> None:
    target = Target()
    looked_at = []
    for number in range(200):
        now = NOW + number
        target.begin(now)
        looked_at.append(target.standing.answered(now + 0.5, now))
        target.standing.end()
    assert all(looked_at[:64])
    assert sum(looked_at[72:]) == 16
    assert target.standing.quantile_s(0.95) == pytest.approx(0.5, rel=0.06)


def test_a_failure_between_answers_that_nobody_looks_at_is_no_failure_in_a_row() -> None:
    target = Target()
    for number in range(400):
        now = NOW + number
        target.begin(now)
        if number % 4:
            target.answer(now, now)
        else:
            target.fail(now, FAULTS[0], now)
    assert not target.trips


def test_repeats_are_paid_for_by_answers_and_not_by_failures() -> None:
    target = Target()
    for _ in range(100):
        target.fail(NOW, REQUESTS_FAULT, target.begin(NOW))
    assert sum(target.standing.may_repeat(NOW) for _ in range(1000)) == 100
    for _ in range(100):
        target.answer(NOW, target.begin(NOW))
    assert 9 <= sum(target.standing.may_repeat(NOW) for _ in range(1000)) <= 10


def test_targets_are_known_by_identity_and_forgotten_when_they_are_gone_and_idle() -> None:
    standings = Standings()
    one, two, three = (standings.of(identity) for identity in ("one", "two", "three"))
    assert standings.of("one") is one
    two.begin(NOW)
    rules = Rules(failures=1)
    standings.adopt(rules, dict.fromkeys({"one"}))
    assert dict(standings) == {"one": one, "two": two}
    assert one.rules is two.rules is standings.rules is rules
    assert standings.of("three") is not three
    assert standings.of("three").rules is rules


def test_whoever_watches_is_told_the_target_also_of_those_known_before() -> None:
    standings = Standings()
    standings.adopt(Rules(failures=1), dict.fromkeys({"one"}))
    one = standings.of("one")
    told: list[str] = []
    one.failed(NOW, NOW, FAULTS[0])  # nobody watches yet
    standings.watch(told.append)
    standings.of("two").failed(NOW, NOW, FAULTS[0])
    one.answered(NOW + 10, NOW + 10)
    assert told == ["two", "one"]
    assert one.breaker == Breaker(2, one.breaker.until_s, one.breaker.history, failed_at=NOW)


# -- what its calls have shown


def busy(target: Target) -> None:
    """So many answers that most later ones are not looked at closely."""
    for _ in range(ALL_SEEN + 1):
        target.answer(NOW, target.begin(NOW))


@pytest.mark.parametrize("error", [*FAULTS, EgressDenied("Not there."), UpstreamRateLimited("Slow down.")], ids=str)
@pytest.mark.parametrize("rules", [Rules(), None], ids=["with a circuit", "without"])
@pytest.mark.parametrize("unseen", range(SEEN_CALLS))
def test_the_first_answer_after_a_failure_is_seen(rules: Rules | None, error: UpstreamError, unseen: int) -> None:
    target = Target(rules)
    busy(target)
    for _ in range(unseen):
        target.answer(NOW + 1, target.begin(NOW))
    target.fail(NOW + 2, error, target.begin(NOW))
    signs = target.standing.signs
    assert (signs.failed_at, signs.failure) == (NOW + 2, error.code)
    assert signs.succeeded_at < signs.failed_at
    target.standing.settle(NOW + 2.5)  # answers from before the failure say nothing of afterwards
    assert target.standing.signs.succeeded_at < signs.failed_at
    target.answer(NOW + 3, target.begin(NOW + 2))
    assert target.standing.signs.succeeded_at == target.standing.latest == NOW + 3


def test_answers_that_are_not_looked_at_closely_count_with_the_next_heartbeat() -> None:
    target = Target()
    busy(target)
    target.standing.settle(NOW + 1)
    for moment in range(2, 2 + 4 * SEEN_CALLS):
        now = NOW + moment
        target.answer(now - 0.5, target.begin(now - 0.6))
        target.standing.settle(now)
        assert now - 0.5 <= target.standing.signs.succeeded_at <= now
    last = target.standing.signs.succeeded_at
    target.standing.settle(NOW + 1_000)
    assert target.standing.signs.succeeded_at == last


def test_a_call_that_was_beaten_by_the_one_beside_it_is_no_answer() -> None:
    target = Target()
    busy(target)
    target.standing.settle(NOW + 1)
    for _ in range(3 * SEEN_CALLS):
        target.standing.outwaited(NOW + 2, target.begin(NOW + 1))
        target.standing.end()
        target.standing.settle(NOW + 3)
    assert target.standing.signs.succeeded_at <= NOW + 1
    target.answer(NOW + 4, target.begin(NOW + 4))
    target.standing.outwaited(NOW + 5, target.begin(NOW + 1))
    target.standing.settle(NOW + 6)
    assert target.standing.signs.succeeded_at >= NOW + 4


def test_a_refused_request_shows_that_the_target_is_well() -> None:
    target = Target()
    target.fail(NOW, REQUESTS_FAULT, target.begin(NOW))
    assert target.standing.signs == Signs(succeeded_at=NOW)


def test_what_was_shown_by_another_way_to_it_is_forgotten() -> None:
    standings = Standings()
    standings.adopt(Rules(), {"one/m": "old"})
    standing = standings.of("one/m")
    standing.begin(NOW)
    standing.failed(NOW, NOW, FAULTS[-1])
    standing.end()
    standings.adopt(Rules(), {"one/m": "new"})
    assert "one/m" in standings
    assert standing.signs == NOTHING
    assert standing.latest == 0
