"""The cache in a file, when processes are killed, and the file is cut, damaged, locked, deleted or has no room."""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from stellwerk.caches import sqlite
from stellwerk.core.cached import Entry, Purge
from stellwerk.core.stored_entry import plain, restored, unsealed
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.cache import Cache
from stellwerk.tiering.database_file import WAL_BYTES
from stellwerk.tiering.sealing import Checksum
from stellwerk.tiering.store import Write
from tests.caches import PATIENCE_S, build, digest, entry_of, fetched, finds, gone, now, until

SPAWN = multiprocessing.get_context("spawn")


def answer_of(number: int) -> bytes:
    """Bytes that do not shrink, of one, two or three pages."""
    return Random(number).randbytes(1_000 + 4_000 * (number % 3))


def filled(directory: Path, count: int) -> Path:
    """A file with so many entries, and nothing beside it."""

    async def story() -> None:
        cache = build("sqlite", directory)
        for number in range(count):
            cache.keep(entry_of(number, answer=answer_of(number), aliases=(digest(1_000 + number),)), now())
        cache.close()

    asyncio.run(story())
    path = directory / sqlite.FILE
    assert not path.with_name("cache.db-wal").exists()
    return path


def opened(directory: Path, story: Callable[[Cache], Any], **options: object) -> None:
    """Has a cache for the time of a story."""
    cache = build("sqlite", directory, **options)
    try:
        asyncio.run(story(cache))
    finally:
        cache.close()


async def tells_the_truth(cache: Cache, count: int) -> int:
    """How many are found; each of them is what was kept."""
    found = 0
    for number in range(count):
        for key in (digest(number), digest(1_000 + number)):
            entry = await fetched(cache, key)
            if entry is not None:
                assert (entry.key, entry.answer) == (digest(number), answer_of(number))
                found += 1
    return found


async def works(cache: Cache) -> None:
    """It keeps again, and others find it."""

    async def is_back() -> bool:
        cache.keep(entry_of(77_777), now())
        return await fetched(cache, digest(77_777)) is not None

    await until(is_back)


@pytest.mark.parametrize("turns", [1, pytest.param(20, marks=pytest.mark.matrix)])
def test_no_entry_that_another_process_has_met_is_lost_when_all_are_killed(tmp_path: Path, turns: int) -> None:
    met: dict[bytes, bytes] = {}
    for turn in range(turns):
        ready = SPAWN.Event()
        keepers = [SPAWN.Process(target=_keep, args=(tmp_path, turn * 10 + who, ready)) for who in range(2)]
        for keeper in keepers:
            keeper.start()
        assert ready.wait(PATIENCE_S)

        async def story(cache: Cache, turn: int = turn, keepers: Any = keepers) -> None:
            begin_s, numbers = time.monotonic(), [0, 0]
            while time.monotonic() - begin_s < 0.2 + 0.03 * turn or not all(numbers):
                for who in range(2):
                    key = digest((turn * 10 + who) * 1_000_000 + numbers[who])
                    if (entry := await fetched(cache, key)) is not None:
                        met[entry.key] = entry.answer
                        numbers[who] += 1
            for keeper in keepers:
                keeper.kill()

        opened(tmp_path, story)
        for keeper in keepers:
            keeper.join(PATIENCE_S)
            assert keeper.exitcode == -signal.SIGKILL

    async def check(cache: Cache) -> None:
        for key, answer in met.items():
            entry = await fetched(cache, key)
            assert entry is not None
            assert entry.answer == answer == answer_of(int.from_bytes(key, "big"))
        assert cache.figures().troubles == 0

    opened(tmp_path, check)
    assert len(met) > 10


def _keep(directory: Path, who: int, ready: Any) -> None:
    """Keeps entries until it is killed."""

    async def story() -> None:
        cache, number = build("sqlite", directory), who * 1_000_000
        while True:
            cache.keep(entry_of(number, answer=answer_of(number)), now())
            number += 1
            if number % 50 == 0:
                ready.set()
            await asyncio.sleep(0.0005)

    asyncio.run(story())


