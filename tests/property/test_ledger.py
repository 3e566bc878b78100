"""The ledger under random histories: never more is out than there is, and nothing is out for ever."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stellwerk.core.ledger import NEW, SHARES, Account, Kind, forfeit, give, left, remaining, take, wait_s

OWNERS = st.sampled_from(["one", "two", "three"])
AMOUNTS = st.integers(0, 40)
CAPACITY = 100
KINDS = st.sampled_from(Kind)
MOMENTS = st.floats(0, 10_000)


class History(RuleBasedStateMachine):
    """Owners take, spend, give back and die; what each really has is kept beside the ledger."""

    kind = Kind.BUDGET

    def __init__(self) -> None:
        super().__init__()
        self.account = Account("a", self.kind, CAPACITY, 60)
        self.state = NEW
        self.now_s = 1_000.0
        self.held = Counter[str]()
        self.spent = 0
        self.dead = 0

    @rule(owner=OWNERS, least=AMOUNTS, more=AMOUNTS)
    def take(self, owner: str, least: int, more: int) -> None:
        """Some, perhaps more than there is."""
        free = left(self.account, self.state, self.now_s)
        self.state, granted = take(self.account, self.state, self.now_s, owner, least, least + more)
        assert granted == (min(least + more, least + (free - least) // SHARES) if free >= least else 0)
        self.held[owner] += granted

    @rule(owner=OWNERS, data=st.data())
    def give(self, owner: str, data: st.DataObject) -> None:
        """What was spent, and what is not needed."""
        spent = data.draw(st.integers(0, self.held[owner]))
        unused = data.draw(st.integers(0, self.held[owner] - spent))
        self.state = give(self.account, self.state, self.now_s, owner, spent, unused)
        self.held[owner] -= unused + (spent if self.kind is Kind.BUDGET else 0)
        self.spent += spent

    @rule(owner=OWNERS)
    def die(self, owner: str) -> None:
        """Nobody knows what it had spent."""
        self.state = forfeit(self.account, self.state, owner)
        self.dead += self.held.pop(owner, 0)

    @invariant()
    def nothing_is_out_that_is_not_there(self) -> None:
        """Whatever happened."""
        assert 0 <= left(self.account, self.state, self.now_s) <= CAPACITY
        assert self.state.held == self.held.total()
        if self.kind is Kind.BUDGET:
            assert self.state.spent == self.spent + self.dead
            assert self.state.estimated == self.dead
            assert self.state.spent + self.state.held + left(self.account, self.state, self.now_s) == CAPACITY
        else:
            assert self.state.held + left(self.account, self.state, self.now_s) == CAPACITY


class Slots(History):
    """The same for requests at the same time."""

    kind = Kind.SLOTS


TestBudget: Any = History.TestCase
TestSlots: Any = Slots.TestCase


@given(
    st.sampled_from([Kind.BUCKET, Kind.WINDOW]),
    st.integers(1, 1_000),
    st.integers(1, 120),
    st.lists(st.tuples(st.floats(0, 30), st.integers(0, 400)), max_size=30),
)
def test_what_flows_never_gives_more_than_its_capacity_and_what_has_come_back(
    kind: Kind, capacity: int, span_s: int, asked: list[tuple[float, int]]
) -> None:
    account, state, now_s = Account("a", kind, capacity, span_s), NEW, 1_000.0
    taken: list[tuple[float, int]] = []
    for pause_s, amount in asked:
        now_s += pause_s
        state, granted = take(account, state, now_s, "one", amount, amount)
        assert granted in {0, amount}
        taken.append((now_s, granted))
    if kind is Kind.WINDOW:
        windows = Counter[float]()
        for at_s, granted in taken:
            windows[at_s // span_s] += granted
        assert all(total <= capacity for total in windows.values())
        return
    for start, (begin_s, _) in enumerate(taken):
        for end_s, total in _sums(taken[start:]):
            assert total <= capacity + (end_s - begin_s) * capacity / span_s + 1e-6


def _sums(taken: list[tuple[float, int]]) -> list[tuple[float, int]]:
    total, sums = 0, []
    for at_s, granted in taken:
        total += granted
        sums.append((at_s, total))
    return sums


@given(st.sampled_from([Kind.BUCKET, Kind.WINDOW]), st.integers(1, 1_000), st.integers(1, 1_000), MOMENTS)
def test_after_the_wait_that_is_told_there_is_enough(kind: Kind, used: int, amount: int, now_s: float) -> None:
    account = Account("a", kind, 1_000, 60)
    state, _ = take(account, NEW, now_s, "one", used, used)
    pause_s = wait_s(account, state, now_s, amount)
    assert left(account, state, now_s + pause_s + 1e-3) >= amount
    assert pause_s <= 60
    if pause_s > 0.1 and kind is Kind.BUCKET:
        assert left(account, state, now_s + pause_s * 0.9) < amount


@given(st.sampled_from([Kind.BUDGET, Kind.SLOTS]), st.integers(1, 100))
def test_where_time_brings_nothing_no_wait_is_told(kind: Kind, used: int) -> None:
    account = Account("a", kind, 100, 0)
    state, _ = take(account, NEW, 0.0, "one", used, used)
    assert wait_s(account, state, 0.0, 100) == 0.0


@given(st.integers(1, 100))
def test_a_budget_is_waited_for_until_its_period_ends(used: int) -> None:
    account = Account("a", Kind.BUDGET, 100, 5_000)
    state, _ = take(account, NEW, 4_000.0, "one", used, used)
    assert wait_s(account, state, 4_000.0, 100) == 1_000.0


def test_money_that_was_spent_without_being_held_is_spent() -> None:
    account = Account("a", Kind.BUDGET, 100)
    state, _ = take(account, NEW, 0.0, "one", 10, 10)
    state = give(account, state, 0.0, "one", 130, 0)
    assert (state.spent, state.held, left(account, state, 0.0)) == (130, 0, 0)


@given(KINDS, MOMENTS, MOMENTS)
def test_a_clock_that_goes_back_brings_nothing(kind: Kind, first_s: float, later_s: float) -> None:
    account = Account("a", kind, 100)
    state, _ = take(account, NEW, first_s, "one", 100, 100)
    if later_s <= first_s:
        assert left(account, state, later_s) == 0


@given(st.sampled_from([Kind.BUCKET, Kind.WINDOW]), st.integers(0, 100), st.integers(0, 200))
def test_what_flows_and_was_not_used_comes_back_and_never_too_much(kind: Kind, taken: int, unused: int) -> None:
    account = Account("a", kind, 100)
    state, granted = take(account, NEW, 1_000.0, "one", taken, taken)
    state = give(account, state, 1_000.0, "one", 0, unused)
    assert left(account, state, 1_000.0) == min(100 - granted + unused, 100)
    assert forfeit(account, state, "one") is state


@given(st.sampled_from([Kind.BUCKET, Kind.WINDOW]), st.integers(0, 100), st.integers(0, 100), MOMENTS, MOMENTS)
def test_an_owner_alone_tells_what_remains_as_the_ledger_would(
    kind: Kind, used: int, held: int, asked_s: float, later_s: float
) -> None:
    account = Account("a", kind, 100)
    state, taken = take(account, NEW, asked_s, "one", min(used + held, 100), 100)
    told = left(account, state, asked_s)
    held = taken - min(used, taken)
    now_s = asked_s + later_s
    found, reset_s = remaining(account, held, told, asked_s, now_s)
    assert abs(found - left(account, give(account, state, now_s, "one", 0, held), now_s)) <= 1
    assert 0 <= reset_s <= account.span_s
    if kind is Kind.BUCKET:
        assert remaining(account, 0, found, now_s, now_s + reset_s + 1e-6)[0] == 100


def test_a_limit_of_nothing_leaves_nothing() -> None:
    assert remaining(Account("a", Kind.BUCKET, 0), 0, 0, 0.0, 99.0) == (0, 0.0)


def test_an_owner_that_has_used_more_than_it_took_is_told_of_nothing_left() -> None:
    assert remaining(Account("a", Kind.BUCKET, 60), -30, 0, 0.0, 0.0) == (0, 60.0)
