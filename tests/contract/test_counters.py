"""Every counter keeps accounts as the ledger says, for any number of owners at the same time."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import sqlite3
import time
from collections import Counter as Tally
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import valkey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk import plugins
from stellwerk.core.ledger import NEW, Account, Grant, Kind, Return, Shortage, State, Take, forfeit, give, take_all
from stellwerk.counters import valkey as valkey_counter
from stellwerk.errors import ConfigurationError, StoreUnavailable
from stellwerk.ports.counter import Counter
from tests.valkey import Server

NOW_S = 1_000_000.0
MONEY = Account("budget:key:web:0", Kind.BUDGET, 1_000, 2_000_000)
PLACES = Account("slots:key:web", Kind.SLOTS, 5)
REQUESTS = Account("rate:key:web", Kind.BUCKET, 60, 60)
MINUTE = Account("window:key:web", Kind.WINDOW, 60, 60)
MONEY_FOREVER = Account("budget:key:web:never", Kind.BUDGET, 1_000, 0)
ACCOUNTS = (MONEY, PLACES, REQUESTS, MINUTE)
OWNERS = st.sampled_from(["a", "b", "c"])
SHARED = [name for name in plugins.shelf("counters") if name != "memory"]


def build(name: str, directory: Path, **options: object) -> Counter:
    """A counter of the shelf; the same directory and options lead to the same accounts."""
    given_: dict[str, Any] = {} if name == "memory" else {"directory": directory}
    if name == "valkey":
        options = {"prefix": str(directory), "retry_s": 0.0, **options}
    return cast("Counter", plugins.build("counters", name, options, **given_))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests share."""
    found = Server(tmp_path_factory.mktemp("valkey"))
    yield found
    found.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill."""
    folder = tmp_path / "valkey"
    folder.mkdir()
    found = Server(folder)
    yield found
    found.kill()


def options_of(name: str, request: pytest.FixtureRequest) -> dict[str, object]:
    """What a counter needs to be told."""
    if name == "valkey":
        return {"url": request.getfixturevalue("server").url}
    return {"busy_timeout_s": 30.0} if name == "sqlite" else {}


@pytest.fixture(params=plugins.shelf("counters"))
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counter]:
    """Each of them, new."""
    found = build(request.param, tmp_path, **options_of(request.param, request))
    yield found
    found.close()


def amounts(found: tuple[Grant, ...] | Shortage) -> tuple[int, ...]:
    """How much was granted of each account."""
    assert not isinstance(found, Shortage)
    return tuple(grant.amount for grant in found)


def run(work: Any) -> Any:
    """What a coroutine comes to."""
    return asyncio.run(work)


def test_what_one_takes_another_cannot_have(counter: Counter) -> None:
    async def story() -> None:
        assert amounts(await counter.take("a", [Take(MONEY, 700, 700)], NOW_S)) == (700,)
        short = await counter.take("b", [Take(PLACES, 1, 1), Take(MONEY, 400, 400)], NOW_S)
        assert short == Shortage(MONEY, 100, 1_000_000.0, elsewhere=700)
        assert amounts(await counter.take("b", [Take(PLACES, 5, 5)], NOW_S)) == (5,)  # nothing of it was taken before
        assert set(await counter.owners("c", NOW_S)) == {"a", "b"}
        await counter.give("a", [Return(MONEY, spent=200, unused=500)], NOW_S)
        assert amounts(await counter.take("b", [Take(MONEY, 800, 800)], NOW_S)) == (800,)
        read = await counter.read([MONEY.id, PLACES.id, "unknown"])
        assert read[MONEY.id] == State(200, {"b": 800})
        assert read[PLACES.id].leases == {"b": 5}
        assert set(read) == {MONEY.id, PLACES.id}

    run(story())


def test_what_a_dead_owner_held_is_spent_and_its_places_are_free(counter: Counter) -> None:
    async def story() -> None:
        await counter.take("a", [Take(MONEY, 300, 300), Take(PLACES, 5, 5)], NOW_S)
        await counter.forfeit("a", NOW_S)
        assert (await counter.read([MONEY.id]))[MONEY.id] == State(300, {}, estimated=300)
        assert amounts(await counter.take("b", [Take(PLACES, 5, 5)], NOW_S)) == (5,)
        assert set(await counter.owners("c", NOW_S)) == {"b"}

    run(story())


@pytest.mark.parametrize("name", ["memory", "sqlite"])
def test_whoever_holds_something_is_known_by_when_it_last_said_that_it_is_there(name: str, tmp_path: Path) -> None:
    counter = build(name, tmp_path)

    async def story() -> None:
        for owner in "ab":
            await counter.take(owner, [Take(MONEY, 1, 1)], NOW_S)
        assert await counter.owners("a", NOW_S) == {"a": 0.0, "b": 0.0}  # both are seen for the first time
        assert await counter.owners("a", NOW_S + 20) == {"a": 0.0, "b": 20.0}
        assert await counter.owners("b", NOW_S + 25) == {"a": 5.0, "b": 0.0}
        await counter.give("b", [Return(MONEY, unused=1)], NOW_S)
        assert await counter.owners("c", NOW_S + 30) == {"a": 10.0}
        await counter.forfeit("a", NOW_S + 30)
        await counter.take("a", [Take(MONEY, 1, 1)], NOW_S + 40)
        assert await counter.owners("c", NOW_S + 40) == {"a": 0.0}

    run(story())
    counter.close()


def test_a_server_tells_by_its_own_clock_how_long_an_owner_has_been_silent(server: Server, tmp_path: Path) -> None:
    counter = build("valkey", tmp_path, url=server.url)
    client = valkey.Valkey(port=server.port, decode_responses=True)
    seen = f"{{{tmp_path}}}:seen"

    async def story() -> None:
        for owner in "ab":
            await counter.take(owner, [Take(MONEY, 1, 1)], NOW_S)
        assert set(await counter.owners("a", NOW_S)) == {"a", "b"}
        client.hincrby(seen, "a", -20)
        client.hincrby(seen, "b", -20)
        found = await counter.owners("a", NOW_S - 1_000)
        assert (found["a"], 20 <= found["b"] < 60) == (0.0, True)
        await counter.give("a", [Return(MONEY, unused=1)], NOW_S)
        await counter.forfeit("b", NOW_S)
        assert await counter.owners("c", NOW_S) == {}
        assert client.exists(seen) == 0  # nothing is left behind

    run(story())
    client.close()
    counter.close()


def test_a_file_from_before_owners_were_seen_goes_on_counting(tmp_path: Path) -> None:
    counter = build("sqlite", tmp_path)
    run(counter.take("a", [Take(MONEY, 700, 700)], NOW_S))
    counter.close()
    with sqlite3.connect(tmp_path / "counters.db") as connection:
        connection.execute("DROP TABLE seen")
        connection.execute("PRAGMA user_version = 1")
    counter = build("sqlite", tmp_path)
    assert run(counter.owners("b", NOW_S)) == {"a": 0.0}
    assert run(counter.read([MONEY.id])) == {MONEY.id: State(0, {"a": 700})}
    counter.close()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "give", "forfeit"]),
        OWNERS,
        st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.integers(0, 90), st.integers(0, 90)), min_size=1, max_size=4),
        st.floats(0, 40),
    ),
    max_size=12,
)


@pytest.mark.parametrize("name", plugins.shelf("counters"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=STEPS)
def test_any_history_is_that_of_the_ledger(
    name: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, steps: Any
) -> None:
    counter = build(name, tmp_path_factory.mktemp("counter"), **options_of(name, request))

    async def story() -> None:
        states: dict[str, State] = {}
        now_s = NOW_S
        for act, owner, parts, pause_s in steps:
            now_s += pause_s
            match act:
                case "take":
                    takes = [Take(account, least, least + more) for account, least, more in parts]
                    expected = take_all(states, now_s, owner, takes)
                    found = await counter.take(owner, takes, now_s)
                    if isinstance(expected, Shortage):
                        assert found == expected
                    else:
                        states.update(expected[0])
                        assert found == expected[1]
                case "give":
                    await counter.give(owner, [Return(*part) for part in parts], now_s)
                    for account, spent, unused in parts:
                        state = states.get(account.id, NEW)
                        states[account.id] = give(account, state, now_s, owner, spent, unused)
                case _:
                    await counter.forfeit(owner, now_s)
                    states.update((one.id, forfeit(one, states[one.id], owner)) for one in ACCOUNTS if one.id in states)
        known = await counter.read([one.id for one in ACCOUNTS])  # of which a new one may as well be forgotten
        assert {id_: known.get(id_, NEW) for id_ in states} == states
        assert set(known) <= set(states)
        assert set(await counter.owners("z", now_s)) == {owner for state in states.values() for owner in state.leases}

    run(story())
    counter.close()


@pytest.mark.parametrize("name", SHARED)
def test_processes_that_take_at_the_same_time_never_have_more_than_there_is(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    context, options = multiprocessing.get_context("spawn"), options_of(name, request)
    with context.Pool(3) as pool:
        shares = pool.starmap(_greedy, [(name, tmp_path, options, str(number)) for number in range(3)])
    taken = sum((Tally(share) for share in shares), Tally[str]())
    assert taken == {MONEY.id: MONEY.capacity, PLACES.id: PLACES.capacity}
    counter = build(name, tmp_path, **options)
    assert run(counter.read([MONEY.id]))[MONEY.id].held == MONEY.capacity
    counter.close()


def _greedy(name: str, directory: Path, options: dict[str, object], owner: str) -> dict[str, int]:
    """Takes what it gets of two accounts, a little at a time."""

    async def story() -> dict[str, int]:
        counter, taken = build(name, directory, **options), Tally[str]()
        for account, amount in ((MONEY, 7), (MONEY, 1), (PLACES, 1)):
            while not isinstance(found := await counter.take(owner, [Take(account, amount, amount)], NOW_S), Shortage):
                taken[account.id] += found[0].amount
        counter.close()
        return dict(taken)

    return asyncio.run(story())


@pytest.mark.parametrize("name", SHARED)
def test_what_a_killed_process_held_stays_held_until_it_is_forfeited(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    context, options = multiprocessing.get_context("spawn"), options_of(name, request)
    ready = context.Event()
    process = context.Process(target=_hold, args=(name, tmp_path, options, ready))
    process.start()
    assert ready.wait(30)
    assert process.pid is not None
    process.kill()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    counter = build(name, tmp_path, **options)

    async def story() -> None:
        held = (await counter.read([MONEY.id]))[MONEY.id]
        assert held.leases["dead"] >= 1
        assert held.spent + held.held <= MONEY.capacity
        await counter.forfeit("dead", NOW_S)
        state = (await counter.read([MONEY.id]))[MONEY.id]
        assert (state.spent, state.held, state.estimated) == (held.spent + held.leases["dead"], 0, held.leases["dead"])

    run(story())
    counter.close()


def _hold(name: str, directory: Path, options: dict[str, object], ready: Any) -> None:
    """Takes and gives until it is killed."""

    async def story() -> None:
        counter = build(name, directory, **options)
        await counter.take("dead", [Take(MONEY, 10, 10)], NOW_S)
        ready.set()
        while True:
            await counter.take("dead", [Take(MONEY, 2, 2)], NOW_S)
            await counter.give("dead", [Return(MONEY, 0, 2)], NOW_S)

    asyncio.run(story())


@pytest.mark.parametrize("name", plugins.shelf("counters"))
def test_an_option_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        build(name, tmp_path, no_such_option=1)


def test_a_file_that_cannot_be_written_is_a_store_that_is_away_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("in the way")
    counter = build("sqlite", folder)

    async def story() -> None:
        with pytest.raises(StoreUnavailable, match=r"counters\.db"):
            await counter.take("a", [Take(MONEY, 1, 1)], NOW_S)
        folder.unlink()
        assert amounts(await counter.take("a", [Take(MONEY, 1, 1)], NOW_S)) == (1,)

    run(story())
    counter.close()


def test_a_file_of_a_newer_version_and_one_that_is_none_are_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "counters.db") as connection:
        connection.execute("PRAGMA user_version = 9")
    counter = build("sqlite", tmp_path)
    with pytest.raises(StoreUnavailable, match="newer version"):
        run(counter.owners("a", NOW_S))
    (tmp_path / "counters.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnavailable, match=r"counters\.db"):
        run(counter.owners("a", NOW_S))
    counter.close()


def test_another_process_that_holds_the_file_is_waited_for_so_long(tmp_path: Path) -> None:
    counter = build("sqlite", tmp_path, busy_timeout_s=0.05)
    run(counter.owners("a", NOW_S))
    with sqlite3.connect(tmp_path / "counters.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        before = time.monotonic()
        with pytest.raises(StoreUnavailable, match="locked"):
            run(counter.take("a", [Take(MONEY, 1, 1)], NOW_S))
        assert time.monotonic() - before < 5
        other.rollback()
    assert amounts(run(counter.take("a", [Take(MONEY, 1, 1)], NOW_S))) == (1,)
    counter.close()


def test_budgets_that_ended_long_ago_and_limits_that_are_whole_again_are_forgotten(tmp_path: Path) -> None:
    old, held, forever = Account("old", Kind.BUDGET, 100, 1_000), Account("held", Kind.SLOTS, 9), MONEY_FOREVER
    counter = build("sqlite", tmp_path)
    run(counter.take("a", [Take(one, 1, 1) for one in (old, REQUESTS, MINUTE, PLACES, held, forever)], 900.0))
    run(counter.give("a", [Return(old, 1), Return(PLACES, unused=1), Return(forever, 1)], 900.0))
    counter.close()
    counter = build("sqlite", tmp_path)
    run(counter.take("a", [Take(MONEY, 1, 1)], NOW_S + 90 * 86_400))
    kept = run(counter.read([one.id for one in (old, REQUESTS, MINUTE, PLACES, held, forever)]))
    assert set(kept) == {held.id, forever.id}
    counter.close()


def test_a_server_that_was_killed_is_away_and_knows_everything_when_it_is_back(
    own_server: Server, tmp_path: Path
) -> None:
    counter = build("valkey", tmp_path, url=own_server.url)

    async def story() -> None:
        assert amounts(await counter.take("a", [Take(MONEY, 700, 700)], NOW_S)) == (700,)
        own_server.kill()
        with pytest.raises(StoreUnavailable):
            await counter.take("a", [Take(MONEY, 1, 1)], NOW_S)
        with pytest.raises(StoreUnavailable):
            await counter.give("a", [Return(MONEY, 0, 700)], NOW_S)
        own_server.start()
        assert (await counter.read([MONEY.id]))[MONEY.id] == State(0, {"a": 700})
        assert isinstance(await counter.take("b", [Take(MONEY, 301, 301)], NOW_S), Shortage)

    run(story())
    counter.close()


@pytest.mark.parametrize("is_lost", [False, True], ids=["it was carried out", "it never arrived"])
def test_what_was_taken_when_the_answer_was_lost_is_given_back(
    own_server: Server, tmp_path: Path, is_lost: bool
) -> None:
    counter = build("valkey", tmp_path, url=own_server.url, timeout_s=0.2)

    async def story() -> None:
        assert amounts(await counter.take("a", [Take(MONEY, 100, 100)], NOW_S)) == (100,)
        own_server.freeze()
        with pytest.raises(StoreUnavailable):
            await counter.take("a", [Take(MONEY, 500, 500), Take(PLACES, 5, 5), Take(REQUESTS, 60, 60)], NOW_S)
        if is_lost:
            own_server.kill()
            own_server.start()
        own_server.thaw()
        everything = [Take(MONEY, 900, 900), Take(PLACES, 5, 5), Take(REQUESTS, 60, 60)]
        assert amounts(await counter.take("a", everything, NOW_S)) == (900, 5, 60)
        assert (await counter.read([MONEY.id]))[MONEY.id] == State(0, {"a": 1000})

    run(story())
    counter.close()


@pytest.mark.parametrize("is_lost", [False, True], ids=["it was carried out", "it never arrived"])
def test_what_was_told_when_the_answer_was_lost_counts_once(own_server: Server, tmp_path: Path, is_lost: bool) -> None:
    counter = build("valkey", tmp_path, url=own_server.url, timeout_s=0.2)

    async def story() -> None:
        await counter.take("a", [Take(MONEY, 800, 800)], NOW_S)
        own_server.freeze()
        await counter.give("a", [Return(MONEY, 200, 500)], NOW_S)  # nothing to tell again
        if is_lost:
            own_server.kill()
            own_server.start()
        else:
            with pytest.raises(StoreUnavailable):  # nothing else is asked before that is settled
                await counter.give("a", [Return(MONEY, 1, 0)], NOW_S)
        own_server.thaw()
        assert (await counter.read([MONEY.id]))[MONEY.id] == State(200, {"a": 100})

    run(story())
    counter.close()


def test_a_worker_that_leaves_settles_what_is_in_doubt(own_server: Server, tmp_path: Path) -> None:
    counter = build("valkey", tmp_path, url=own_server.url, timeout_s=0.2)

    async def story() -> None:
        await counter.take("a", [Take(MONEY, 800, 800)], NOW_S)
        own_server.freeze()
        await counter.give("a", [Return(MONEY, 0, 800)], NOW_S)
        own_server.kill()
        own_server.start()

    run(story())
    counter.close()
    other = build("valkey", tmp_path, url=own_server.url)
    assert run(other.owners("b", NOW_S)) == {}
    other.close()


def test_a_take_that_arrives_after_it_was_undone_takes_nothing(server: Server, tmp_path: Path) -> None:
    counter = build("valkey", tmp_path, url=server.url)
    script = Path(valkey_counter.__file__).with_suffix(".lua").read_text("utf-8")
    client = valkey.Valkey(port=server.port, decode_responses=True)
    words = ("caller", 5, "a", NOW_S, MONEY.id, "budget", 1_000, 2_000_000, 10, 10)
    assert client.execute_command("EVAL", script, 1, f"{{{tmp_path}}}", "undo", *words) == ["undone"]
    assert client.execute_command("EVAL", script, 1, f"{{{tmp_path}}}", "take", *words) == ["late"]
    assert run(counter.read([MONEY.id])) == {}
    client.close()
    counter.close()


def test_a_server_that_is_away_is_left_alone_for_a_while(own_server: Server, tmp_path: Path) -> None:
    counter = build("valkey", tmp_path, url=own_server.url, retry_s=3600.0)
    own_server.kill()
    with pytest.raises(StoreUnavailable, match="refused"):
        run(counter.owners("a", NOW_S))
    own_server.start()
    with pytest.raises(StoreUnavailable, match="a moment ago"):
        run(counter.owners("a", NOW_S))
    counter.close()


def test_a_server_that_forgot_its_scripts_is_told_them_again(own_server: Server, tmp_path: Path) -> None:
    counter = build("valkey", tmp_path, url=own_server.url)

    async def story() -> None:
        await counter.take("a", [Take(MONEY, 1, 1)], NOW_S)
        own_server.send("SCRIPT FLUSH")
        assert amounts(await counter.take("a", [Take(MONEY, 1, 1)], NOW_S)) == (1,)

    run(story())
    counter.close()


def test_what_nobody_holds_is_forgotten_by_the_server_in_time(own_server: Server, tmp_path: Path) -> None:
    counter = build("valkey", tmp_path, url=own_server.url)
    forever = Account("budget:for-ever", Kind.BUDGET, 100, 0)

    async def story() -> None:
        await counter.take("a", [Take(MONEY, 1, 1), Take(REQUESTS, 1, 1), Take(forever, 1, 1)], NOW_S)
        key = f"{{{tmp_path}}}:account:"
        assert own_server.send(f"TTL {key}{MONEY.id}") == ":-1"
        await counter.give("a", [Return(MONEY, 1), Return(forever, 1)], NOW_S)
        assert own_server.send(f"TTL {key}{MONEY.id}") == f":{1_000_000 + 90 * 86_400}"
        assert own_server.send(f"TTL {key}{REQUESTS.id}") in {":3720", ":3719"}
        assert own_server.send(f"TTL {key}{forever.id}") == ":-1"

    run(story())
    counter.close()


def test_an_address_that_is_none_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build("valkey", tmp_path, url="http://user:hunter2@host")
    assert "valkey://host:port" in str(caught.value.problems)
    assert "hunter2" not in str(caught.value.problems)
