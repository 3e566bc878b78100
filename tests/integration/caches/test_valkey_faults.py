"""The cache in a server, when that is killed, slow, full, has forgotten everything or talks nonsense."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from valkey import ConnectionPool

from stellwerk import plugins
from stellwerk.caches import valkey
from stellwerk.core.cached import Purge
from stellwerk.core.stored_entry import plain
from stellwerk.errors import ConfigurationError
from stellwerk.ports.cache import Cache
from stellwerk.tiering.sealing import Checksum
from stellwerk.tiering.store import Write
from tests.caches import build, digest, entry_of, fetched, finds, gone, now, until
from tests.valkey import Server

QUICK_S = 0.005
"""What a caller waits."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill."""
    found = Server(tmp_path)
    yield found
    found.kill()


def opened(url: str, story: Callable[[Cache], Any], **options: object) -> None:
    """Has a cache for the time of a story."""
    cache = build("valkey", Path("cache"), url=url, **options)
    try:
        asyncio.run(story(cache))
    finally:
        cache.close()


async def quickly(cache: Cache, number: int) -> float:
    """How long a look-up takes that finds nothing: callers wait for 5 ms, and loops have other things to do."""
    begin_s = time.monotonic()
    assert await fetched(cache, digest(number), timeout_s=QUICK_S) is None
    return time.monotonic() - begin_s


async def settled(cache: Cache, *numbers: int) -> None:
    """These entries are kept, and in the server."""

    async def are_there() -> bool:
        for number in numbers:
            cache.keep(entry_of(number), now())
        return await finds(cache, *numbers)

    await until(are_there)


async def is_distrusted(cache: Cache, number: int) -> bool:
    """Whether memory does not tell of an entry."""
    await asyncio.sleep(0)
    return cache.peek(digest(number), now()) is None


def test_while_the_server_is_dead_everything_is_a_miss_at_once_and_it_comes_back(server: Server) -> None:
    async def story(cache: Cache) -> None:
        await settled(cache, 1)
        server.kill()
        assert await until(lambda: is_distrusted(cache, 1)) < 1.5
        waits = [await quickly(cache, 1) for _ in range(20)]
        assert sorted(waits)[10] < 0.05
        cache.keep(entry_of(2), now())
        await until(lambda: asyncio.sleep(0.01, cache.figures().troubles > 2))
        server.start()
        await until(lambda: finds(cache, 1))  # it writes everything down in these tests
        await settled(cache, 3)
        assert cache.peek(digest(3), now()) is not None

    opened(server.url, story)


def test_while_the_server_does_not_answer_callers_wait_no_longer_than_they_say(server: Server) -> None:
    async def story(cache: Cache) -> None:
        await settled(cache, 1)
        server.freeze()
        waits = [await quickly(cache, 9) for _ in range(20)]
        assert sorted(waits)[10] < 0.05
        assert max(waits) < 0.2
        assert await until(lambda: is_distrusted(cache, 1)) < 1.5
        server.thaw()
        await until(lambda: finds(cache, 1))
        assert cache.peek(digest(1), now()) is not None  # nothing was purged meanwhile
        assert cache.figures().troubles >= 3

    opened(server.url, story)


def test_what_was_purged_while_a_process_could_not_hear_is_not_found_by_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "PURGE_S", 0.0)
    other = build("valkey", Path("cache"), url=server.url)

    async def story(cache: Cache) -> None:
        await settled(cache, 1, 2)
        other.purge(Purge(key=digest(1)), now())
        await until(lambda: gone(cache, 1))
        # It is forgotten again as soon as it is swept: whoever misses that has missed a number.
        await until(lambda: asyncio.sleep(0.01, server.send("ZCARD {cache}:cache:purges") == ":0"))
        assert await finds(cache, 2)
        other.purge(Purge(key=digest(2)), now())
        await until(lambda: gone(cache, 2))

    opened(server.url, story)
    other.close()