def test_a_file_that_ends_at_any_page_is_set_aside_and_begun_anew(tmp_path: Path) -> None:
    path = filled(tmp_path / "whole", 12)
    whole, page = path.read_bytes(), 4_096
    assert len(whole) % page == 0
    for number in range(len(whole) // page):
        folder = tmp_path / str(number)
        folder.mkdir()
        cut = folder / sqlite.FILE
        cut.write_bytes(whole[: number * page])
        if number:  # an empty file is a new one
            with pytest.raises(StoreUnavailable):
                sqlite.SqliteReading(cut, 1.0).look([(digest(1),)], 0)
        assert cut.with_name("cache.db.damaged").exists() == bool(number)
        writing = sqlite.SqliteWriting(cut, sqlite.Settings(), Checksum())
        writing.write([Write(entry_of(1), plain(entry_of(1)), 0)], now())
        assert sqlite.SqliteReading(cut, 1.0).look([(digest(1),)], 0).found[0]
        writing.close()
        shutil.rmtree(folder)


def test_a_log_that_ends_anywhere_tells_nothing_that_is_wrong(tmp_path: Path) -> None:
    filled(tmp_path / "whole", 4)
    keeping = build("sqlite", tmp_path / "whole")

    async def fill() -> None:
        for number in range(4, 8):
            keeping.keep(entry_of(number, answer=answer_of(number), aliases=(digest(1_000 + number),)), now())
            await until(partial(finds, keeping, number))
        for name in ("cache.db", "cache.db-wal"):
            shutil.copy(tmp_path / "whole" / name, tmp_path / name)

    asyncio.run(fill())
    keeping.close()
    log = (tmp_path / "cache.db-wal").read_bytes()
    for length in (*range(32, len(log), 4_096 + 24), 17, 1_000, len(log) - 100):
        folder = tmp_path / str(length)
        folder.mkdir()
        shutil.copy(tmp_path / "cache.db", folder)
        (folder / "cache.db-wal").write_bytes(log[:length])

        async def story(cache: Cache) -> None:
            assert await tells_the_truth(cache, 8) >= 8

        opened(folder, story)
        shutil.rmtree(folder)


@pytest.mark.parametrize("times", [15, pytest.param(500, marks=pytest.mark.matrix)])
def test_bytes_that_have_changed_tell_nothing_that_is_wrong(tmp_path: Path, times: int) -> None:
    whole, chance = filled(tmp_path / "whole", 12).read_bytes(), Random(7)
    path = tmp_path / sqlite.FILE
    for number in range(times):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 20, 500])):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        new = entry_of(77, answer=b"%d" % number)
        assert any(_goes_round(path, new) for _ in range(6)), number
        for beside in tmp_path.glob("cache.db*"):
            beside.unlink()


def _goes_round(path: Path, new: Entry) -> bool:
    """Whether an entry was kept, found, purged and deleted; whatever else is found is what was kept."""
    try:
        reading, writing = sqlite.SqliteReading(path, 1.0), sqlite.SqliteWriting(path, sqlite.Settings(), Checksum())
        try:
            last, _, found = reading.look([(digest(number), digest(1_000 + number)) for number in range(12)], 0)
            for number, one in enumerate(found):
                for content, _ in one:
                    blob = unsealed(content)
                    entry = restored(blob) if blob is not None else None
                    if entry is not None and entry.key == digest(number):
                        assert entry.answer == answer_of(number)
            writing.write([Write(new, plain(new), last)], now())
            writing.touch([new.key], now())
            if not (there := reading.look([(new.key,)], last).found[0]):
                return True  # an index leads nowhere without being malformed: that is a miss
            assert [unsealed(one.content) for one in there] == [plain(new)]
            number = writing.purge(Purge(tenant="t"), now())
            while writing.tend(now()):
                pass
            look = reading.look([(new.key,)], last)
            return look.last == number and not look.found[0]
        finally:
            reading.close()
            writing.close()
    except StoreUnavailable:
        return False


