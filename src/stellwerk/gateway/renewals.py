"""Keeps the credentials of providers and the keys of issuers fresh, beside the requests and never in their way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from stellwerk.http.deadlines import NEVER, Deadlines
from stellwerk.ports.credential import Fetch, Hurrying, Refreshed
from stellwerk.supervisor.log import Log

LOOK_AGAIN_S = 60.0
"""A provider is asked at least this often whether it is time: a machine that slept has lost time nobody counted."""
SOONEST_S = 1.0
"""A provider is not called again before this time."""
RETRY_S = 30.0
"""When a provider whose ``refresh`` has a defect is called again."""

_Name = tuple[str, str]
"""``provider`` or ``issuer``, and the name it has among those."""
_TOLD = {"provider": "credentials", "issuer": "issuer_keys"}


class Renewals:
    """The renewals of all providers and issuers of one worker. ``wall`` gives Unix time in seconds."""

    def __init__(self, fetch: Fetch, deadlines: Deadlines, log: Log, wall: Callable[[], float]) -> None:
        self._fetch = fetch
        self._deadlines = deadlines
        self._log = log
        self._wall = wall
        self._running: dict[_Name, _Renewal] = {}

    def adopt(self, providers: Mapping[str, object], issuers: Mapping[str, object] = {}) -> None:
        """Serves these providers and issuers, by name, from now on. Each inherits from the former one of its name."""
        former = self._running
        self.stop()
        named: dict[_Name, object] = {("provider", name): one for name, one in providers.items()}
        named.update({("issuer", name): one for name, one in issuers.items()})
        for name, one in named.items():
            if isinstance(one, Refreshed):
                if name in former:
                    one.inherit(former[name].provider)
                self._running[name] = _Renewal(name, one, self._fetch, self._deadlines, self._log, self._wall)
            if isinstance(one, Hurrying):
                one.hurry = partial(self._hurry, name)

    async def issuers_asked(self, within_s: float) -> None:
        """Waits, no longer than that, until each issuer has been asked for its keys."""
        asked = [renewal.asked for (sort, _), renewal in self._running.items() if sort == "issuer"]
        if asked:
            await asyncio.wait(asked, timeout=within_s)

    def stop(self) -> None:
        """Breaks off what is under way and begins nothing more."""
        running, self._running = self._running, {}
        for renewal in running.values():
            renewal.stop()

    def _hurry(self, name: _Name, due_s: float) -> None:
        """Somebody should be called earlier than was said."""
        if name in self._running:
            self._running[name].hurry(due_s)


class _Renewal:
    """The renewals of one provider or issuer: one task at a time, and a deadline in between."""

    def __init__(
        self, name: _Name, provider: Refreshed, fetch: Fetch, deadlines: Deadlines, log: Log, wall: Callable[[], float]
    ) -> None:
        self.provider = provider
        self.deadline = NEVER
        self._name = name
        self._fetch = fetch
        self._deadlines = deadlines
        self._log = log
        self._wall = wall
        self._told = provider.failure
        self._task = self.asked = asyncio.get_running_loop().create_task(self._refresh())

    def hurry(self, due_s: float) -> None:
        """Calls earlier, unless a call is under way, which will hear of it."""
        deadline = self._deadlines.clock() + max(due_s - self._wall(), 0.0)
        if deadline < self.deadline < NEVER:
            self.deadline = deadline
            self._deadlines.watch(self)

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
        (sort, name), what = self._name, _TOLD[self._name[0]]
        if failure is None:
            self._log.info(f"{what}_refreshed", **{sort: name})
        else:
            self._log.warning(f"{what}_not_refreshed", **{sort: name}, reason=failure)
