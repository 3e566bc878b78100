"""Alerts of one host: a watcher and a courier, each at its pace, for as long as the process runs.

Nothing here is ever in a request's way. While the counter or the control database is away, the log says so once, and
what was due is told when they are back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from stellwerk.alerting.courier import Courier
from stellwerk.alerting.store import AlertStore
from stellwerk.alerting.watcher import Watcher
from stellwerk.errors import StoreUnavailable
from stellwerk.supervisor.log import Log

WATCH_S = 2.0
DELIVER_S = 1.0
TIDY_S = 600.0
FINISH_S = 5.0
"""How long what is under way may take at the end."""


class Alerting:
    """Both, with their rounds."""

    def __init__(
        self, watcher: Watcher, courier: Courier, store: AlertStore, wall: Callable[[], float], log: Log
    ) -> None:
        self._watcher = watcher
        self._courier = courier
        self._store = store
        self._wall = wall
        self._log = log
        self._ending = asyncio.Event()
        self._away: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins on the running event loop."""
        rounds = (
            ("watching", self._watcher.round, WATCH_S),
            ("delivering", self._courier.round, DELIVER_S),
            ("tidying", self._tidy, TIDY_S),
        )
        self._tasks = [asyncio.create_task(self._repeat(*one)) for one in rounds]

    async def stop(self) -> None:
        """Ends after what is under way, or without it where that takes too long: then it is repeated later."""
        self._ending.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=FINISH_S)
            for task in late:
                task.cancel()
        await self._courier.stop(FINISH_S)

    async def _repeat(self, what: str, work: Callable[[], Awaitable[None]], pause_s: float) -> None:
        while not self._ending.is_set():
            try:
                await work()
            except* StoreUnavailable as group:
                self._note(what, str(group.exceptions[0]))
            except* Exception as group:  # noqa: BLE001  # a defect must not end all alerts: it is logged, with its kind
                self._log.error("alerts_defect", what=what, reason=repr(group.exceptions[0]))
            else:
                self._note(what, "")
            try:
                async with asyncio.timeout(pause_s):
                    await self._ending.wait()
            except TimeoutError:
                continue

    async def _tidy(self) -> None:
        dropped = await asyncio.to_thread(self._store.tidy, self._wall())
        if dropped:
            self._log.error("alerts_dropped", count=dropped)

    def _note(self, what: str, reason: str) -> None:
        """Says once that something is away, and once that it is back."""
        was = self._away.get(what, "")
        self._away[what] = reason
        if reason and not was:
            self._log.warning("alerts_wait", what=what, reason=reason)
        elif was and not reason:
            self._log.info("alerts_go_on", what=what)
