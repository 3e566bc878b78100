"""What a cache costs: the loop's time for a look-up and for keeping, how long others take, and memory per entry."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

import uvloop

from stellwerk import plugins
from stellwerk.core.cached import Entry, Purge
from stellwerk.ports.cache import Cache
from tests.valkey import Server

LOOK_UPS = 5_000
FETCHES = 1_000
WORDS = (
    "the",
    "of",
    "route",
    "signal",
    "train",
    "model",
    "answer",
    "token",
    "is",
    "for",
    "with",
    "that",
    "this",
    "from",
)


class Figures(NamedTuple):
    """Microseconds of the event loop's CPU time, milliseconds of waiting, and bytes."""

    peek_us: float
    keep_us: float
    fetch_cpu_us: float
    fetch_p50_ms: float
    fetch_p99_ms: float
    purge_ms: float
    worker_bytes: float
    store_bytes: float


def text_of(number: int, size: int) -> bytes:
    """An answer of about so many bytes, as a provider writes it."""
    chance = random.Random(number)
    words = " ".join(chance.choices(WORDS, k=size // 4))[: max(size - 330, 20)]
    head = f'{{"id":"chatcmpl-{chance.randbytes(14).hex()}","object":"chat.completion","created":17{number:08},'
    body = f'"model":"gpt-5.2","choices":[{{"index":0,"message":{{"role":"assistant","content":"{words}"}},'
    return f'{head}{body}"finish_reason":"stop"}}],"usage":{{"prompt_tokens":21,"completion_tokens":88}}}}'.encode()


def entry_of(number: int, size: int) -> Entry:
    """An entry as the gateway keeps it, with a vector of 384 bytes."""
    now = int(time.time() * 1_000)
    return Entry(
        key=number.to_bytes(16, "big"),
        scope=bytes(16),
        tenant=f"team-{number % 50}",
        model="smart",
        target="openai/gpt-5.2",
        dialect="openai_chat",
        is_stream=False,
        answer=text_of(number, size),
        stored_ms=now,
        fresh_ms=now + 3_600_000,
        stale_ms=now + 7_200_000,
        nanos=1_000,
        finish="stop",
        aliases=((number + (1 << 64)).to_bytes(16, "big"),),
        question="which train goes from here to there",
        vector=random.Random(number).randbytes(384),
    )


async def measure(name: str, options: dict[str, object], directory: Path, entries: int, size: int) -> Figures:
    """Fills a cache, and looks into it from another one."""
    one = cast("Cache", plugins.build("caches", name, options, directory=directory))
    other = cast("Cache", plugins.build("caches", name, options, directory=directory))
    before = resident()
    keep_us = []
    for first in range(0, entries, 100):
        keep_us.append(kept(one, [entry_of(number, size) for number in range(first, min(first + 100, entries))]))
        await asyncio.sleep(0.01 if one.is_shared else 0)
    last = (entries - 1).to_bytes(16, "big")
    while one.is_shared and await fetched(other, last) is None:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.05)
    gc.collect()
    worker_bytes = (resident() - before) / entries
    peek_us = cpu_us(one, last)
    waits, cpu_ns = [], time.thread_time_ns()
    for number in random.Random(1).sample(range(entries), min(FETCHES, entries)):
        begin_s = time.perf_counter()
        await fetched(other, number.to_bytes(16, "big"))
        waits.append((time.perf_counter() - begin_s) * 1_000)
    fetch_cpu_us = (time.thread_time_ns() - cpu_ns) / 1_000 / len(waits)
    waits.sort()
    await asyncio.sleep(0.6)
    store_bytes = one.figures().size / max(one.figures().entries, 1)
    purge_ms = await purged(one, other, last)
    one.close()
    other.close()
    return Figures(
        peek_us,
        statistics.median(keep_us),
        fetch_cpu_us,
        statistics.median(waits),
        waits[int(len(waits) * 0.99)],
        purge_ms,
        worker_bytes,
        store_bytes,
    )


def kept(cache: Cache, entries: Sequence[Entry]) -> float:
    """The loop's time for keeping one."""
    begin = time.thread_time_ns()
    for entry in entries:
        cache.keep(entry, now())
    return (time.thread_time_ns() - begin) / 1_000 / len(entries)


def cpu_us(cache: Cache, key: bytes) -> float:
    """The loop's time for a look-up that finds."""
    assert cache.peek(key, now()) is not None  # noqa: S101
    begin = time.thread_time_ns()
    for _ in range(LOOK_UPS):
        cache.peek(key, now())
    return (time.thread_time_ns() - begin) / 1_000 / LOOK_UPS


async def purged(one: Cache, other: Cache, key: bytes) -> float:
    """How long another cache has in memory what this one has purged."""
    if not one.is_shared:
        other.keep(entry_of(int.from_bytes(key, "big"), 1_024), now())
    else:
        await fetched(other, key)
    await asyncio.sleep(0.05)
    begin = time.perf_counter()
    one.purge(Purge(), now())
    while other.peek(key, now()) is not None:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.001)
    return (time.perf_counter() - begin) * 1_000


async def fetched(cache: Cache, key: bytes) -> Entry | None:
    """A look-up in the store."""
    answer: asyncio.Future[Entry | None] = asyncio.get_running_loop().create_future()
    cache.fetch((key,), now(), 5.0, answer.set_result)
    return await answer


def now() -> int:
    """Unix time in milliseconds."""
    return int(time.time() * 1_000)


def resident() -> int:
    """Bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def place(name: str, directory: Path, max_bytes: int) -> Iterator[dict[str, object]]:
    """Options of a cache, and a server where it needs one."""
    options: dict[str, object] = {"max_bytes": max_bytes}
    if name != "valkey":
        yield options
        return
    server = Server(directory)
    try:
        yield {**options, "url": server.url}
    finally:
        server.kill()


def main(arguments: Sequence[str]) -> int:
    """Prints a table, a line for each cache."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks caches", description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=1_024, help="bytes of an answer (default: 1024)")
    parser.add_argument("--max-bytes", type=int, default=1 << 30)
    parser.add_argument("caches", nargs="*", default=plugins.shelf("caches"))
    options = parser.parse_args(arguments)
    print(f"{options.entries} entries with answers of {options.size} bytes, a vector of 384 and an alias each")
    print("cache    peek CPU  keep CPU  fetch CPU  fetch p50  fetch p99  purge seen  worker/entry  store/entry")
    for name in options.caches:
        with (
            TemporaryDirectory(prefix="stellwerk-bench-") as folder,
            place(name, Path(folder), options.max_bytes) as own,
        ):
            found = uvloop.run(measure(name, own, Path(folder), options.entries, options.size))
        print(
            f"{name:8}{found.peek_us:7.1f} us{found.keep_us:7.1f} us{found.fetch_cpu_us:8.0f} us"
            f"{found.fetch_p50_ms:8.2f} ms{found.fetch_p99_ms:8.2f} ms{found.purge_ms:9.0f} ms"
            f"{found.worker_bytes:12.0f} B{found.store_bytes:11.0f} B"
        )
        sys.stdout.flush()
    return 0
