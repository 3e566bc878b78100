"""A cache in the memory of one process: entries are gone when it ends.

Purges reach the other processes of the host through a file in the state directory, if there is one. While that cannot
be read, nothing is found; one that cannot be written is made here alone. Both are counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, time

import msgspec

from stellwerk.core.cached import CacheFigures, Entry, News, Purge
from stellwerk.core.entry_table import EntryTable
from stellwerk.core.stored_entry import SHRINK_BYTES, plain, shrunk
from stellwerk.ports.cache import Cache, Fetching
from stellwerk.tiering.purge_log import PurgeLog

LOOK_S = 0.25
"""How often the purges of others are looked for: they have to be known within a second."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much may be held, in bytes of memory; of that ``tenant_share`` by one tenant."""

    max_bytes: int = 67_108_864
    tenant_share: float = 0.5
    max_entry_bytes: int = 4_194_304


class MemoryCache:
    """A table, and a thread that makes large entries smaller after they were kept."""

    is_shared = False

    def __init__(self, settings: Settings, directory: Path | None) -> None:
        self._table = EntryTable(
            max_bytes=settings.max_bytes,
            tenant_share=settings.tenant_share,
            max_entry_bytes=settings.max_entry_bytes,
        )
        self._thread: ThreadPoolExecutor | None = None
        self._directory = directory
        self._log: PurgeLog | None = None
        self._look_s = 0.0
        self._troubles = 0
        self._is_closed = False

    def peek(self, key: bytes, now_ms: int) -> Entry | None:
        """The entry with that key or alias."""
        if self._directory is not None and monotonic() >= self._look_s:
            self._look()
        return self._table.get(key, now_ms)

    def fetch(
        self, keys: tuple[bytes, ...], now_ms: int, timeout_s: float, done: Callable[[Entry | None], None]
    ) -> Fetching:
        """Nothing is anywhere else: ``done`` is told so."""
        del keys, now_ms, timeout_s
        return asyncio.get_running_loop().call_soon(done, None)

    def keep(self, entry: Entry, now_ms: int) -> None:
        """Keeps an entry; one that is too large is not kept."""
        if self._is_closed:
            return
        if self._log is None and self._directory is not None:
            self._look()  # from here on
        blob = plain(entry)
        if self._table.put(entry, blob, now_ms) and len(blob) >= SHRINK_BYTES:
            self._shrink(entry.key, blob)

    def purge(self, purge: Purge, now_ms: int) -> None:
        """Lets entries go at once."""
        del now_ms
        self._table.purge(purge)
        if self._directory is not None:
            self._look(purge)

    def entries(self, now_ms: int) -> Iterator[Entry]:
        """What may be found by its meaning."""
        if self._directory is not None:
            self._look()
        return self._table.entries(now_ms)

    def news(self, after: int, done: Callable[[News | None], None]) -> None:
        """Nobody else keeps anything here."""
        asyncio.get_running_loop().call_soon(done, News(last=after))

    def figures(self) -> CacheFigures:
        """What it holds."""
        held = self._table.figures(int(time() * 1_000))
        return CacheFigures(held.entries, held.size, held.evicted, held.expired, self._troubles)

    def close(self) -> None:
        """Forgets everything, and keeps nothing any more."""
        self._is_closed = True
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
        self._table.clear()

    def _look(self, own: Purge | None = None) -> None:
        """Makes the purges of others, after which one's own is told to them."""
        assert self._directory is not None  # noqa: S101  # else nobody looks
        self._look_s = monotonic() + LOOK_S
        try:
            if self._log is None:
                self._log = PurgeLog(self._directory)
                self._table.clear()  # of what was kept before nobody knows whether it was purged
            for purge in self._log.follow() if own is None else self._log.add(own):
                self._table.purge(purge)
        except OSError:
            self._troubles += 1
            self._log = None
            self._table.clear()

    def _shrink(self, key: bytes, blob: bytes) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "cache")
        shrinking = asyncio.get_running_loop().run_in_executor(self._thread, shrunk, blob)

        def replace(made: asyncio.Future[bytes]) -> None:
            if not made.cancelled():
                self._table.replace(key, blob, made.result())

        shrinking.add_done_callback(replace)


def build(settings: Settings, *, directory: str | Path | None = None) -> Cache:
    """The cache; without a state directory nobody else can purge it."""
    return MemoryCache(settings, Path(directory) if directory is not None else None)