def test_a_server_that_forgot_everything_makes_memory_forget_too(server: Server) -> None:
    async def story(cache: Cache) -> None:
        await settled(cache, 1)
        assert cache.peek(digest(1), now()) is not None
        server.send("FLUSHALL")
        assert await until(lambda: is_distrusted(cache, 1)) < 1.5
        await settled(cache, 2)
        cache.purge(Purge(), now())
        assert await gone(cache, 2)

    opened(server.url, story)


def test_a_server_that_is_full_keeps_nothing_more_and_finds_what_it_has(server: Server) -> None:
    async def story(cache: Cache) -> None:
        await settled(cache, 1)
        assert server.send("CONFIG SET maxmemory 1") == "+OK"
        cache.keep(entry_of(2), now())
        await until(lambda: asyncio.sleep(0.01, cache.figures().troubles > 0))
        assert not await finds(cache, 2)
        assert await finds(cache, 1)
        server.send("CONFIG SET maxmemory 0")
        await settled(cache, 3)

    opened(server.url, story)


def test_scripts_that_were_forgotten_are_told_again(server: Server) -> None:
    async def story(cache: Cache) -> None:
        await settled(cache, 1)
        server.send("SCRIPT FLUSH")
        await settled(cache, 2)
        assert cache.figures().troubles == 0

    opened(server.url, story)


def test_an_entry_that_is_purged_by_its_key_is_not_looked_for_among_all(server: Server) -> None:
    count = 2_000
    pool = ConnectionPool.from_url(server.url)
    writing = valkey.ValkeyWriting(pool, valkey.Settings(url=server.url, timeout_s=5.0), Checksum())
    writing.write([Write(one, plain(one), 0) for one in map(entry_of, range(count))], now())
    writing.purge(Purge(key=digest(7)), now())
    writing.purge(Purge(key=digest(8), before_ms=1), now())
    assert not writing.tend(now())  # that there is more to do
    assert server.send("HLEN {stellwerk}:cache:meta") == f":{count - 1}"
    assert server.send(f"EXISTS {{stellwerk}}:cache:e:{digest(7).hex()}") == ":0"
    writing.close()


def test_nothing_is_left_of_what_is_over(server: Server) -> None:
    async def story(cache: Cache) -> None:
        for number in range(50):
            cache.keep(entry_of(number, stale_ms=now() + 600, aliases=(digest(100 + number),)), now())
        await until(lambda: asyncio.sleep(0.01, server.send("EXISTS {cache}:cache:e:" + digest(0).hex()) == ":1"))
        await until(lambda: asyncio.sleep(0.01, server.send("HLEN {cache}:cache:meta") == ":0"))
        await until(lambda: asyncio.sleep(0.01, server.send("DBSIZE") == ":1"))  # the sums

    opened(server.url, story)


