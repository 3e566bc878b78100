"""Every cache keeps entries, finds them again, and lets them go, as the port says."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk import plugins
from stellwerk.core.cached import Entry, News, Purge
from stellwerk.errors import ConfigurationError
from stellwerk.ports.cache import Cache
from tests.caches import PATIENCE_S, SHARED, build, digest, entry_of, fetched, finds, gone, now, until
from tests.valkey import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests share."""
    found = Server(tmp_path_factory.mktemp("valkey"))
    yield found
    found.kill()


def options_of(name: str, request: pytest.FixtureRequest) -> dict[str, object]:
    """What a cache needs to be told."""
    return {"url": request.getfixturevalue("server").url} if name == "valkey" else {}


@pytest.fixture(params=plugins.shelf("caches"))
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Cache]:
    """Opens one of them, as often as it is called, over the same store where there is one."""
    options = options_of(request.param, request)
    return lambda **others: build(request.param, tmp_path, **options, **others)


@pytest.fixture(params=SHARED)
def sharing(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Cache]:
    """The same for those that are shared."""
    options = options_of(request.param, request)
    return lambda **others: build(request.param, tmp_path, **options, **others)


def test_what_is_kept_is_there_at_once_by_its_key_and_its_aliases(opening: Callable[..., Cache]) -> None:
    cache = opening()

    async def story() -> None:
        entry = entry_of(1, aliases=(digest(11), digest(12)), tags=("red",), question="why", vector=b"v", nanos=None)
        assert cache.peek(entry.key, now()) is None
        cache.keep(entry, now())
        for key in (entry.key, *entry.aliases):
            assert cache.peek(key, now()) == entry
        newer = entry_of(1, answer=b"newer")
        cache.keep(newer, now())
        assert cache.peek(entry.key, now()) == newer
        assert cache.peek(digest(11), now()) is None

    asyncio.run(story())
    cache.close()


def test_a_look_up_is_answered_once_and_later(opening: Callable[..., Cache]) -> None:
    cache = opening()

    async def story() -> None:
        assert await fetched(cache, digest(1), digest(2)) is None
        told: list[object] = []
        cache.fetch((digest(1),), now(), 5.0, told.append).cancel()
        cache.fetch((digest(1),), now(), 5.0, told.append)
        await until(lambda: asyncio.sleep(0, bool(told)))
        assert await fetched(cache, digest(1)) is None
        assert told == [None]

    asyncio.run(story())
    cache.close()


def test_an_entry_is_told_of_until_it_is_stale(opening: Callable[..., Cache]) -> None:
    cache = opening()

    async def story() -> None:
        entry = entry_of(1, fresh_ms=now() + 10, stale_ms=now() + 60_000)
        cache.keep(entry, now())
        cache.keep(entry_of(2, stale_ms=now()), now())
        assert cache.peek(entry.key, entry.stale_ms - 1) == entry
        assert cache.peek(entry.key, entry.stale_ms) is None
        assert cache.peek(digest(2), now()) is None
        assert await fetched(cache, digest(2)) is None

    asyncio.run(story())
    cache.close()


PURGES = {
    "everything": (Purge(), [1, 2, 3, 4]),
    "a tenant": (Purge(tenant="a"), [1, 2]),
    "a model": (Purge(model="x"), [1, 3]),
    "a tag": (Purge(tag="red"), [2, 3]),
    "a key": (Purge(key=digest(3)), [3]),
    "an alias": (Purge(key=digest(14)), [4]),
    "a scope": (Purge(scope=digest(77)), [4]),
    "older ones": (Purge(before_ms=1_000), [1, 2]),
    "a tenant's of a model": (Purge(tenant="a", model="x"), [1]),
    "another tenant's key": (Purge(tenant="b", key=digest(1)), []),
}