def test_a_damaged_file_is_set_aside_and_counted(tmp_path: Path) -> None:
    (tmp_path / sqlite.FILE).write_bytes(b"no database at all " * 1_000)

    async def story(cache: Cache) -> None:
        await works(cache)
        assert cache.figures().troubles >= 1

    opened(tmp_path, story)
    assert (tmp_path / "cache.db.damaged").read_bytes().startswith(b"no database")


def test_a_file_that_is_deleted_is_begun_anew_by_all(tmp_path: Path) -> None:
    other = build("sqlite", tmp_path)

    def delete() -> None:
        for path in tmp_path.glob("cache.db*"):
            path.unlink()

    async def story(cache: Cache) -> None:
        cache.keep(entry_of(1), now())
        await until(lambda: finds(other, 1))
        delete()
        await until(lambda: gone(cache, 1))
        await until(lambda: gone(other, 1))
        await works(cache)
        await until(lambda: finds(other, 77_777))
        assert cache.figures().troubles >= 1

    opened(tmp_path, story)
    other.close()


def test_while_the_disk_has_no_room_nothing_is_kept_and_what_is_there_is_found(tmp_path: Path) -> None:
    process = SPAWN.Process(target=_without_room, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def _without_room(directory: Path) -> None:
    """Files of this process cannot grow beyond some length for a while."""

    async def story(cache: Cache) -> None:
        cache.keep(entry_of(1, answer=answer_of(1)), now())
        await until(lambda: finds(cache, 1))
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        for number in range(100, 300):
            cache.keep(entry_of(number, answer=answer_of(number)), now())
        await until(lambda: asyncio.sleep(0.01, cache.figures().troubles > 0))
        assert await fetched(cache, digest(1)) == cache.peek(digest(1), now())
        assert await fetched(cache, digest(1)) is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await works(cache)
        assert await fetched(cache, digest(1)) is not None

    opened(directory, story)


def test_while_another_holds_the_file_nothing_is_written_and_what_is_there_is_found(tmp_path: Path) -> None:
    async def story(cache: Cache) -> None:
        cache.keep(entry_of(1), now())
        await until(lambda: finds(cache, 1))
        with sqlite3.connect(tmp_path / sqlite.FILE, isolation_level=None) as holding:
            holding.execute("BEGIN IMMEDIATE")
            cache.keep(entry_of(2), now())
            assert await finds(cache, 1)
            await until(lambda: asyncio.sleep(0.01, cache.figures().troubles > 0))
            cache.purge(Purge(key=digest(1)), now())
            assert await gone(cache, 1)  # here at once, although it cannot be written
            holding.rollback()
        other = build("sqlite", tmp_path)
        await until(lambda: gone(other, 1))
        other.close()
        await works(cache)

    opened(tmp_path, story, busy_timeout_s=0.05)


def test_a_purge_that_could_not_be_written_by_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stellwerk.tiering.writer.LEAVE_S", 0.2)
    cache = build("sqlite", tmp_path, busy_timeout_s=0.05)

    async def story() -> None:
        cache.keep(entry_of(1), now())
        await until(lambda: finds(cache, 1))
        with sqlite3.connect(tmp_path / sqlite.FILE, isolation_level=None) as holding:
            holding.execute("BEGIN IMMEDIATE")
            cache.purge(Purge(), now())
            cache.close()
            assert cache.figures().troubles == 1
            holding.rollback()

    asyncio.run(story())


def test_a_process_that_hangs_while_it_opens_the_file_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stellwerk.tiering.writer.LEAVE_S", 0.1)
    monkeypatch.setattr("stellwerk.tiering.reader.LEAVE_S", 0.1)
    cache = build("sqlite", tmp_path)

    async def story() -> None:
        cache.keep(entry_of(1), now())
        assert cache.peek(digest(1), now()) is not None
        assert await fetched(cache, digest(1), timeout_s=0.01) is None
        cache.purge(Purge(), now())
        assert cache.peek(digest(1), now()) is None
        begin_s = time.monotonic()
        cache.close()
        assert time.monotonic() - begin_s < 3
        assert cache.figures().troubles >= 2

    with (tmp_path / "cache.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(story())


def test_what_was_kept_before_a_purge_is_not_found_although_it_is_written_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PURGE_S", 0.3)
    path = tmp_path / sqlite.FILE
    writing = sqlite.SqliteWriting(path, sqlite.Settings(), Checksum())
    seen = sqlite.SqliteReading(path, 1.0).beat().last

    def write(entry: Entry, after: int) -> None:
        writing.write([Write(entry, plain(entry), after)], now())

    write(entry_of(1), seen)
    number = writing.purge(Purge(tenant="t"), now())
    while writing.tend(now()):
        pass
    write(entry_of(2), seen)  # it was late
    write(entry_of(3), number)

    async def story(cache: Cache) -> None:
        assert await fetched(cache, digest(2)) is None
        assert await fetched(cache, digest(3)) is not None

    opened(tmp_path, story)
    with sqlite3.connect(path) as connection:
        query = "SELECT (SELECT count(*) FROM purge), (SELECT count(*) FROM entry), (SELECT count(*) FROM name)"
        while connection.execute(query).fetchone() != (0, 1, 1):
            writing.tend(now())
    assert sqlite.SqliteReading(path, 1.0).look([(digest(3),)], 0).found[0] != []
    writing.close()


def test_what_is_over_is_deleted(tmp_path: Path) -> None:
    async def story(cache: Cache) -> None:
        for number in range(300):
            cache.keep(entry_of(number, stale_ms=now() + 400, tags=("red",)), now())
        await until(lambda: asyncio.sleep(0.01, cache.figures().entries > 0))
        await until(lambda: asyncio.sleep(0.01, cache.figures().entries == 0))
        assert cache.figures().size == 0
        assert cache.figures().expired > 0

    opened(tmp_path, story)


def test_the_file_is_no_larger_than_it_may_be_and_gives_back_what_is_purged(tmp_path: Path) -> None:
    path, most = tmp_path / sqlite.FILE, 6_000_000
    writing = sqlite.SqliteWriting(path, sqlite.Settings(max_bytes=most, tenant_share=1.0), Checksum())
    for first in range(0, 2_000, 100):  # of each page, half would be empty
        entries = [entry_of(number, aliases=(digest(9_000 + number),)) for number in range(first, first + 100)]
        blobs = [Random(number).randbytes(2_200) for number in range(100)]
        writing.write([Write(entry, blob, 0) for entry, blob in zip(entries, blobs, strict=True)], now())
        beside = path.with_name("cache.db-wal").stat().st_size
        assert path.stat().st_size + beside < most * 1.05 + 2 * WAL_BYTES
    reading = sqlite.SqliteReading(path, 1.0)
    assert reading.beat().figures.entries > 1_000
    reading.close()
    writing.purge(Purge(), now())
    while writing.tend(now()):
        pass
    writing.close()
    assert path.stat().st_size < most * 0.8


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = filled(tmp_path, 1)
    assert path.stat().st_mode & 0o077 == 0


def test_what_was_used_again_outlives_what_was_used_once_in_the_file(tmp_path: Path) -> None:
    writing = sqlite.SqliteWriting(
        tmp_path / sqlite.FILE, sqlite.Settings(max_bytes=100_000, tenant_share=1.0), Checksum()
    )
    for number in range(200):
        entry = entry_of(number, answer=bytes(1_000))
        writing.write([Write(entry, plain(entry), 0)], 1_000 + number)
        if number < 10:
            writing.touch([entry.key], 1_000 + number)
    found = sqlite.SqliteReading(tmp_path / sqlite.FILE, 1.0).look([(digest(one),) for one in range(200)], 0).found
    assert all(found[:10])
    assert not any(found[10:100])
    assert found[199]
    for number in range(200):  # everything is used again: some of it has to be on probation for that
        writing.touch([digest(number)], 2_000 + number)
    for number in range(500, 511):
        writing.write([Write(entry_of(number), bytes(1_000), 0)], 3_000)
    found = sqlite.SqliteReading(tmp_path / sqlite.FILE, 1.0).look([(digest(0),), (digest(510),)], 0).found
    assert not found[0]
    assert found[1]
    writing.close()
