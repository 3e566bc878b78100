"""The index of one host hears of what other hosts keep: at once, after a failure, and when it has missed too much."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from stellwerk.compute import meaning as meanings
from stellwerk.compute import recollection
from stellwerk.core.cached import Entry, Purge
from stellwerk.core.recollection import FORGET, REMEMBER
from stellwerk.gateway import recalling
from stellwerk.gateway.replicating import AGAIN_S, ANEW_S, Replicating
from stellwerk.ports.compute import JobFailure
from tests.caches import now
from tests.integration.gateway.clients import ask
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.test_cache import asks, kept
from tests.integration.gateway.test_optimize import Away, Compute, computed
from tests.integration.gateway.test_semantic_cache import LIKE, RESET, SAME, SEMANTIC
from tests.integration.gateway.upstream import Script, completes, script
from tests.integration.http.loop import eventually, on_loop
from tests.unit.compute.test_recollection import MINILM, _loaded
from tests.valkey import Server

TRAINS = ask("Which trains stop at the junction?")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests share."""
    found = Server(tmp_path_factory.mktemp("valkey"))
    yield found
    found.kill()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers wait as long as it takes on a machine that has other things to do."""
    monkeypatch.setattr(recalling, "FETCH_S", 5.0)


@pytest.fixture
def server(running: Server) -> Server:
    """The same with nothing in it."""
    running.send("FLUSHALL")
    begins_anew()
    return running


def begins_anew() -> None:
    """The compute process of the host that hears: the one that keeps may have had the other."""
    recollection._made.cache_clear()
    meanings.meaning.cache_clear()
    recollection.recollection()._embedders[recollection._name(MINILM)] = _loaded()


def known() -> int:
    """How many entries the index has."""
    return len(recollection.recollection()._store)


class Host:
    """A host that hears."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.compute = Compute()
        computed(gateway, self.compute)
        gateway.parts.monitor.take_over(())
        self._replicating = Replicating(gateway.parts.pipeline, gateway.parts.monitor)

    async def hears(self, entries: int) -> None:
        """Beats until the index has so many entries."""

        def beaten() -> bool:
            self._replicating.beat()
            return known() == entries

        await eventually(beaten)

    def beat(self) -> None:
        """Once."""
        self._replicating.beat()


@asynccontextmanager
async def hosts(folder: Path, server: Server, sections: str = SEMANTIC) -> AsyncIterator[tuple[Gateway, Host, Script]]:
    """One that keeps, whose compute process nobody needs here, one that hears, and their provider."""
    async with AsyncExitStack() as stack:
        playing = await stack.enter_async_context(script(completes()))
        shared = f'[state]\nshared = "{server.url}"\n'
        parts = (shared, sections, provider("one", playing.base_url), model("plain", "one"))
        gateways = []
        for name in ("a", "b"):
            (folder / name).mkdir()
            state = shared + f'directory = "{folder / name}"\n'
            gateways.append(await stack.enter_async_context(serving(folder / name, state, *parts[1:])))
        one, two = gateways
        computed(one, Compute())
        yield one, Host(two), playing


@on_loop
async def test_a_question_kept_at_one_host_is_answered_by_meaning_at_the_other(tmp_path: Path, server: Server) -> None:
    async with hosts(tmp_path, server) as (one, two, playing):
        assert await asks(one, messages=RESET) == "miss"
        await kept(one)
        begins_anew()
        await two.hears(1)
        assert not recollection.recollection()._vectors  # it came with its vector
        assert await asks(two.gateway, messages=SAME) == "semantic"
        assert len(playing.requests) == 1


@on_loop
async def test_what_was_purged_is_not_served_though_the_index_knows_it(tmp_path: Path, server: Server) -> None:
    async with hosts(tmp_path, server) as (one, two, playing):
        assert await asks(one, messages=RESET) == "miss"
        await kept(one)
        begins_anew()
        await two.hears(1)
        shared = one.parts.pipeline.recollection
        assert shared is not None
        shared.cache.purge(Purge(model="plain"), now())
        await kept(one, 0)
        assert await asks(two.gateway, messages=SAME) == "miss"
        assert len(playing.requests) == 2
        await kept(two.gateway)
        await eventually(lambda: FORGET in two.compute.asked and known() == 1)  # of the new answer alone
        assert await asks(two.gateway, messages=ask("How could I reset my password?")) == "semantic"


@on_loop
async def test_what_cannot_be_found_out_is_not_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "valkey"
    folder.mkdir()
    server = Server(folder)
    try:
        async with hosts(tmp_path, server) as (one, two, _):
            assert await asks(one, messages=RESET) == "miss"
            await kept(one)
            begins_anew()
            await two.hears(1)
            shared = two.gateway.parts.pipeline.recollection
            assert shared is not None
            server.kill()
            assert await asks(two.gateway, messages=SAME) == "miss"
            await eventually(lambda: not shared.forgetting._doubted)
            assert FORGET not in two.compute.asked
    finally:
        server.kill()