@pytest.mark.parametrize("what", PURGES)
def test_what_is_purged_is_gone_at_once_and_the_rest_stays(opening: Callable[..., Cache], what: str) -> None:
    purge, taken = PURGES[what]
    cache, other = opening(), opening()

    async def story() -> None:
        four = (
            entry_of(1, tenant="a", model="x", stored_ms=999),
            entry_of(2, tenant="a", model="y", stored_ms=999, tags=("red", "blue")),
            entry_of(3, tenant="b", model="x", tags=("red",)),
            entry_of(4, tenant="b", model="y", aliases=(digest(14),), scope=digest(77)),
        )
        for entry in four:
            cache.keep(entry, now())
        if cache.is_shared:
            await until(lambda: finds(other, 1, 2, 3, 4))
        cache.purge(purge, now())
        for entry in four:
            is_there = cache.peek(entry.key, now()) == entry
            assert is_there == (int.from_bytes(entry.key, "big") not in taken)
        if cache.is_shared:
            assert await until(lambda: gone(other, *taken)) < 1.5
            assert await gone(cache, *taken)
            assert await finds(other, *{1, 2, 3, 4}.difference(taken))
        again = entry_of(3, tenant="b", tags=("red",), answer=b"again")  # what is kept after a purge stays
        cache.keep(again, now())
        assert cache.peek(again.key, now()) == again
        if cache.is_shared:

            async def is_told() -> bool:
                return await fetched(other, digest(3)) == again

            await until(is_told)

    asyncio.run(story())
    cache.close()
    other.close()


def test_no_cache_grows_beyond_its_bounds_and_a_tenant_not_beyond_its_share(opening: Callable[..., Cache]) -> None:
    cache = opening(max_bytes=200_000, tenant_share=0.5, max_entry_bytes=20_000)

    async def story() -> None:
        for number in range(300):
            cache.keep(entry_of(number, tenant="greedy", answer=bytes(2_000) + number.to_bytes(2_000, "big")), now())
        cache.keep(entry_of(1_000, tenant="modest"), now())
        cache.keep(entry_of(1_001, answer=bytes(range(256)) * 100), now())
        assert cache.peek(digest(1_001), now()) is None
        assert cache.peek(digest(1_000), now()) is not None
        if cache.is_shared:
            other = opening(max_bytes=200_000)
            await until(lambda: finds(other, 1_000))
            assert await fetched(other, digest(1_001)) is None
            assert await fetched(other, digest(299)) is not None
            assert await fetched(other, digest(0)) is None
            other.close()
        await until(lambda: asyncio.sleep(0.01, cache.figures().evicted > 0))
        assert 0 < cache.figures().size <= 110_000
        assert 10 <= cache.figures().entries < 260
        assert cache.figures().troubles == 0

    asyncio.run(story())
    cache.close()


def test_an_index_begins_with_what_may_be_found_by_its_meaning(opening: Callable[..., Cache]) -> None:
    cache, other = opening(), opening()

    async def story() -> None:
        asked = [entry_of(number, question=f"question {number}", vector=bytes(384)) for number in range(200)]
        for entry in (*asked, entry_of(999)):
            cache.keep(entry, now())
        if cache.is_shared:
            await until(lambda: finds(other, 199, 999))
            found = await asyncio.to_thread(lambda: list(other.entries(now())))
        else:
            found = list(cache.entries(now()))
        assert sorted(entry.key for entry in found) == [entry.key for entry in asked]
        cache.purge(Purge(tenant="t"), now())
        assert await asyncio.to_thread(lambda: list(cache.entries(now()))) == []

    asyncio.run(story())
    cache.close()
    other.close()


async def news(cache: Cache, after: int) -> News | None:
    """What is told of entries kept since."""
    answer: asyncio.Future[News | None] = asyncio.get_running_loop().create_future()
    cache.news(after, answer.set_result)
    assert not answer.done()
    return await answer


async def heard(cache: Cache, after: int, *numbers: int) -> News:
    """The same, once these entries are told of."""
    told: list[News] = []

    async def is_told() -> bool:
        found = await news(cache, after)
        told.extend([found] if found is not None else [])
        return found is not None and [entry.key for entry in found.entries] == list(map(digest, numbers))

    await until(is_told)
    return told[-1]


