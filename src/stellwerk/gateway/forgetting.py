"""Has the index forget entries that are not there any more: purged, evicted or called bad, here or at another host.

An index hears of what is kept, and not of what goes. That is found out when such an entry is to be served, which is a
miss. A moment later the cache is asked once more, for the entry may still have been on its way to it; only where it
answers that there is none, the index forgets. A cache that is away answers nothing, and the index forgets nothing.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.recollection import FORGET, Forget, written
from stellwerk.ports.compute import ComputeUnavailable

if TYPE_CHECKING:
    from stellwerk.core.cached import Entry
    from stellwerk.gateway.scheduler import Scheduler
    from stellwerk.ports.cache import Cache
    from stellwerk.ports.compute import Outcome

DOUBT_S = 2.0
"""Until then, what somebody has kept is written, or was lost."""
FETCH_S = 0.5
TELL_S = 10.0
MOST_DOUBTED = 1_000


class Forgetting:
    """One worker's doubts about one cache. One that is not shared may miss what others have, and is not asked."""

    __slots__ = ("_cache", "_doubted")

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._doubted: set[bytes] = set()

    def doubt(self, key: bytes, scopes: tuple[bytes, ...], scheduler: Scheduler) -> None:
        """An entry of one of these scopes was to be served, and was not found."""
        if self._cache.is_shared and key not in self._doubted and len(self._doubted) < MOST_DOUBTED:
            self._doubted.add(key)
            scheduler.call_later(DOUBT_S, partial(self._look, key, scopes, scheduler))

    def _look(self, key: bytes, scopes: tuple[bytes, ...], scheduler: Scheduler) -> None:
        troubles = self._cache.figures().troubles

        def hear(entry: Entry | None) -> None:
            self._doubted.discard(key)
            if entry is None and self._cache.figures().troubles == troubles and scheduler.compute is not None:
                told = Forget(tuple((scope, key) for scope in scopes))
                with suppress(ComputeUnavailable):
                    scheduler.compute.ask(FORGET, written(told), TELL_S, _ignore)

        self._cache.fetch((key,), int(time.time() * 1e3), FETCH_S, hear)


def _ignore(_: Outcome) -> None:
    """Who does not forget is told again when it matters again."""
