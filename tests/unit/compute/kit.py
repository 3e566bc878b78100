"""Jobs for tests, and waiting for what threads do."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine
from threading import Event
from typing import Any, ParamSpec

from stellwerk.compute.jobs import NoSuchJob, Run
from stellwerk.compute.ticket import Ticket
from stellwerk.core.job import MAX_FRAME_BYTES

P = ParamSpec("P")
PATIENCE_S = 20.0


def until(condition: Callable[[], bool]) -> None:
    """Waits for something to come true."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.001)


class Jobs:
    """Found by name: ``echo``, ``fail``, ``swell``, ``wait`` for ``go``, and ``watch``, which looks at its ticket."""

    def __init__(self) -> None:
        self.go = Event()
        self.begun = 0
        self.abandoned = 0

    def find(self, name: str) -> Run:
        """What does a job."""
        run: Run | None = getattr(self, f"do_{name}", None)
        if run is None:
            raise NoSuchJob(f"no job is called {name!r}")
        return run

    def do_echo(self, payload: bytes, ticket: Ticket) -> bytes:
        """Gives what it is given."""
        del ticket
        return payload

    def do_fail(self, payload: bytes, ticket: Ticket) -> bytes:
        """Never does it."""
        del ticket
        raise ValueError(f"cannot do {len(payload)} bytes")

    def do_wait(self, payload: bytes, ticket: Ticket) -> bytes:
        """Ends when it is told to."""
        del ticket
        self.begun += 1
        assert self.go.wait(PATIENCE_S)
        return payload

    def do_swell(self, payload: bytes, ticket: Ticket) -> bytes:
        """Gives more than a frame may hold."""
        del ticket
        return payload + bytes(MAX_FRAME_BYTES)

    def do_watch(self, payload: bytes, ticket: Ticket) -> bytes:
        """Works for as long as somebody waits for it."""
        del payload
        self.begun += 1
        until(lambda: ticket.is_void)
        self.abandoned += 1
        ticket.check()
        raise AssertionError("unreachable: a void ticket is found out")


def on_asyncio(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Makes a plain test of one that runs on asyncio's own loop, as the compute process does, and misses no error."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        unheard: list[dict[str, Any]] = []

        async def watched() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
            async with asyncio.timeout(PATIENCE_S):
                await test(*args, **kwargs)

        asyncio.run(watched())
        assert not unheard

    return run