@pytest.mark.parametrize("name", ["memory", "sqlite"])
def test_a_cache_that_one_host_has_alone_has_no_news_of_others(name: str, tmp_path: Path) -> None:
    cache = build(name, tmp_path)

    async def story() -> None:
        cache.keep(entry_of(1, question="why"), now())
        assert await news(cache, 0) == News()
        assert await news(cache, 7) == News(last=7)

    asyncio.run(story())
    cache.close()


@pytest.fixture
def hosts(server: Server, tmp_path: Path) -> Iterator[tuple[Cache, Cache]]:
    """One that keeps, and one that hears of the last eight."""
    one, two = (build("valkey", tmp_path, url=server.url, told_entries=8) for _ in range(2))
    yield one, two
    one.close()
    two.close()


def test_other_hosts_hear_of_what_may_be_found_by_its_meaning(hosts: tuple[Cache, Cache]) -> None:
    one, two = hosts

    async def story() -> None:
        assert await heard(two, 0) == News()
        asked = [entry_of(number, question=f"question {number}", vector=bytes(384)) for number in range(4)]
        for entry in (entry_of(999), entry_of(998, question="too long " * 1_000), *asked[:3]):
            one.keep(entry, now())
        told = await heard(two, 0, 0, 1, 2)
        bare = [msgspec.structs.replace(entry, answer=b"") for entry in asked]
        assert (list(told.entries), told.is_gap, told.is_all) == (bare[:3], False, True)
        assert await news(two, told.last) == News(last=told.last)
        one.keep(asked[3], now())
        assert (await heard(two, told.last, 3)).entries == (bare[3],)
        assert (await heard(two, told.last, 3)).last == told.last + 1

    asyncio.run(story())


def test_of_what_was_purged_or_is_over_nobody_hears(hosts: tuple[Cache, Cache]) -> None:
    one, two = hosts

    async def story() -> None:
        first = await heard(two, 0)
        for number, aliases in ((1, ()), (2, (digest(12),)), (3, ())):
            one.keep(
                entry_of(number, question="why", aliases=aliases, stale_ms=now() + 3_600_000 * (number != 3)), now()
            )
        await heard(two, first.last, 1, 2)
        one.purge(Purge(key=digest(12)), now())
        one.keep(entry_of(4, question="why"), now())
        told = await heard(two, first.last, 1, 4)
        assert not told.is_gap  # it is known that there was one

    asyncio.run(story())


def test_who_has_missed_more_than_is_told_of_is_told_so(hosts: tuple[Cache, Cache]) -> None:
    one, two = hosts

    async def story() -> None:
        one.keep(entry_of(0, question="why"), now())
        begin = await heard(two, 0, 0)
        for number in range(1, 9):
            one.keep(entry_of(number, question="why"), now())
        whole = await heard(two, begin.last, *range(1, 9))
        assert not whole.is_gap
        one.keep(entry_of(9, question="why"), now())
        await heard(two, whole.last, 9)
        late = await heard(two, begin.last, *range(2, 10))
        assert (late.is_gap, late.last) == (True, whole.last + 1)
        assert not (await heard(two, 0, *range(2, 10))).is_gap  # who begins has missed nothing

    asyncio.run(story())


def test_processes_share_what_each_of_them_keeps(sharing: Callable[..., Cache]) -> None:
    one, two = sharing(), sharing()

    async def story() -> None:
        stream = entry_of(1, is_stream=True, answer=b"data: word\n\n" * 3_000, aliases=(digest(5),), tags=("red",))
        one.keep(stream, now())
        await until(lambda: finds(two, 1))
        assert two.peek(stream.key, now()) == stream
        assert await fetched(two, digest(404), digest(5)) == stream
        await until(lambda: asyncio.sleep(0.01, two.figures().entries == 1))
        assert 0 < two.figures().size < len(stream.answer) / 5  # they lie there in few bytes

    asyncio.run(story())
    one.close()
    two.close()


