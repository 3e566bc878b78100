"""The compute process's socket, spoken to with good and with bad intentions."""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk.compute.pool import MOST_WAITING, SHORT_BYTES, Pool
from stellwerk.compute.process import bind
from stellwerk.compute.server import MOST_ASKERS, Server
from stellwerk.core.job import MAX_FRAME_BYTES, Answer, Asked, Done, Dropped, Question, Undone, answer, frame
from tests.unit.compute.kit import Jobs, on_asyncio

LONG = bytes(SHORT_BYTES)


def mode_of(path: Path) -> int:
    """Who may use it, where it is the only one in its folder."""
    assert list(path.parent.iterdir()) == [path]
    return stat.S_IMODE(path.stat().st_mode)


class Caller:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def say(self, *questions: Question) -> None:
        """Sends questions."""
        self.writer.write(b"".join(map(frame, questions)))

    async def hear(self) -> Answer:
        """The next answer, or what became of a task."""
        async with asyncio.timeout(10):
            size = int.from_bytes(await self._reader.readexactly(4))
            return answer(await self._reader.readexactly(size))

    async def is_hung_up_on(self) -> bool:
        """Whether the server has ended it."""
        try:
            async with asyncio.timeout(10):
                return await self._reader.read(1) == b""
        except ConnectionResetError:
            return True


