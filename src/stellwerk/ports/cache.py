"""The port of a cache: where answers are kept, for one process, one host or several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from stellwerk.core.cached import CacheFigures, Entry, News, Purge


class Fetching(Protocol):
    """A look-up that leaves the process."""

    def cancel(self) -> None:
        """Nobody waits for it any more: nothing is told of it."""
        ...


class Cache(Protocol):
    """Keeps entries by key. Nothing here raises: whatever is the matter with a cache is a miss, and is counted.

    ``now_ms`` is Unix time in milliseconds. An entry is told of until its ``stale_ms``; whether it is fresh is for the
    caller to see. What was kept is told of by ``peek`` at once in the same process, and by ``fetch`` in others within a
    moment. All of it is called on one event loop.
    """

    @property
    def is_shared(self) -> bool:
        """Whether ``fetch`` may know of entries that ``peek`` does not."""
        ...

    def peek(self, key: bytes, now_ms: int) -> Entry | None:
        """The entry with that key or alias, if this process has it in memory. Never waits; a few microseconds."""
        ...

    def fetch(
        self, keys: tuple[bytes, ...], now_ms: int, timeout_s: float, done: Callable[[Entry | None], None]
    ) -> Fetching:
        """Looks for the first of these keys that is there, outside of this process.

        ``done`` is called once, on the event loop, never before this returns and never later than ``timeout_s``: with
        ``None`` where there is none, or the cache is away or slow.
        """
        ...

    def keep(self, entry: Entry, now_ms: int) -> None:
        """Keeps an entry, in the place of one with the same key. Where it is written elsewhere, that happens later."""
        ...

    def purge(self, purge: Purge, now_ms: int) -> None:
        """Lets entries go, here at once and everywhere else within a second."""
        ...

    def entries(self, now_ms: int) -> Iterator[Entry]:
        """Everything that is kept and may be found by its meaning: for an index that begins anew.

        What is shared is read step by step, and each step may wait for the store: it belongs in a thread. Where the
        store is away, it ends.
        """
        ...

    def news(self, after: int, done: Callable[[News | None], None]) -> None:
        """What was kept since the number ``after`` and may be found by its meaning, a piece of it: for other hosts.

        The workers of a host tell their index themselves, so of a cache that one host has alone there is none. From 0
        on it begins with the oldest that is still told of. ``done`` is called on the event loop, never before this
        returns: with ``None`` where the cache is away, and not at all once the cache is closed.
        """
        ...

    def figures(self) -> CacheFigures:
        """What it holds."""
        ...

    def close(self) -> None:
        """Writes what is still to be written, and lets go of everything.

        Call nothing afterwards but ``figures``: a purge that could not be written is among its troubles. It may wait
        for a store, so it may be called in a thread.
        """
        ...
