"""Breakers under any order of calls, outcomes and news, beside a model that keeps lists where they keep bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from stellwerk.core.breaker import REMEMBERED, Breaker, Rules

SPANS_S = st.sampled_from([0.0, 0.01, 0.5, 3.0, 6.0, 30.0, 90.0])
DRAWS = st.floats(0, 1, exclude_max=True)
RULES = st.builds(
    Rules,
    failures=st.integers(1, 6),
    rate=st.sampled_from([0.1, 0.25, 0.5, 2.0]),
    cool_down_s=st.sampled_from([0.5, 5.0]),
    max_cool_down_s=st.sampled_from([5.0, 60.0]),
)
PATIENCE_S = 2.0


@dataclass(frozen=True)
class Call:
    """A call in flight."""

    asked_at: float
    is_probe: bool


class _Calls(RuleBasedStateMachine):
    """Calls to one target begin and end in any order; each step is foretold by the model."""

    calls = Bundle("calls")

    @initialize(rules=RULES)
    def begin(self, rules: Rules) -> None:
        self.thresholds = rules
        self.breaker = Breaker()
        self.now = 1000.0
        self.is_open = False
        self.cool_down_s = 0.0
        self.since_closing: list[bool] = []
        self.remembered = [True] * REMEMBERED
        self.failed_at = 0.0
        self.probes: list[Call] = []

    @rule(span_s=SPANS_S)
    def time_passes(self, span_s: float) -> None:
        self.now += span_s

    @precondition(lambda self: self.breaker.admits(self.now))
    @rule(target=calls)
    def ask(self) -> Call:
        return self._begins()

    @precondition(lambda self: self.breaker.is_flaky)
    @rule(target=calls)
    def ask_as_a_last_resort(self) -> Call:
        return Call(self.now, is_probe=False)

    @rule(call=consumes(calls))
    def succeed(self, call: Call) -> None:
        self.breaker = self.breaker.succeeded(self.now, call.asked_at)
        self._ends(call)
        self._remember(True)
        if self.is_open and not self._is_late(call):
            self._closes()
        elif not self.is_open:
            self.since_closing.append(True)

    @rule(call=consumes(calls), draw=DRAWS)
    def fail(self, call: Call, draw: float) -> None:
        was_late = self._is_late(call)
        self.breaker = self.breaker.failed(self.now, self.thresholds, draw, call.asked_at)
        self._ends(call)
        if not self.is_open and was_late:
            return
        if self.now - self.failed_at > self.thresholds.window_s:
            self.remembered = [True] * REMEMBERED
            self.since_closing = [True] * len(self.since_closing)
        self.failed_at = self.now
        self._remember(False)
        if self.is_open and not was_late:
            self._opens(2 * self.cool_down_s)
        elif not self.is_open:
            self.since_closing.append(False)
            if self._is_too_much():
                self._opens(self.thresholds.cool_down_s)

    @precondition(lambda self: not self.is_open)
    @rule(draw=DRAWS)
    def fail_until_it_opens(self, draw: float) -> None:
        for _ in range(self.thresholds.failures):
            if not self.is_open:
                self.fail(self._begins(), draw)

    @precondition(lambda self: self.is_open)
    @rule(target=calls)
    def wait_for_a_probe(self) -> Call:
        self.now = max(self.now, self.breaker.until_s, self.breaker.probe_until)
        return self._begins()

    @rule(call=consumes(calls))
    def leave(self, call: Call) -> None:
        if call.is_probe:
            self.breaker = self.breaker.abandoned(self.now, call.asked_at)
        self._ends(call)

    @precondition(lambda self: self.is_open)
    @rule()
    def the_target_is_well_again(self) -> None:
        wait_s = self.breaker.ready_in_s(self.now)
        assert wait_s <= max(1.2 * self.cool_down_s, PATIENCE_S)
        self.now = max(self.now, self.breaker.until_s, self.breaker.probe_until)
        self.succeed(self._begins())
        assert self.breaker.is_closed

    @invariant()
    def it_is_open_when_the_model_is(self) -> None:
        assert self.breaker.is_closed != self.is_open
        assert self.breaker.cool_down_s == self.cool_down_s

    @invariant()
    def there_is_one_probe_at_a_time(self) -> None:
        probing = [call for call in self.probes if not self._is_late(call) and self.now < call.asked_at + PATIENCE_S]
        is_cool = self.now >= self.breaker.until_s
        assert len(probing) <= 1 or not self.is_open
        assert self.breaker.admits(self.now) == (not self.is_open or (is_cool and not probing))
        assert self.breaker.admits(self.now) == (self.breaker.ready_in_s(self.now) == 0)

    @invariant()
    def it_is_flaky_when_failures_came_and_went(self) -> None:
        before_the_last_run = list(self.remembered)
        while before_the_last_run and not before_the_last_run[-1]:
            before_the_last_run.pop()
        mostly_answers = sum(self.remembered) > REMEMBERED / 2
        assert self.breaker.is_flaky == (self.is_open and mostly_answers and not all(before_the_last_run))

    def _is_late(self, call: Call) -> bool:
        return call.asked_at < self.breaker.until_s

    def _is_too_much(self) -> bool:
        in_a_row = self.since_closing[-self.thresholds.failures :]
        lately = self.since_closing[-REMEMBERED:]
        return (len(in_a_row) == self.thresholds.failures and not any(in_a_row)) or (
            lately.count(False) >= REMEMBERED * self.thresholds.rate
        )

    def _opens(self, cool_down_s: float) -> None:
        self.is_open = True
        self.since_closing = []
        self.cool_down_s = min(cool_down_s, self.thresholds.max_cool_down_s)
        assert self.cool_down_s <= self.breaker.until_s - self.now + 1e-9 <= 1.2 * self.cool_down_s + 2e-9

    def _closes(self) -> None:
        self.is_open = False
        self.since_closing = []
        self.cool_down_s = 0.0

    def _remember(self, outcome: bool) -> None:
        self.remembered = [*self.remembered[1:], outcome]

    def _begins(self) -> Call:
        assert self.breaker.admits(self.now)
        call = Call(self.now, self.is_open)
        self.breaker = self.breaker.probe(self.now, PATIENCE_S)
        if call.is_probe:
            self.probes.append(call)
        return call

    def _ends(self, call: Call) -> None:
        self.probes = [probe for probe in self.probes if probe is not call]


TestCalls = _Calls.TestCase


@st.composite
def breakers(draw: st.DrawFn) -> Breaker:
    """What a worker may know after some outcomes and some news."""
    breaker, now, rules = Breaker(), 100.0, Rules(failures=2)
    for step in draw(st.lists(st.sampled_from("sffffphw"), max_size=24)):
        match step:
            case "s":
                breaker = breaker.succeeded(now)
            case "f":
                breaker = breaker.failed(now, rules, draw(st.sampled_from([0.0, 0.5])))
            case "p" if breaker.admits(now):
                breaker = breaker.probe(now, PATIENCE_S)
            case "h":
                breaker = breaker.meet(Breaker.heard(now + draw(SPANS_S), draw(st.integers(1, 4))))
            case _:
                now += draw(SPANS_S)
    return breaker


@given(breakers(), breakers(), breakers())
def test_news_may_come_in_any_order_and_twice(a: Breaker, b: Breaker, c: Breaker) -> None:
    assert a.meet(b) == b.meet(a)
    assert a.meet(b).meet(c) == a.meet(b.meet(c))
    assert a.meet(a) is a
    assert a.meet(b).meet(b) == a.meet(b)


@given(breakers())
def test_neither_one_s_own_news_nor_those_of_nothing_change_what_is_known(breaker: Breaker) -> None:
    assert breaker.meet(Breaker.heard(*breaker.published)) is breaker
    assert breaker.meet(Breaker.heard(0.0, 0)) is breaker


@given(st.lists(breakers(), min_size=1, max_size=5))
def test_all_workers_come_to_know_the_highest_version_and_its_longest_cool_down(known: list[Breaker]) -> None:
    latest = max((breaker.version, breaker.until_s) for breaker in known)
    assert reduce(Breaker.meet, known).published == latest[::-1]
    for breaker in known:
        heard = reduce(Breaker.meet, [Breaker.heard(*other.published) for other in known], breaker)
        assert heard.published == latest[::-1]
        assert heard.history == breaker.history


@given(breakers(), st.integers(2, 6))
def test_after_another_worker_has_closed_it_old_failures_do_not_open_it(breaker: Breaker, failures: int) -> None:
    now = breaker.until_s + 1
    closed = breaker.meet(Breaker.heard(breaker.until_s, (breaker.version | 1) + 1))
    assert closed.is_closed
    assert closed.failed(now, Rules(failures=failures, rate=0.5), 0.0).is_closed


@given(breakers(), st.lists(SPANS_S, max_size=80))
def test_success_never_opens_it_and_enough_of_it_leaves_nothing_to_note(breaker: Breaker, spans_s: list[float]) -> None:
    now = max(breaker.until_s, breaker.probe_until)
    for span_s in spans_s:
        now += span_s
        breaker = breaker.succeeded(now)
        assert breaker.is_closed
    for _ in range(REMEMBERED):
        breaker = breaker.succeeded(now)
    assert breaker.succeeded(now) is breaker


@given(RULES, st.lists(DRAWS, min_size=12, max_size=12))
def test_each_probe_that_fails_lengthens_the_cool_down_up_to_the_longest(rules: Rules, draws: list[float]) -> None:
    breaker, now, cool_downs_s = Breaker(), 0.0, [0.0]
    for _ in range(rules.failures):
        breaker = breaker.failed(now, rules, 0.0) if breaker.is_closed else breaker
    for draw in draws:
        now = breaker.until_s
        breaker = breaker.probe(now, PATIENCE_S).failed(now, rules, draw)
        assert breaker.cool_down_s >= cool_downs_s[-1]
        cool_downs_s.append(breaker.cool_down_s)
    assert cool_downs_s[-1] == rules.max_cool_down_s
    again = breaker.succeeded(breaker.until_s)
    for _ in range(rules.failures):
        again = again.failed(breaker.until_s, rules, 0.0) if again.is_closed else again
    assert again.cool_down_s == min(rules.cool_down_s, rules.max_cool_down_s)
