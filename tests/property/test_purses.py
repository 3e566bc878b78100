"""Workers with purses of the same accounts: together they use no more than there is, and nothing is held for ever."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.core.ledger import Account, Kind, Shortage, State
from stellwerk.counters.memory import MemoryCounter
from stellwerk.errors import StoreUnavailable
from stellwerk.gateway.purses import IDLE_BEATS, Charge, Purses
from stellwerk.ports.bus import Notice
from stellwerk.supervisor.log import Log

NOW_S = 1_000_000.0
MONEY = Account("money", Kind.BUDGET, 1_000, 0)
PLACES = Account("places", Kind.SLOTS, 5)
WINDOW = Account("window", Kind.WINDOW, 50, 60)
ACCOUNTS = {one.id: one for one in (MONEY, PLACES, WINDOW)}
WORKERS = ("one", "two", "three")


class Bus:
    """The workers of a host in one process: a notice arrives before the next turn of the loop."""

    def __init__(self) -> None:
        self.listeners: list[tuple[object, Callable[[Notice], None]]] = []

    def end(self) -> End:
        """One worker's end."""
        return End(self)


class End:
    """Tells all others."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def publish(self, notice: Notice) -> None:
        """To everybody else."""
        for end, listener in self._bus.listeners:
            if end is not self:
                asyncio.get_running_loop().call_soon(listener, notice)

    def subscribe(self, listener: Callable[[Notice], None]) -> None:
        """Hears the others."""
        self._bus.listeners.append((self, listener))

    def close(self) -> None:
        """Hears nothing more."""


@dataclass
class Host:
    """Workers over one counter. Pauses take no time."""

    counter: MemoryCounter = field(default_factory=MemoryCounter)
    bus: Bus = field(default_factory=Bus)
    workers: dict[str, Purses] = field(default_factory=dict)
    running: list[tuple[str, tuple[Charge, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in WORKERS:
            self.start(name)

    def start(self, name: str) -> None:
        """A worker, new."""
        log = Log(io.StringIO())
        self.workers[name] = Purses(self.counter, name, lambda: NOW_S, self.bus.end(), log, lambda _: _turn())

    async def ask(self, name: str, amounts: dict[str, int]) -> Shortage | None:
        """A request that takes so much; what it lacked, if it could not."""
        worker = self.workers[name]
        charges = tuple((worker.of(ACCOUNTS[id_]), amount) for id_, amount in amounts.items())
        if not worker.try_take(charges):
            told: asyncio.Future[Shortage | None] = asyncio.get_running_loop().create_future()
            worker.take_later(charges, told.set_result)
            if (shortage := await told) is not None:
                return shortage
        self.running.append((name, charges))
        return None

    def settle(self, place: int, share: float) -> int:
        """A request ends that has used a share of what it took; returns the money that it cost."""
        name, charges = self.running.pop(place)
        cost = 0
        for purse, amount in charges:
            spent = 0 if purse.account.kind is Kind.SLOTS else int(amount * share)
            self.workers[name].give(purse, amount, spent)
            cost += spent if purse.account is MONEY else 0
        return cost

    def check(self) -> None:
        """What runs holds no more than there is."""
        for account in (MONEY, PLACES):
            used = sum(amount for _, charges in self.running for purse, amount in charges if purse.account is account)
            assert used <= account.capacity


def _turn() -> asyncio.Future[None]:
    return asyncio.ensure_future(asyncio.sleep(0))


async def settled() -> None:
    """Until nothing is under way."""
    for _ in range(20):
        await asyncio.sleep(0)


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("ask"),
            st.sampled_from(WORKERS),
            st.fixed_dictionaries(
                {"money": st.integers(0, 400)}, optional={"places": st.just(1), "window": st.integers(0, 20)}
            ),
        ),
        st.tuples(st.just("settle"), st.integers(0, 9), st.floats(0, 1)),
        st.tuples(st.just("beat"), st.sampled_from(WORKERS), st.just(0)),
        st.tuples(st.just("die"), st.sampled_from(WORKERS), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=100)
@given(STEPS)
def test_no_history_spends_more_than_there_is_and_in_the_end_nothing_is_held(steps: Any) -> None:
    async def story() -> None:
        host, spent, dead = Host(), 0, 0
        for act, one, other in steps:
            match act:
                case "ask":
                    shortage = await host.ask(one, other)
                    if shortage is not None:
                        free = ACCOUNTS[shortage.account.id].capacity
                        assert shortage.lacking <= max(other[shortage.account.id], free)
                case "settle":
                    if one < len(host.running):
                        spent += host.settle(one, other)
                case "beat":
                    host.workers[one].beat()
                    await settled()
                case _:
                    host.running = [each for each in host.running if each[0] != one]
                    await host.workers[WORKERS[0] if one != WORKERS[0] else WORKERS[1]].forfeit_others(
                        lambda owner, _, gone=one: owner != gone  # type: ignore[misc]
                    )
                    dead += 1
                    host.start(one)
            host.check()
            state = (await host.counter.read([MONEY.id])).get(MONEY.id)
            assert state is None or state.spent + state.held <= MONEY.capacity
        while host.running:
            spent += host.settle(0, 1.0)
        for worker in host.workers.values():
            await worker.leave()
        read = await host.counter.read(ACCOUNTS)
        assert all(state.held == 0 for state in read.values())
        if not dead and MONEY.id in read:
            assert read[MONEY.id].spent == spent

    asyncio.run(story())


@given(st.permutations([*[WORKERS[0]] * 4, WORKERS[1]]))
def test_a_free_place_is_found_whoever_holds_it(order: list[str]) -> None:
    """Four requests at one worker and one at another, of a limit of five, in any order; and not one more."""

    async def story() -> None:
        host = Host()
        for name in order:
            assert await host.ask(name, {"places": 1}) is None
        shortage = await host.ask(WORKERS[2], {"places": 1})
        assert shortage == Shortage(PLACES, 1, elsewhere=5)
        host.settle(0, 0)
        assert await host.ask(WORKERS[2], {"places": 1}) is None

    asyncio.run(story())


@given(st.integers(1, 60), st.integers(1, 100))
def test_requests_at_the_same_time_get_all_there_is_and_no_more(requests: int, amount: int) -> None:
    async def story() -> None:
        host = Host()
        asked = [host.ask(WORKERS[number % 3], {"money": amount}) for number in range(requests)]
        found = await asyncio.gather(*asked)
        assert found.count(None) == min(requests, MONEY.capacity // amount)
        host.check()

    asyncio.run(story())


def test_what_nobody_takes_of_is_given_back_after_a_second() -> None:
    async def story() -> None:
        host = Host()
        assert await host.ask("one", {"money": 10}) is None
        host.settle(0, 1.0)
        for beats in range(IDLE_BEATS + 1):
            host.workers["one"].beat()
            await settled()
            state = (await host.counter.read([MONEY.id]))[MONEY.id]
            assert state.spent == 10
            assert (state.held > 0) == (beats < IDLE_BEATS)

    asyncio.run(story())


def test_far_from_the_cap_most_requests_ask_nobody() -> None:
    async def story() -> None:
        host, asked = Host(), 0
        take = host.counter.take

        async def counted(*arguments: Any) -> Any:
            nonlocal asked
            asked += 1
            return await take(*arguments)

        host.counter.take = counted  # type: ignore[method-assign, assignment]
        for _ in range(100):
            assert await host.ask("one", {"money": 1}) is None
            host.settle(0, 1.0)
        assert asked <= 12

    asyncio.run(story())


class Away(MemoryCounter):
    """A counter that can be away."""

    is_away = False

    async def take(self, owner: str, takes: Any, now_s: float) -> Any:
        """As usual, or not at all."""
        if self.is_away:
            raise StoreUnavailable("gone")
        return await super().take(owner, takes, now_s)

    async def give(self, owner: str, returns: Any, now_s: float) -> None:
        """As usual, or not at all."""
        if self.is_away:
            raise StoreUnavailable("gone")
        await super().give(owner, returns, now_s)

    async def owners(self, owner: str, now_s: float) -> dict[str, float]:
        """As usual, or not at all."""
        if self.is_away:
            raise StoreUnavailable("gone")
        return await super().owners(owner, now_s)


def test_without_the_counter_money_is_refused_once_the_purse_is_empty_and_limits_are_open() -> None:
    async def story() -> None:
        counter = Away()
        host = Host(counter)
        worker = host.workers["one"]
        assert await host.ask("one", {"money": 100}) is None
        counter.is_away = True
        assert await host.ask("one", {"money": 50}) is None  # of what is left of its share
        assert await host.ask("one", {"money": 900}) == Shortage(MONEY, 900 - worker.of(MONEY).free)
        for _ in range(9):
            assert await host.ask("one", {"places": 1, "window": 10}) is None
        while host.running:
            host.settle(0, 1.0)
        worker.beat()
        await settled()
        await worker.forfeit_others(lambda _owner, _silent_s: False)
        told = [worker.is_away]
        assert worker.of(MONEY).spent == 150  # to be told later
        counter.is_away = False
        worker.beat()
        await settled()
        told.append(worker.is_away)
        assert told == [True, False]
        assert (await counter.read([MONEY.id]))[MONEY.id].spent == 150

    asyncio.run(story())


def test_without_the_counter_limits_can_be_closed_as_well() -> None:
    async def story() -> None:
        counter = Away()
        worker = Purses(counter, "one", lambda: 1_000.0, None, Log(io.StringIO()), is_open=False)
        counter.is_away = True
        told: list[Shortage | None] = []
        worker.take_later([(worker.of(ACCOUNTS["places"]), 1)], told.append)
        await settled()
        assert told == [Shortage(ACCOUNTS["places"], 1)]
        counter.is_away = False
        worker.take_later([(worker.of(ACCOUNTS["places"]), 1)], told.append)
        await settled()
        assert told[1:] == [None]
        worker.give(worker.of(ACCOUNTS["places"]), 1, 0)
        await worker.leave()

    asyncio.run(story())


def test_a_purse_of_a_period_that_is_over_is_forgotten_when_all_is_settled() -> None:
    async def story() -> None:
        host = Host()
        worker = host.workers["one"]
        assert await host.ask("one", {"money": 10}) is None
        purse = worker.of(MONEY)
        purse.is_over = True
        worker.beat()
        await settled()
        assert worker.of(MONEY) is purse
        host.settle(0, 1.0)
        for _ in range(2):
            worker.beat()
            await settled()
        assert worker.of(MONEY) is not purse
        assert (await host.counter.read([MONEY.id]))[MONEY.id] == State(10)

    asyncio.run(story())


def test_what_was_used_beyond_what_was_taken_is_told_as_well_and_paid_later() -> None:
    async def story() -> None:
        host = Host()
        worker = host.workers["one"]
        for account in (MONEY, WINDOW):
            assert worker.try_take([(worker.of(account), 0)])
            worker.give(worker.of(account), 0, 30)
        worker.beat()
        await settled()
        assert (await host.counter.read([MONEY.id]))[MONEY.id].spent == 30
        assert worker.of(MONEY).free == 0
        assert await host.ask("one", {"window": 20}) is None
        assert (await host.ask("two", {"window": 1})) is not None  # the debt was paid first

    asyncio.run(story())


def test_a_caller_who_leaves_while_it_waits_takes_nothing() -> None:
    async def story() -> None:
        host, told = Host(), list[Shortage | None]()
        worker = host.workers["one"]
        pending = worker.take_later([(worker.of(MONEY), 10)], told.append)
        pending.cancel()
        await settled()
        assert not told
        assert worker.of(MONEY).used == 0

    asyncio.run(story())


BUCKET = Account("bucket", Kind.BUCKET, 64, 60)


class Time:
    """Unix time that a test pushes on."""

    def __init__(self) -> None:
        self.now_s = NOW_S - NOW_S % 60

    def __call__(self) -> float:
        """Now."""
        return self.now_s


async def all_at_once(worker: Purses, account: Account) -> int:
    """How many requests get one each."""
    count = 0
    while True:
        charges = [(worker.of(account), 1)]
        if not worker.try_take(charges):
            told: asyncio.Future[Shortage | None] = asyncio.get_running_loop().create_future()
            worker.take_later(charges, told.set_result)
            if await told is not None:
                return count
        count += 1


@pytest.mark.parametrize("account", [BUCKET, WINDOW], ids=["bucket", "window"])
@pytest.mark.parametrize("is_slow", [False, True], ids=["a share", "a request"])
def test_what_a_worker_holds_is_not_added_to_what_time_brings_back(account: Account, *, is_slow: bool) -> None:
    """Neither its share, of which it takes a little now and then, nor what a request gives back that took long."""

    async def story() -> None:
        time = Time()
        worker = Purses(MemoryCounter(), "one", time, None, Log(io.StringIO()))
        told: asyncio.Future[Shortage | None] = asyncio.get_running_loop().create_future()
        worker.take_later([(worker.of(account), 40)], told.set_result)
        assert await told is None
        purse = worker.of(account)
        if not is_slow:
            worker.give(purse, 40, 0)
        while time.now_s < NOW_S - NOW_S % 60 + 60:
            time.now_s += 0.25
            assert worker.try_take([(purse, 0)])
            worker.beat()
            await settled()
        if is_slow:
            worker.give(purse, 40, 1, is_late=True)
        worker.beat()
        await settled()
        assert await all_at_once(worker, account) == account.capacity

    asyncio.run(story())


def test_nothing_comes_back_into_a_window_that_has_begun_meanwhile() -> None:
    async def story() -> None:
        time, counter = Time(), MemoryCounter()
        one, two = (Purses(counter, name, time, None, Log(io.StringIO())) for name in ("one", "two"))
        told: asyncio.Future[Shortage | None] = asyncio.get_running_loop().create_future()
        one.take_later([(one.of(WINDOW), 30)], told.set_result)
        assert await told is None
        one.give(one.of(WINDOW), 30, 0)
        time.now_s += 60
        assert await all_at_once(two, WINDOW) == WINDOW.capacity
        await one.leave()
        assert await all_at_once(two, WINDOW) == 0

    asyncio.run(story())


def test_a_heartbeat_is_not_longer_because_many_users_have_been_here() -> None:
    async def story() -> None:
        worker = Host().workers["one"]
        for number in range(1_000):
            purse = worker.of(Account(f"user:{number}/requests/60", Kind.BUCKET, 10))
            told: asyncio.Future[Shortage | None] = asyncio.get_running_loop().create_future()
            worker.take_later([(purse, 1)], told.set_result)
            assert await told is None
            worker.give(purse, 1, 1)
        for _ in range(3):
            worker.beat()
            await settled()
        assert not worker._moved

    asyncio.run(story())
