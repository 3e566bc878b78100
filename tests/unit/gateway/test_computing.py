"""A worker's line to the compute process: asked, broken, opened again, and never waited for in vain."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stellwerk.compute.pool import SHORT_BYTES, Pool
from stellwerk.compute.process import bind
from stellwerk.compute.server import Server
from stellwerk.core.job import MAX_FRAME_BYTES, Done, frame
from stellwerk.gateway.computing import MOST_WAITING, MOST_WAITING_BYTES, ComputeLine
from stellwerk.ports.compute import ComputeUnavailable, JobFailure, Outcome
from stellwerk.supervisor.log import Log
from tests.unit.compute.kit import Jobs, on_asyncio

LONG = bytes(SHORT_BYTES)


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110  # what threads do sets no event
        await asyncio.sleep(0.001)


class Host:
    """A line, and a server that can be taken away and put back."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "compute-1"
        self.log = io.StringIO()
        self.line = ComputeLine(self.path, asyncio.get_running_loop(), Log(self.log))
        self.jobs = Jobs()
        self.told: list[Outcome] = []
        self._pool = Pool(1, self.jobs.find)
        self._server: Server | None = None
        self._listening: asyncio.Server | None = None

    async def begin(self) -> None:
        """A compute process comes."""
        loop = asyncio.get_running_loop()
        self._server = Server(self._pool, loop, lambda: None)
        self._listening = await loop.create_unix_server(self._server.asker, sock=bind(self.path))

    async def die(self) -> None:
        """It goes, in the middle of whatever it does."""
        assert self._server is not None
        assert self._listening is not None
        self._listening.close()
        self.path.unlink()
        for asker in list(self._server.askers):
            asker._transport.abort()
        await until(lambda: not self.line.is_open)

    def ask(self, job: str, payload: bytes = b"", timeout_s: float = 9.0) -> object:
        """Asks, and keeps what comes."""
        return self.line.ask(job, payload, timeout_s, self.told.append)

    @property
    def events(self) -> list[str]:
        """What was logged."""
        return [json.loads(line)["event"] for line in self.log.getvalue().splitlines()]


@asynccontextmanager
async def host(folder: Path, *, is_there: bool = True) -> AsyncIterator[Host]:
    found = Host(folder)
    if is_there:
        await found.begin()
        found.line.open()
        await until(lambda: found.line.is_open)
    try:
        yield found
    finally:
        found.jobs.go.set()
        found.line.close()
        await until(lambda: not found.line.is_open)
        if found._listening is not None:
            found._listening.close()


@on_asyncio
async def test_jobs_are_answered(tmp_path: Path) -> None:
    async with host(tmp_path) as here:
        here.ask("echo", b"1")
        here.ask("fail")
        assert here.told == []
        await until(lambda: len(here.told) == 2)
        assert set(map(str, here.told)) == {
            "b'1'",
            str(JobFailure("failed", "ValueError: cannot do 0 bytes")),
        }
        tally = here.line.tally
        assert (tally.done, tally.undone, tally.refused, tally.waiting) == (1, 1, 0, 0)


@on_asyncio
async def test_without_anybody_there_asking_fails_at_once(tmp_path: Path) -> None:
    async with host(tmp_path, is_there=False) as here:
        with pytest.raises(ComputeUnavailable, match="away"):
            here.ask("echo")
        assert here.line.tally.refused == 1


@on_asyncio
async def test_it_opens_when_somebody_comes(tmp_path: Path) -> None:
    async with host(tmp_path, is_there=False) as here:
        here.line.open()
        here.line.open()
        await asyncio.sleep(0)
        await here.begin()
        await until(lambda: here.line.is_open)
        here.line.open()
        assert here.events == ["compute_connected"]


