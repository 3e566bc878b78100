"""Work in slices between turns of the event loop, so that nobody waits for whom it is not done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter

from stellwerk.http.deadlines import Timer

SLICE_S = 0.0003
"""After so long others get their turn; with a step that was begun before, a slice stays below a millisecond."""


class Slices:
    """One piece of work on its way, given as steps that are each a part of a millisecond. Cancelled, it stops."""

    __slots__ = ("_call_later", "_done", "_failed", "_steps", "_timer")

    def __init__(
        self,
        steps: Iterator[object],
        call_later: Callable[[float, Callable[[], None]], Timer],
        done: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """``done`` is called after the last step; ``failed`` is told what a step raises, or ``done``."""
        self._steps = steps
        self._call_later = call_later
        self._done = done
        self._failed = failed
        self._timer: Timer | None = None

    def start(self) -> None:
        """Does a slice at once: little work is done before this returns."""
        self._timer = None
        until = perf_counter() + SLICE_S
        try:
            for _ in self._steps:
                if perf_counter() >= until:
                    self._timer = self._call_later(0.0, self.start)
                    return
            self._done()
        except Exception as error:  # noqa: BLE001  # a later turn has nobody above it who would hear of it
            self._failed(error)

    def cancel(self) -> None:
        """Does no more of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