@on_loop
async def test_while_the_server_is_away_nothing_is_lost_but_hits(tmp_path: Path) -> None:
    folder = tmp_path / "valkey"
    folder.mkdir()
    server = Server(folder)
    try:
        async with hosts(tmp_path, server) as (one, two, _):
            computed(one, Away())
            assert await asks(one, messages=RESET) == "miss"
            await kept(one)
            begins_anew()
            await two.hears(1)
            server.kill()
            assert _beaten(two)
            assert await asks(two.gateway, messages=LIKE) == "miss"
            server.start()
            before = known()
            for number in count():
                assert await asks(one, messages=ask(f"Which trains stop at junction {number}?")) == "miss"
                with suppress(AssertionError):  # so many are not kept before it is found out that it is back
                    await eventually(lambda: _beaten(two) and known() > before, 0.3)
                    break
            assert await asks(two.gateway, messages=SAME) == "semantic"
    finally:
        server.kill()


def _beaten(host: Host) -> bool:
    host.gateway.clock.advance(AGAIN_S)
    host.beat()
    return True


@on_loop
async def test_who_has_missed_too_much_begins_anew_with_everything(tmp_path: Path, server: Server) -> None:
    async with hosts(tmp_path, server) as (one, two, _):
        computed(one, Away())
        assert await asks(one, messages=RESET) == "miss"
        await kept(one)
        begins_anew()
        await two.hears(1)
        assert [await asks(one, messages=question) for question in (LIKE, TRAINS)] == ["miss", "miss"]
        await kept(one, 3)
        server.send("DEL {stellwerk}:cache:told")  # as if many more had come since
        await two.hears(3)
        assert await asks(two.gateway, messages=SAME) == "semantic"
        server.send("DEL {stellwerk}:cache:told")
        assert await asks(one, messages=ask("Who repairs the signals?")) == "miss"
        await kept(one, 4)
        server.send("DEL {stellwerk}:cache:told")
        for _ in range(20):
            two.beat()
        assert known() == 3  # everything is read a minute later
        two.gateway.clock.advance(ANEW_S)
        await two.hears(4)


@on_loop
async def test_nobody_begins_anew_a_second_time_while_the_first_goes_on(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosts(tmp_path, server) as (one, two, _):
        computed(one, Away())
        assert await asks(one, messages=RESET) == "miss"
        await kept(one)
        begins_anew()
        await two.hears(1)
        assert await asks(two.gateway, messages=SAME) == "semantic"
        shared = two.gateway.parts.pipeline.recollection
        assert shared is not None
        await eventually(lambda: not shared.meanings.is_telling)
        begun, may_end = list[int](), threading.Event()

        def everything(now_ms: int) -> Iterator[Entry]:
            begun.append(now_ms)
            assert may_end.wait(60.0)  # what is kept is much
            yield from ()

        monkeypatch.setattr(shared.cache, "entries", everything)

        async def misses(number: int, question: list[dict[str, str]]) -> None:
            """One is kept, and nobody is told of it."""
            assert await asks(one, messages=question) == "miss"
            await kept(one, number)
            server.send("DEL {stellwerk}:cache:told")

        try:
            await misses(2, TRAINS)
            await eventually(lambda: _beaten(two) and len(begun) == 1)
            await misses(3, ask("Who repairs the signals?"))
            await eventually(lambda: _beaten(two) and two._replicating._is_behind)
            beats = count()

            def has_beaten_on() -> bool:
                two.gateway.clock.advance(ANEW_S)
                two.beat()
                return next(beats) > 20

            await eventually(has_beaten_on)
            assert len(begun) == 1
        finally:
            may_end.set()
        await eventually(lambda: _beaten(two) and len(begun) == 2)


@on_loop
async def test_what_the_compute_process_could_not_take_is_told_again_or_left_out(
    tmp_path: Path, server: Server
) -> None:
    async with hosts(tmp_path, server) as (one, two, _):
        computed(one, Away())
        assert await asks(one, messages=RESET) == "miss"
        await kept(one)
        computed(two.gateway, Away())
        for _ in range(10):
            assert _beaten(two)
        computed(two.gateway, failing := Compute(JobFailure("failed", "no room")))
        await eventually(lambda: _beaten(two) and failing.asked == [REMEMBER] * 4)
        begins_anew()
        computed(two.gateway, Compute())
        assert await asks(one, messages=TRAINS) == "miss"
        await eventually(lambda: _beaten(two) and known() == 1)  # four times is enough: the index has the newer one


@on_loop
async def test_only_the_worker_on_duty_hears_and_only_what_is_served_by_meaning(tmp_path: Path, server: Server) -> None:
    async with hosts(tmp_path, server) as (one, two, _):
        computed(one, Away())
        assert await asks(one, messages=RESET) == "miss"
        await kept(one)
        begins_anew()
        two.gateway.parts.monitor.leave()
        two.beat()
        assert two._replicating._cache is None
        two.gateway.parts.monitor.take_over(())
        await two.hears(1)
        plain = two.gateway.source.replace("semantic = true", "semantic = false\nexact = true")
        two.gateway.adopt(two.gateway.compile(plain))
        assert await asks(one, messages=TRAINS) == "miss"
        await kept(one, 2)
        two.beat()
        assert known() == 1
