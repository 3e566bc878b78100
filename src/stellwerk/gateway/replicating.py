"""Has the host's index of meanings hear of entries that other hosts keep, a moment after these are kept.

One worker of the host does it, the one that judges the health of targets. It asks the cache for what is new at every
heartbeat, and hands it to the compute process piece by piece: the next one is asked for when that has the last. Vectors
come with the entries, and what is not served by meaning here is left out. Whoever takes its place begins with the
oldest entries that are still told of, most of which the index has already.

While the cache or the compute process is away, it is tried again and nothing is lost but hits. A host that has missed
more than is told of has its index begin anew with everything that is kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stellwerk.core.job import AWAY
from stellwerk.core.recollection import REMEMBER, everything
from stellwerk.gateway.meanings import TELL_S, embedding_of
from stellwerk.ports.compute import ComputeUnavailable

if TYPE_CHECKING:
    from stellwerk.core.cached import News
    from stellwerk.core.recollection import Memory
    from stellwerk.gateway.monitor import Monitor
    from stellwerk.gateway.pipeline import Pipeline
    from stellwerk.gateway.recollection import Caching, Recollection
    from stellwerk.ports.cache import Cache
    from stellwerk.ports.compute import Outcome

AGAIN_S = 1.0
"""After a failure it is tried again so much later."""
TRIES = 4
"""A piece that the compute process could not take so often is left out."""
ANEW_S = 60.0
"""Everything is read anew no more often."""


class Replicating:
    """One worker's part in it; what it has to do with is looked up at every heartbeat."""

    def __init__(self, pipeline: Pipeline, monitor: Monitor) -> None:
        self._pipeline = pipeline
        self._monitor = monitor
        self._clock = pipeline.scheduler.deadlines.clock
        self._cache: Cache | None = None
        """Whose news it hears; nobody's where another worker does."""
        self._after = 0
        """The number up to which the index knows everything."""
        self._is_waiting = False
        self._failures = 0
        self._again_s = 0.0
        self._is_behind = False
        self._anew_s = 0.0

    def beat(self) -> None:
        """Asks for what is new, where this is the worker that does."""
        shared = self._pipeline.recollection
        if shared is None or not self._monitor.is_on_duty or self._pipeline.scheduler.compute is None:
            self._cache = None
            return
        if shared.cache is not self._cache:
            self._cache, self._after, self._is_waiting, self._is_behind = shared.cache, 0, False, False
        if self._is_waiting or self._clock() < self._again_s:
            return
        caching = next(iter(self._semantic().values()), None)
        if caching is not None:
            self._catch_up(shared, caching)
            self._ask(shared, caching)

    def _semantic(self) -> dict[str, Caching]:
        """How answers are kept of models that are served by meaning."""
        models = self._pipeline.configuration.models
        return {
            name: model.caching
            for name, model in models.items()
            if model.caching is not None and model.caching.spec.semantic
        }

    def _catch_up(self, shared: Recollection, caching: Caching) -> None:
        """Has the index begin anew where news was missed, once it has heard all of what it is being told."""
        if self._is_behind and self._clock() >= self._anew_s and not shared.meanings.is_telling:
            self._is_behind, self._anew_s = False, self._clock() + ANEW_S
            self._pipeline.scheduler.log.info("cache_index_behind")
            shared.meanings.begin_anew(caching, self._pipeline.scheduler, int(time.time() * 1e3))

    def _ask(self, shared: Recollection, caching: Caching) -> None:
        cache = shared.cache

        def hear(news: News | None) -> None:
            if cache is not self._cache:
                return  # meanwhile it was replaced, or another worker does it
            if news is None:
                self._rest()
                return
            self._is_behind = self._is_behind or news.is_gap
            batches = everything(embedding_of(caching), self._memories(shared, news))
            self._tell(shared, caching, batches, news)

        self._is_waiting = True
        cache.news(self._after, hear)

    def _memories(self, shared: Recollection, news: News) -> Iterator[Memory]:
        known = self._semantic()
        for entry in news.entries:
            caching = known.get(entry.model)
            memory = shared.meanings.memory(caching, entry) if caching is not None else None
            if memory is not None:
                yield memory

    def _tell(self, shared: Recollection, caching: Caching, batches: Iterator[bytes], news: News) -> None:
        """The compute process hears of one batch after the other; then this piece is done."""
        batch = next(batches, None)
        if batch is None:
            self._is_waiting, self._failures, self._after = False, 0, news.last
            if not news.is_all:
                self._ask(shared, caching)
            return

        def take(outcome: Outcome) -> None:
            if shared.cache is not self._cache:
                return
            if not isinstance(outcome, bytes):
                self._failures += outcome.code != AWAY
                if self._failures < TRIES:
                    self._rest()
                    return
            self._tell(shared, caching, batches, news)

        compute = self._pipeline.scheduler.compute
        try:
            if compute is None:
                self._rest()
            else:
                compute.ask(REMEMBER, batch, TELL_S, take)
        except ComputeUnavailable:
            self._rest()

    def _rest(self) -> None:
        self._is_waiting, self._again_s = False, self._clock() + AGAIN_S