@contextmanager
def talking(answer: bytes) -> Iterator[str]:
    """A server that says the same to whatever it is sent."""
    listening = socket.create_server(("127.0.0.1", 0))

    def talk(client: socket.socket) -> None:
        with client, suppress(OSError):
            while client.recv(65_536):
                client.sendall(answer)

    with closing(listening):
        thread = threading.Thread(target=_accepting, args=(listening, talk))
        thread.start()
        yield f"valkey://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def delaying(port: int, delay_s: list[float]) -> Iterator[str]:
    """The same server, whose answers come later."""
    listening = socket.create_server(("127.0.0.1", 0))
    never = threading.Event()

    def pump(source: socket.socket, sink: socket.socket, *, is_answer: bool) -> None:
        with suppress(OSError):
            while content := source.recv(65_536):
                never.wait(delay_s[0] if is_answer else 0.0)
                sink.sendall(content)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            back = threading.Thread(target=pump, args=(server, client), kwargs={"is_answer": True})
            back.start()
            pump(client, server, is_answer=False)
            back.join()

    with closing(listening):
        thread = threading.Thread(target=_accepting, args=(listening, carry))
        thread.start()
        yield f"valkey://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accepting(listening: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    """Talks to whoever comes, until the socket is closed and everybody has gone."""
    threads = []
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            threads.append(threading.Thread(target=talk, args=(client,)))
            threads[-1].start()
    for thread in threads:
        thread.join()


def test_a_server_that_is_slow_is_left_alone_and_what_came_too_late_is_in_memory(server: Server) -> None:
    delay_s = [0.0]

    async def story(cache: Cache) -> None:
        await settled(cache, 1)
        cache.purge(Purge(key=digest(5)), now())
        delay_s[0] = 0.05
        await asyncio.sleep(0)
        waits = [await quickly(cache, 9) for _ in range(30)]
        assert sum(wait >= QUICK_S for wait in waits) <= 9  # three, and again after a while
        delay_s[0] = 0.0
        await until(lambda: finds(cache, 1))

    with delaying(server.port, delay_s) as url:
        opened(url, story)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff garbage \r\n" * 3,
        b"+OK\r\n",
        b":7\r\n",
        b"$-1\r\n",
        b"*3\r\n:1\r\n*0\r\n*0\r\n",
        b"*3\r\n$1\r\nx\r\n*1\r\n:1\r\n*1\r\n*1\r\n:5\r\n",
        b"-ERR no such thing\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_a_server_that_talks_nonsense_is_a_miss(answer: bytes) -> None:
    async def story(cache: Cache) -> None:
        cache.keep(entry_of(1), now())
        cache.purge(Purge(tenant="x"), now())
        assert [await fetched(cache, digest(1), timeout_s=0.05) for _ in range(5)] == [None] * 5
        await until(lambda: is_distrusted(cache, 1))
        assert cache.figures().troubles > 0

    with talking(answer) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr("stellwerk.tiering.writer.LEAVE_S", 0.05)
        patch.setattr("stellwerk.tiering.tiered.TRUST_S", 0.2)
        opened(url, story, timeout_s=0.1)


def test_what_was_kept_before_a_purge_is_not_found_although_it_is_written_after_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "PURGE_S", 0.3)
    settings = valkey.Settings(server.url, prefix="cache")
    pool = ConnectionPool.from_url(server.url)
    writing, reading = valkey.ValkeyWriting(pool, settings, Checksum()), valkey.ValkeyReading(pool, "cache")
    seen = reading.beat().last

    def write(number: int, after: int) -> None:
        entry = entry_of(number)
        writing.write([Write(entry, plain(entry), after)], now())

    entries = [entry_of(number) for number in range(500)]
    writing.write([Write(entry, plain(entry), seen) for entry in entries], now())
    number = writing.purge(Purge(tenant="t"), now())
    write(1_000, seen)  # it was late
    write(1_001, number)

    async def story(cache: Cache) -> None:
        assert await gone(cache, 0, 499, 1_000)
        assert await finds(cache, 1_001)

    opened(server.url, story)
    while reading.beat().purges:
        writing.tend(now())
    assert reading.beat().figures.entries == 1
    assert len(list(reading.everything(now()))) == 1
    reading.close()
    writing.close()


def test_what_was_used_again_outlives_what_was_used_once_in_the_server(server: Server) -> None:
    settings = valkey.Settings(server.url, max_bytes=100_000, tenant_share=1.0)
    pool = ConnectionPool.from_url(server.url)
    writing, reading = valkey.ValkeyWriting(pool, settings, Checksum()), valkey.ValkeyReading(pool, settings.prefix)
    for number in range(100):
        writing.write([Write(entry_of(number), bytes(1_000), 0)], 1_000 + number)
        if number < 10:
            writing.touch([digest(number)], 1_000 + number)
    found = reading.look([(digest(one),) for one in range(100)], 0).found
    assert all(found[:10])
    assert not any(found[10:50])
    assert found[99]
    for number in range(100):
        writing.touch([digest(number)], 2_000 + number)
    for number in range(500, 511):
        writing.write([Write(entry_of(number), bytes(1_000), 0)], 3_000)
    found = reading.look([(digest(0),), (digest(510),)], 0).found
    assert not found[0]
    assert found[1]
    assert reading.beat().figures.size <= 100_000
    reading.close()
    writing.close()


def test_an_address_that_is_none_is_refused_without_its_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        plugins.build("caches", "valkey", {"url": "http://user:hunter2@host"})
    assert "valkey://host:port" in str(caught.value.problems)
    assert "hunter2" not in str(caught.value.problems)
