"""Runs an asynchronous test on the product's event loop: a clock that stands still, conditions instead of sleeps."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import heapq
import itertools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

import uvloop

from stellwerk.http.deadlines import Deadlines

P = ParamSpec("P")

TEST_S = 20.0
CONDITION_S = 5.0
POLL_S = 0.001


_at_end: list[Callable[[], None]] = []


def at_end(call: Callable[[], None]) -> None:
    """Plans what must be done when the test is over: uvloop waits for ever for a connection that nobody closed."""
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        _at_end.append(call)


def on_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Makes a plain test of an asynchronous one, which fails if anything reached the loop's exception handler."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        unhandled: list[dict[str, Any]] = []

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
            try:
                async with asyncio.timeout(TEST_S):
                    await test(*args, **kwargs)
            finally:
                while _at_end:
                    _at_end.pop()()
                await asyncio.sleep(POLL_S)

        uvloop.run(main())
        assert not unhandled, unhandled

    return run


async def eventually(condition: Callable[[], object], within_s: float = CONDITION_S) -> None:
    """Waits until ``condition`` holds. Raises ``AssertionError`` when it does not in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not condition():
        if loop.time() > end:
            raise AssertionError(f"not true within {within_s} s")
        await asyncio.sleep(POLL_S)


async def settled(turns: int = 20) -> None:
    """Lets the loop do whatever is ready, so that a test may say what did *not* happen."""
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.sleep(POLL_S)


class _Planned:
    """A call that the clock owes."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Forgets the call."""
        self.call = None


class Clock:
    """A clock that moves only when it is told to, with the timers that hang on it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._order = itertools.count()
        self._planned: list[tuple[float, int, _Planned]] = []
        self.deadlines = Deadlines(self, self.call_at)

    def __call__(self) -> float:
        """The time."""
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> _Planned:
        """Plans ``call``, as an event loop does."""
        planned = _Planned(call)
        heapq.heappush(self._planned, (when, next(self._order), planned))
        return planned

    def advance(self, seconds: float) -> None:
        """Moves on, stopping at every timer on the way."""
        end = self.now + seconds
        while self._planned and self._planned[0][0] <= end:
            when, _, planned = heapq.heappop(self._planned)
            self.now = max(self.now, when)
            if planned.call is not None:
                planned.call()
        self.now = end