class Served:
    """A server on a socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.jobs = Jobs()
        self.emptied = 0
        self.callers: list[Caller] = []
        self.server = Server(Pool(1, self.jobs.find), asyncio.get_running_loop(), self._on_empty)

    def _on_empty(self) -> None:
        self.emptied += 1

    async def call(self) -> Caller:
        """A connection to it."""
        caller = Caller(*await asyncio.open_unix_connection(self.path))
        self.callers.append(caller)
        return caller

    async def until(self, condition: object) -> None:
        """Waits for something to come true."""
        assert callable(condition)
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  # what threads do sets no event
                await asyncio.sleep(0.001)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """A server that is spoken to over a real socket."""
    found = Served(folder / "compute")
    listening = await asyncio.get_running_loop().create_unix_server(found.server.asker, sock=bind(found.path))
    try:
        yield found
    finally:
        found.jobs.go.set()
        listening.close()
        for caller in found.callers:
            caller.writer.close()
            with suppress(ConnectionError):
                await caller.writer.wait_closed()
        await found.until(lambda: not found.server.askers)


@on_asyncio
async def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        assert mode_of(host.path) == 0o600
        successor = bind(host.path)  # whoever comes later has the address
        assert mode_of(host.path) == 0o600
        successor.close()


@on_asyncio
async def test_jobs_are_answered_by_their_numbers(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        caller = await host.call()
        caller.say(Asked(7, "wait", LONG, 9_000), Asked(8, "echo", b"b", 9_000), Asked(9, "fail", b"c", 9_000))
        told = {each.number: each for each in (await caller.hear(), await caller.hear())}
        done = told[8]
        assert isinstance(done, Done)
        assert done.payload == b"b"
        assert told[9] == Undone(9, "failed", "ValueError: cannot do 1 bytes", told[9].waiting)
        host.jobs.go.set()
        last = await caller.hear()
        assert isinstance(last, Done)
        assert (last.number, last.payload) == (7, LONG)


@on_asyncio
async def test_a_job_that_takes_too_long_is_answered_in_time_and_its_thread_survives(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        caller = await host.call()
        caller.say(Asked(1, "watch", LONG, 30), Asked(2, "echo", LONG, 9_000), Asked(3, "echo", b"x", 0))
        told = [await caller.hear() for _ in range(3)]
        assert {(each.number, each.code) for each in told if isinstance(each, Undone)} == {(1, "late"), (3, "late")}
        assert [each.number for each in told if isinstance(each, Done)] == [2]


@on_asyncio
async def test_what_was_dropped_is_not_answered_and_its_number_is_free(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        caller = await host.call()
        caller.say(Asked(1, "watch", b"", 9_000))
        await host.until(lambda: host.jobs.begun)
        caller.say(Dropped(1), Dropped(99), Asked(1, "echo", b"again", 9_000))
        told = await caller.hear()
        assert isinstance(told, Done)
        assert told.payload == b"again"
        await host.until(lambda: host.jobs.abandoned)


@on_asyncio
async def test_nobody_works_for_an_asker_who_has_hung_up(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        caller = await host.call()
        caller.say(*(Asked(number, "watch", LONG, 9_000) for number in range(20)))
        await host.until(lambda: host.jobs.begun)
        caller.writer.transport.abort()
        await host.until(lambda: host.emptied and not host.server.pool.waiting)
        assert host.jobs.begun == 1
        await host.until(lambda: host.jobs.abandoned)


@on_asyncio
async def test_more_jobs_than_there_is_room_for_are_refused_at_once(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        caller = await host.call()
        caller.say(Asked(0, "wait", b"", 9_000), Asked(1, "wait", LONG, 9_000))
        await host.until(lambda: host.jobs.begun == 2)
        caller.say(*(Asked(2 + number, "echo", b"", 9_000) for number in range(MOST_WAITING + 1)))
        told = await caller.hear()
        assert told == Undone(2 + MOST_WAITING, "full", "too many jobs wait already", MOST_WAITING)
        host.jobs.go.set()
        assert all([isinstance(await caller.hear(), Done) for _ in range(MOST_WAITING + 2)])


@pytest.mark.parametrize(
    "data",
    [
        (MAX_FRAME_BYTES + 1).to_bytes(4),
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x01\xc1",
        b"GET / HTTP/1.1\r\n\r\n",
        frame(Done(1, b"", 0, 0)),
        frame(Asked(1, "wait", b"", 9_000)) * 2,
    ],
)
def test_who_says_something_else_is_hung_up_on_and_others_are_not(tmp_path: Path, data: bytes) -> None:
    @on_asyncio
    async def play() -> None:
        async with served(tmp_path) as host:
            good, bad = await host.call(), await host.call()
            bad.writer.write(data)
            assert await bad.is_hung_up_on()
            assert host.server.bad_frames == 1
            good.say(Asked(1, "echo", b"fine", 9_000))
            assert isinstance(await good.hear(), Done)

    play()


@given(data=st.binary(min_size=1, max_size=64))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_bring_it_down(tmp_path: Path, data: bytes) -> None:
    @on_asyncio
    async def play() -> None:
        async with served(tmp_path) as host:
            bad = await host.call()
            bad.writer.write(data)
            bad.writer.close()
            good = await host.call()
            good.say(Asked(1, "echo", b"fine", 9_000))
            assert isinstance(await good.hear(), Done)

    play()


@on_asyncio
async def test_an_answer_that_is_too_long_is_told_as_a_failure(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        caller = await host.call()
        caller.say(Asked(1, "swell", b"", 9_000))
        told = await caller.hear()
        assert isinstance(told, Undone)
        assert told.code == "failed"


@on_asyncio
async def test_who_does_not_read_is_not_read_from(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        caller = await host.call()
        number, began_s = 0, time.monotonic()
        while not any(asker._is_paused for asker in host.server.askers):
            number += 1
            caller.say(Asked(number, "echo", bytes(1_000_000), 9_000))
            await asyncio.sleep(0)
            assert time.monotonic() < began_s + 10
        told = [await caller.hear() for _ in range(number)]
        assert sum(isinstance(each, Done) for each in told) > 1
        assert not any(asker._is_paused for asker in host.server.askers)


@on_asyncio
async def test_there_is_a_limit_to_askers(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        callers = [await host.call() for _ in range(MOST_ASKERS)]
        await host.until(lambda: len(host.server.askers) == MOST_ASKERS)
        assert await (await host.call()).is_hung_up_on()
        callers[0].say(Asked(1, "echo", msgspec.msgpack.encode("fine"), 9_000))
        assert isinstance(await callers[0].hear(), Done)
