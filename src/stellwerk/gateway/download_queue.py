"""How many files one worker fetches at once: so that callers cannot use up its descriptors and its memory."""

from __future__ import annotations

from typing import Protocol

from stellwerk.http.deadlines import Deadlines, Expiring


class Waiting(Expiring, Protocol):
    """Something that starts when it is its turn, or expires before."""

    def begin(self) -> None:
        """It is its turn."""
        ...


class DownloadQueue:
    """First come, first served. Whoever is here leaves exactly once, whether its turn came or not."""

    __slots__ = ("_deadlines", "_most", "_running", "_waiting")

    def __init__(self, deadlines: Deadlines, most: int) -> None:
        self._deadlines = deadlines
        self._most = most
        self._running: set[Waiting] = set()
        self._waiting: dict[Waiting, None] = {}

    def enter(self, one: Waiting) -> None:
        """Begins at once where there is room."""
        if len(self._running) < self._most:
            self._running.add(one)
            one.begin()
        else:
            self._waiting[one] = None
            self._deadlines.watch(one)

    def leave(self, one: Waiting) -> None:
        """Makes room for the one that has waited longest; harmless for one that is not here."""
        if one in self._waiting:
            del self._waiting[one]
            self._deadlines.forget(one)
        elif one in self._running:
            self._running.remove(one)
            if self._waiting:
                following = next(iter(self._waiting))
                del self._waiting[following]
                self._deadlines.forget(following)
                self._running.add(following)
                following.begin()