@on_asyncio
async def test_a_process_that_dies_in_the_middle_is_told_of_and_its_successor_is_found(tmp_path: Path) -> None:
    async with host(tmp_path) as here:
        here.ask("wait", LONG)
        here.ask("wait", LONG)
        await until(lambda: here.jobs.begun)
        await here.die()
        assert here.told == [JobFailure("away", "the compute process has ended")] * 2
        with pytest.raises(ComputeUnavailable):
            here.ask("echo")
        here.jobs.go.set()
        await here.begin()
        await until(lambda: here.line.is_open)
        here.ask("echo", b"back")
        await until(lambda: len(here.told) == 3)
        assert here.told[2] == b"back"
        assert here.line.tally.refused == 3
        assert here.events == ["compute_connected", "compute_lost", "compute_connected"]


@on_asyncio
async def test_time_that_has_run_out_is_told_even_by_a_process_that_says_nothing(tmp_path: Path) -> None:
    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with host(tmp_path, is_there=False) as here:
        listening = await asyncio.start_unix_server(be_silent, sock=bind(here.path))
        here.line.open()
        await until(lambda: here.line.is_open)
        here.ask("echo", timeout_s=0.02)
        await until(lambda: here.told)
        assert here.told == [JobFailure("late", "it was not done in time")]
        listening.close()


@on_asyncio
async def test_nothing_is_told_of_a_job_that_was_cancelled(tmp_path: Path) -> None:
    async with host(tmp_path) as here:
        pending = here.line.ask("watch", LONG, 9.0, here.told.append)
        await until(lambda: here.jobs.begun)
        pending.cancel()
        pending.cancel()
        await until(lambda: here.jobs.abandoned)
        here.ask("echo", b"next")
        await until(lambda: here.told)
        assert here.told == [b"next"]
        last = here.line.ask("wait", LONG, 9.0, here.told.append)
        await here.die()
        last.cancel()


@pytest.mark.parametrize("data", [b"\xff" * 8, b"\x00\x00\x00\x01\xc1", frame(Done(5, b"", 0, 0))[:4] + bytes(50)])
def test_a_process_that_talks_of_something_else_is_hung_up_on(tmp_path: Path, data: bytes) -> None:
    calls = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.read(1)
        writer.write(data)
        await reader.read()
        writer.close()

    @on_asyncio
    async def play() -> None:
        async with host(tmp_path, is_there=False) as here:
            listening = await asyncio.start_unix_server(talk, sock=bind(here.path))
            here.line.open()
            await until(lambda: here.line.is_open)
            here.ask("echo")
            await until(lambda: here.told)
            assert here.told == [JobFailure("away", "the compute process has ended")]
            await until(lambda: calls == 2)  # it is tried again, after a pause
            listening.close()

    play()


@on_asyncio
async def test_answers_that_nobody_waits_for_are_left_out(tmp_path: Path) -> None:
    async with host(tmp_path) as here:
        here.line.heard(frame(Done(77, b"x", 1, 2))[4:])
        assert here.told == []
        assert here.line.tally.waiting == 2


@on_asyncio
async def test_one_worker_waits_for_so_many_jobs_and_bytes_and_no_longer_frame(tmp_path: Path) -> None:
    async with host(tmp_path) as here:
        for _ in range(MOST_WAITING):
            here.ask("wait")
        with pytest.raises(ComputeUnavailable, match="enough jobs"):
            here.ask("echo")
        here.jobs.go.set()
        await until(lambda: len(here.told) == MOST_WAITING)
        with pytest.raises(ComputeUnavailable, match="enough jobs"):
            here.ask("echo", bytes(MOST_WAITING_BYTES + 1))
        with pytest.raises(ComputeUnavailable, match="more than a frame"):
            here.ask("echo", bytes(MAX_FRAME_BYTES))


@on_asyncio
async def test_a_closed_line_stays_closed(tmp_path: Path) -> None:
    async with host(tmp_path) as here:
        here.ask("wait")
        here.line.close()
        await until(lambda: not here.line.is_open)
        assert here.told == [JobFailure("away", "the compute process has ended")]
        here.line.open()
        await asyncio.sleep(0)
        assert here.line._connecting is None
        assert "compute_lost" not in here.events