def test_what_was_kept_before_the_end_is_there_after_it(sharing: Callable[..., Cache]) -> None:
    async def story(cache: Cache, *, is_first: bool) -> None:
        if is_first:
            for number in range(200):
                cache.keep(entry_of(number), now())
            cache.purge(Purge(key=digest(7)), now())
        else:
            assert await gone(cache, 7)
            assert await finds(cache, *(number for number in range(200) if number != 7))

    for is_first in (True, False):
        cache = sharing()
        asyncio.run(story(cache, is_first=is_first))
        cache.close()


@pytest.mark.parametrize(
    "name", ["sqlite", *(pytest.param(name, marks=pytest.mark.matrix) for name in ("memory", "valkey"))]
)
def test_a_purge_reaches_every_process_and_its_memory_within_a_second(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    options = options_of(name, request)
    context = multiprocessing.get_context("spawn")
    ready, purged = context.Event(), context.Value("d", 0.0)
    process = context.Process(target=_watch, args=(name, tmp_path, options, ready, purged))
    cache = build(name, tmp_path, **options)

    async def story() -> None:
        cache.keep(entry_of(1), now())
        process.start()
        await asyncio.to_thread(ready.wait, PATIENCE_S)
        begin_s = time.monotonic()
        cache.purge(Purge(tenant="t"), now())
        await asyncio.to_thread(process.join, PATIENCE_S)
        assert 0 <= purged.value - begin_s < 1.0

    asyncio.run(story())
    assert process.exitcode == 0
    cache.close()


def _watch(name: str, directory: Path, options: dict[str, object], ready: Any, purged: Any) -> None:
    """Has an entry in memory, and says when it is not found there any more."""

    async def story() -> None:
        cache = build(name, directory, **options)
        if cache.is_shared:
            await until(lambda: finds(cache, 1))
        else:
            cache.keep(entry_of(1), now())
        assert cache.peek(digest(1), now()) is not None
        ready.set()
        await until(lambda: asyncio.sleep(0, cache.peek(digest(1), now()) is None))
        purged.value = time.monotonic()
        assert await fetched(cache, digest(1)) is None
        cache.close()

    asyncio.run(story())


def test_whoever_still_has_a_cache_that_was_closed_finds_nothing(opening: Callable[..., Cache]) -> None:
    cache = opening()

    async def story() -> None:
        cache.keep(entry_of(1), now())
        told: list[object] = []
        cache.fetch((digest(2),), now(), 0.05, told.append)
        await asyncio.to_thread(cache.close)
        cache.keep(entry_of(3, answer=bytes(10_000)), now())
        assert [cache.peek(digest(number), now()) for number in (1, 3)] == [None, None]
        assert await fetched(cache, digest(1), timeout_s=0.05) is None
        await until(lambda: asyncio.sleep(0.01, told == [None]))
        assert cache.peek(digest(1), now()) is None

    asyncio.run(story())


@pytest.mark.matrix
@pytest.mark.parametrize("name", plugins.shelf("caches"))
def test_nobody_finds_what_was_purged_more_than_a_second_ago(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    context, options = multiprocessing.get_context("spawn"), options_of(name, request)
    purged, wrong, found = context.Array("d", 4), context.Value("i", 0), context.Value("i", 0)
    users = [
        context.Process(target=_use, args=(name, tmp_path, options, seed, purged, wrong, found)) for seed in range(3)
    ]
    for user in users:
        user.start()
    for user in users:
        user.join(120)
        assert user.exitcode == 0
    assert wrong.value == 0
    assert found.value > 300


def _use(
    name: str, directory: Path, options: dict[str, object], seed: int, purged: Any, wrong: Any, found: Any
) -> None:
    """Keeps, looks and purges for a while; tenants are numbers, purges are known to all by when they were made."""
    chance = Random(seed)

    async def story() -> None:
        cache, end_s = build(name, directory, **options), time.monotonic() + 15
        while time.monotonic() < end_s:
            tenant, key = chance.randrange(4), digest(chance.randrange(40))
            before_ms, asked_ms = {str(number): purged[number] for number in range(4)}, now()
            entry = cache.peek(key, asked_ms) or await fetched(cache, key)
            if entry is not None:
                with found.get_lock():
                    found.value += 1
                purged_ms = before_ms[entry.tenant]
                if entry.stored_ms < purged_ms and asked_ms - purged_ms > 1_000:
                    with wrong.get_lock():
                        wrong.value += 1
            else:
                cache.keep(entry_of(int.from_bytes(key, "big"), tenant=str(tenant)), now())
            if chance.random() < 0.002:
                cache.purge(Purge(tenant=str(tenant)), now())
                purged[tenant] = now()
            await asyncio.sleep(chance.choice([0.0, 0.001, 0.01]))
        cache.close()

    asyncio.run(story())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["keep", "keep", "purge", "fetch", "peek"]),
        st.integers(0, 1),
        st.integers(1, 5),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["tenant", "key", "tag", "all"]),
    ),
    max_size=15,
)


