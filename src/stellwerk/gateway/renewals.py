"""Keeps the credentials of providers fresh, beside the requests and never in their way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from stellwerk.http.deadlines import NEVER, Deadlines
from stellwerk.ports.credential import Fetch, Refreshed
from stellwerk.ports.provider import Provider
from stellwerk.supervisor.log import Log

LOOK_AGAIN_S = 60.0
"""A provider is asked at least this often whether it is time: a machine that slept has lost time nobody counted."""
SOONEST_S = 1.0
"""A provider is not called again before this time."""
RETRY_S = 30.0
"""When a provider whose ``refresh`` has a defect is called again."""


class Renewals:
    """The renewals of all providers of one worker. ``wall`` gives Unix time in seconds."""

    def __init__(self, fetch: Fetch, deadlines: Deadlines, log: Log, wall: Callable[[], float]) -> None:
        self._fetch = fetch
        self._deadlines = deadlines
        self._log = log
        self._wall = wall
        self._running: dict[str, _Renewal] = {}

    def adopt(self, providers: Mapping[str, Provider]) -> None:
        """Serves these providers, by name, from now on. Each inherits from the former one of its name."""
        former = self._running
        self.stop()
        for name, provider in providers.items():
            if isinstance(provider, Refreshed):
                if name in former:
                    provider.inherit(former[name].provider)
                self._running[name] = _Renewal(name, provider, self._fetch, self._deadlines, self._log, self._wall)

    def stop(self) -> None:
        """Breaks off what is under way and begins nothing more."""
        running, self._running = self._running, {}
        for renewal in running.values():
            renewal.stop()


class _Renewal:
    """The renewals of one provider: one task at a time, and a deadline in between."""

    def __init__(
        self, name: str, provider: Refreshed, fetch: Fetch, deadlines: Deadlines, log: Log, wall: Callable[[], float]
    ) -> None:
        self.provider = provider
        self.deadline = NEVER
        self._name = name
        self._fetch = fetch
        self._deadlines = deadlines
        self._log = log
        self._wall = wall
        self._told = provider.failure
        self._task = asyncio.get_running_loop().create_task(self._refresh())

    def stop(self) -> None:
        self._task.cancel()
        self._deadlines.forget(self)

    def on_deadline(self, now: float) -> None:
        """It is time, or time to look."""
        del now
        self.deadline = NEVER
        self._deadlines.forget(self)
        self._task = asyncio.get_running_loop().create_task(self._refresh())

    async def _refresh(self) -> None:
        failure: str | None
        try:
            due_s = await self.provider.refresh(self._fetch, self._wall())
            failure = self.provider.failure
        except Exception as error:  # noqa: BLE001  # a plugin's defect costs its provider fresh credentials, no more
            failure = f"The provider's plugin has a defect ({type(error).__name__})."
            due_s = self._wall() + RETRY_S
        self._tell(failure)
        if due_s < NEVER:
            pause_s = min(max(due_s - self._wall(), SOONEST_S), LOOK_AGAIN_S)
            self.deadline = self._deadlines.clock() + pause_s
            self._deadlines.watch(self)

    def _tell(self, failure: str | None) -> None:
        """Writes down what has changed since the last time."""
        if failure == self._told:
            return
        self._told = failure
        if failure is None:
            self._log.info("credentials_refreshed", provider=self._name)
        else:
            self._log.warning("credentials_not_refreshed", provider=self._name, reason=failure)
