"""The watcher: looks at what every budget has spent, and puts into the outbox what somebody has to be told.

It looks at all budgets of the file and of the control database, a page at a time, so that a million of them neither
fill the memory nor hold the counter. While the counter or the database is away, it tries again at the next round.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from stellwerk.alerting.channels import Channels
from stellwerk.alerting.store import AlertStore, Watched
from stellwerk.core.accounts import account_in, bounds_of
from stellwerk.core.alert import Crossing, Told, due
from stellwerk.core.scope import BudgetSpec, ScopeKind
from stellwerk.core.snapshot import Snapshot
from stellwerk.ports.counter import Counter

LATE_S = 60.0
"""So long after a period's end what was spent in it is still looked at: workers tell it when a request has ended."""
PAUSES = 4
"""After a page, so many times what it took: others want the counter, the database and this process as well."""
MOST_TOLD = 50_000
"""So many accounts' alerts are remembered; of others the outbox is asked each time."""
PAGE = 200


class Watcher:
    """Watches for one process."""

    def __init__(
        self, counter: Counter, store: AlertStore, channels: Channels, snapshot: Snapshot, wall: Callable[[], float]
    ) -> None:
        self._counter = counter
        self._store = store
        self._channels = channels
        self._wall = wall
        self._told: dict[str, frozenset[Told]] = {}
        self._given: tuple[Watched, ...] = ()
        self._names: frozenset[str] = frozenset()
        self.adopt(snapshot)

    def adopt(self, snapshot: Snapshot) -> None:
        """Takes another configuration. What it says of a scope goes before what the database says."""
        self._given = of_file(snapshot)
        self._names = frozenset(one.scope for one in self._given)

    async def round(self) -> None:
        """Looks at every budget once. Raises ``StoreUnavailable``."""
        given = self._given
        for at in range(0, len(given), PAGE):
            await self._look(given[at : at + PAGE])
        after = None
        while True:
            began_s = time.monotonic()
            page, after = await asyncio.to_thread(self._store.budgets, after)
            await self._look([one for one in page if one.scope not in self._names])
            if after is None:
                return
            await asyncio.sleep(PAUSES * (time.monotonic() - began_s))

    async def _look(self, page: Sequence[Watched]) -> None:
        now_s = self._wall()
        periods = lru_cache(bounds_of)
        accounts: dict[str, tuple[Watched, BudgetSpec, tuple[int, int]]] = {}
        for one in page:
            for spec in one.budgets:
                for moment_s in (now_s, now_s - LATE_S) if spec.alerts else ():
                    bounds = periods(spec.period, spec.time_zone, moment_s)
                    accounts[account_in(one.scope, spec, *bounds).id] = one, spec, bounds
        states = await self._counter.read(accounts) if accounts else {}
        for account, state in states.items():
            one, spec, bounds = accounts[account]
            share = due(spec, state.spent, self._told.get(account, ()))
            if share is not None:
                found = Crossing(account, one.scope, one.team, spec, *bounds, state.spent, state.estimated, share)
                await self._tell(found, now_s)

    async def _tell(self, found: Crossing, now_s: float) -> None:
        told = await asyncio.to_thread(self._store.tell, found, self._channels.told, now_s)
        if len(self._told) >= MOST_TOLD:
            self._told.clear()
        self._told[found.account] = told


def of_file(snapshot: Snapshot) -> tuple[Watched, ...]:
    """Every scope that the configuration file describes, those without budgets included."""
    scopes = [Watched(one.id, one.name if one.kind is ScopeKind.TEAM else "", one.budgets) for one in snapshot.scopes]
    keys = [Watched(f"{ScopeKind.KEY.value}:{key.name}", key.team, key.budgets) for key in snapshot.keys]
    return (*scopes, *keys)