@pytest.mark.parametrize("name", SHARED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(steps=STEPS)
def test_no_history_makes_a_process_find_what_it_purged_itself_or_what_nobody_kept(
    name: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, steps: Any
) -> None:
    directory = tmp_path_factory.mktemp("cache")
    caches = [build(name, directory, **options_of(name, request)) for _ in range(2)]

    async def story() -> None:
        kept: dict[bytes, list[tuple[int, Entry]]] = {}
        purged: list[list[tuple[int, Purge]]] = [[], []]
        for step, (act, who, number, tenant, what) in enumerate(steps):
            cache, key = caches[who], digest(number)
            if act == "keep":
                entry = entry_of(number, tenant=tenant, tags=(f"tag-{tenant}",), answer=b"%d" % step)
                kept.setdefault(key, []).append((step, entry))
                cache.keep(entry, now())
                assert cache.peek(key, now()) == entry
            elif act == "purge":
                purge = {
                    "tenant": Purge(tenant=tenant),
                    "key": Purge(key=key),
                    "tag": Purge(tag=f"tag-{tenant}"),
                    "all": Purge(),
                }[what]
                purged[who].append((step, purge))
                cache.purge(purge, now())
            else:
                found = cache.peek(key, now()) if act == "peek" else await fetched(cache, key)
                if found is not None:
                    (when,) = [when for when, entry in kept[key] if entry == found]
                    assert not any(step > when and purge.takes(found) for step, purge in purged[who])

    asyncio.run(story())
    for cache in caches:
        cache.close()


@pytest.mark.parametrize("name", plugins.shelf("caches"))
def test_an_option_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        build(name, tmp_path, no_such_option=1)


def test_what_is_encrypted_is_found_with_its_secret_alone_and_lies_nowhere_in_the_open(
    sharing: Callable[..., Cache], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    secret = "a secret that nobody guesses, ever"
    keeper, friend = sharing(encryption_key=secret), sharing(encryption_key=secret)
    strangers = [sharing(encryption_key=secret + "!"), sharing()]

    async def story() -> None:
        entry = entry_of(1, answer=b"account 4711" * 600, question="Which account is mine?", vector=b"vector")
        keeper.keep(entry, now())
        await until(lambda: finds(friend, 1))
        assert await fetched(friend, digest(1)) == entry
        assert [each.question for each in friend.entries(now())] == ["Which account is mine?"]
        for stranger in strangers:
            assert await fetched(stranger, digest(1)) is None
            assert list(stranger.entries(now())) == []

    asyncio.run(story())
    for cache in (keeper, friend, *strangers):
        cache.close()
    folders = [tmp_path, *([request.getfixturevalue("server").folder] if "valkey" in str(request.node.name) else [])]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not any(word in path.read_bytes() for path in files for word in (b"account", b"vector"))
