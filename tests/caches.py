"""Caches for tests: how they are opened, what is kept in them, and what a look-up comes to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

from stellwerk import plugins
from stellwerk.core.cached import Entry
from stellwerk.ports.cache import Cache

SHARED = [name for name in plugins.shelf("caches") if name != "memory"]
PATIENCE_S = 20.0


def digest(number: int) -> bytes:
    """A key."""
    return number.to_bytes(16, "big")


def now() -> int:
    """Unix time in milliseconds: the threads of a cache look at the clock themselves."""
    return int(time.time() * 1_000)


def entry_of(number: int, **fields: Any) -> Entry:
    """An entry that lives for an hour, unless told otherwise."""
    given_: dict[str, Any] = {"key": digest(number), "scope": digest(1 << 64), "tenant": "t", "model": "m"}
    times = {"stored_ms": now(), "fresh_ms": now() + 1_800_000, "stale_ms": now() + 3_600_000}
    rest = {"target": "p/m", "dialect": "openai_chat", "is_stream": False, "answer": b'{"n":%d}' % number}
    return Entry(**{**given_, **times, **rest, **fields})


def build(name: str, directory: Path, **options: object) -> Cache:
    """A cache of the shelf; the same directory and options lead to the same entries."""
    given_ = {"directory": directory}
    if name == "valkey":
        options = {"prefix": str(directory), **options}
    return cast("Cache", plugins.build("caches", name, options, **given_))


async def fetched(cache: Cache, *keys: bytes, timeout_s: float = PATIENCE_S) -> Entry | None:
    """What a look-up comes to."""
    answer: asyncio.Future[Entry | None] = asyncio.get_running_loop().create_future()
    cache.fetch(keys, now(), timeout_s, answer.set_result)
    assert not answer.done()
    return await answer


async def until(holds: Callable[[], Awaitable[bool]], patience_s: float = PATIENCE_S) -> float:
    """Seconds until something holds."""
    begin_s = time.monotonic()
    while not await holds():
        assert time.monotonic() - begin_s < patience_s
        await asyncio.sleep(0.005)
    return time.monotonic() - begin_s


async def finds(cache: Cache, *numbers: int) -> bool:
    """Whether it fetches all of these entries."""
    return all([await fetched(cache, digest(number)) is not None for number in numbers])


async def gone(cache: Cache, *numbers: int) -> bool:
    """Whether it finds none of these, neither in memory nor elsewhere."""
    peeked = [cache.peek(digest(number), now()) for number in numbers]
    return not any(peeked) and not any([await fetched(cache, digest(number)) for number in numbers])
