"""What it takes to have tokens counted by the compute process, and what the asker's event loop notices of it.

A server in a process of its own is asked over its Unix socket, one job after the other. The loop's lag is that of a
timer every millisecond, while a megabyte at a time is counted there, and while the same is done by a thread here.
"""

import argparse
import asyncio
import io
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles

import msgspec

from benchmarks.cases.samples import PARAGRAPH
from benchmarks.machine import this_machine
from stellwerk.compute.jobs import find
from stellwerk.compute.pool import Pool
from stellwerk.compute.process import bind
from stellwerk.compute.server import Server
from stellwerk.compute.ticket import Ticket
from stellwerk.core.census import JOB, Texts
from stellwerk.core.vocabulary import O200K
from stellwerk.gateway.computing import ComputeLine
from stellwerk.ports.compute import JobFailure, Outcome
from stellwerk.supervisor.log import Log

SIZES = {"400 characters": 400, "40,000 characters": 40_000, "a million characters": 1_000_000}
TICK_S = 0.001


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how long jobs take, and how late the loop is meanwhile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compute", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200, help="of each size (default: %(default)s)")
    options = parser.parse_args(arguments)
    print(f"{this_machine().line()}\n")
    spawning = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        ready = spawning.Event()
        process = spawning.Process(target=_serve, args=(Path(folder, "compute"), ready), daemon=True)
        process.start()
        ready.wait()
        try:
            asyncio.run(_measure(Path(folder, "compute"), options.jobs))
        finally:
            process.kill()
            process.join()
    return 0


def _serve(path: Path, ready: Event) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = Server(Pool(1), loop, lambda: None)
        await loop.create_unix_server(server.asker, sock=bind(path))
        ready.set()
        await loop.create_future()

    os.nice(5)
    asyncio.run(serve())


async def _measure(path: Path, jobs: int) -> None:
    line = ComputeLine(path, asyncio.get_running_loop(), Log(io.StringIO()))
    line.open()
    while not line.is_open:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(TICK_S)

    async def far(payload: bytes) -> None:
        told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        line.ask(JOB, payload, 60.0, told.set_result)
        if isinstance(outcome := await told, JobFailure):
            raise SystemExit(f"the job failed: {outcome.reason}")

    async def in_a_thread(payload: bytes) -> None:
        await asyncio.to_thread(find(JOB), payload, Ticket(time.monotonic() + 60.0))

    print("| job | median ms | p99 ms |\n| --- | --: | --: |")
    for name, size in SIZES.items():
        await far(_payload(size))
        took_ms = [await _timed(far, _payload(size)) for _ in range(jobs)]
        print(f"| {name} | {_quantile(took_ms, 50):.2f} | {_quantile(took_ms, 99):.2f} |")
    print("\n| a megabyte at a time | loop's lag: median ms | p99 ms |\n| --- | --: | --: |")
    for name, ask in (
        ("nothing", None),
        ("by the compute process", far),
        ("by a thread, without the lock", in_a_thread),
    ):
        lag_ms = await _lag(ask, jobs)
        print(f"| {name} | {_quantile(lag_ms, 50):.2f} | {_quantile(lag_ms, 99):.2f} |")
    busy = threading.Event()
    threading.Thread(target=_burn, args=(busy,)).start()
    lag_ms = await _lag(None, jobs)
    busy.set()
    print(f"| by a thread in Python | {_quantile(lag_ms, 50):.2f} | {_quantile(lag_ms, 99):.2f} |")
    line.close()
    await asyncio.sleep(0)


def _burn(until: threading.Event) -> None:
    total = 0
    while not until.is_set():
        total += sum(range(1_000))


async def _timed(ask: Callable[[bytes], Awaitable[None]], payload: bytes) -> float:
    began_s = time.perf_counter()
    await ask(payload)
    return (time.perf_counter() - began_s) * 1e3


async def _lag(ask: Callable[[bytes], Awaitable[None]] | None, jobs: int) -> list[float]:
    """How late a timer was each time, in milliseconds, while jobs were done one after the other."""
    payload, late_ms = _payload(1_000_000), []

    async def work() -> None:
        for _ in range(jobs // 10):
            await (ask(payload) if ask is not None else asyncio.sleep(0.02))

    if ask is not None:
        await ask(payload)  # which loads the vocabulary
    working = asyncio.create_task(work())
    while not working.done():
        due_s = time.perf_counter() + TICK_S
        await asyncio.sleep(TICK_S)
        late_ms.append((time.perf_counter() - due_s) * 1e3)
    await working
    return late_ms


def _payload(size: int) -> bytes:
    text = (PARAGRAPH * (size // len(PARAGRAPH) + 1))[:size]
    return msgspec.msgpack.encode(Texts(O200K, [text]))


def _quantile(values: list[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
