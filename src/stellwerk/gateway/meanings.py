"""The worker's side of finding answers by meaning: what it asks of the compute process, and what it tells it.

The compute process is away, late or has no embedder yet: that is a miss, and nothing is learned from it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.cached import Entry
from stellwerk.core.job import AWAY
from stellwerk.core.meaning import (
    CONSIDER,
    LEARN,
    MOST_ANSWER_BYTES,
    Consider,
    Considered,
    Evidence,
    Learn,
    Learner,
    read_considered,
    written,
)
from stellwerk.core.recollection import MOST_TEXT_BYTES, REMEMBER, Embedding, Memory, Remember, everything
from stellwerk.core.recollection import written as told
from stellwerk.core.request_key import digest
from stellwerk.core.vector import cosine
from stellwerk.ports.compute import ComputeUnavailable

if TYPE_CHECKING:
    from stellwerk.gateway.recollection import Caching
    from stellwerk.gateway.scheduler import Scheduler
    from stellwerk.gateway.stages.recall import Look
    from stellwerk.gateway.vectors import Vectors
    from stellwerk.ports.cache import Cache
    from stellwerk.ports.compute import Outcome, Pending

CONSIDER_S = 0.05
"""How long a caller waits for what may be an answer."""
ASK_S = 0.5
"""How long a caller waits for its question's vector, where a service gives it."""
MOST_EMBEDDED = 8_000
"""Characters of an answer that a service is asked about."""
TRIES = 4
AGAIN_S = 2.0
TELL_S = 10.0
"""How long the compute process may take for what nobody waits for."""

_LOADING = b"loading"
"""No life of a process that has answered."""


def embedding_of(caching: Caching) -> Embedding:
    """What turns questions into vectors."""
    return Embedding(caching.store.embedder, dict(caching.store.embedder_options))


def learner_of(caching: Caching, owner: str) -> Learner:
    """Who learns of a model's answers: all who share them."""
    return Learner(digest(caching.base, owner, b"learned"), caching.directory, caching.spec.max_error_rate)


class Meanings:
    """What a worker knows of the compute process's memory, and has still to tell it."""

    __slots__ = ("_cache", "_known_hits", "_life", "_telling", "_vectors")

    def __init__(self, cache: Cache, vectors: Vectors | None = None) -> None:
        """``vectors`` is the service that an embedder asks; without one, the compute process embeds."""
        self._cache = cache
        self._vectors = vectors
        self._life = b""
        self._telling = b""
        """The life of the process that is being told everything."""
        self._known_hits: dict[bytes, int] = {}

    def hit(self, caching: Caching, look: Look) -> None:
        """An answer was found without its meaning: that counts for the rate of errors."""
        name = learner_of(caching, look.owners[-1]).name
        self._known_hits[name] = self._known_hits.get(name, 0) + 1

    def consider(
        self,
        caching: Caching,
        look: Look,
        scheduler: Scheduler,
        now_ms: int,
        done: Callable[[Considered | None], None],
    ) -> Pending | None:
        """Asks whether another question's answer serves; ``None`` where nobody can be asked."""
        question, vectors = look.question, self._vectors
        if scheduler.compute is None or not question or len(question) * 4 > MOST_TEXT_BYTES:
            return None
        vector = vectors.known(question) if vectors is not None else b""
        if vectors is None or vector is not None:
            return self._consider(caching, look, question, vector or b"", scheduler, now_ms, done)
        steps = _Steps()

        def hear(found: tuple[bytes, ...] | None) -> None:
            steps.pending = (
                self._consider(caching, look, question, found[0], scheduler, now_ms, done) if found else None
            )
            if steps.pending is None:
                done(None)

        steps.pending = vectors.ask((question,), scheduler, ASK_S, hear)
        return steps if steps.pending is not None else None

    def _consider(
        self,
        caching: Caching,
        look: Look,
        question: str,
        vector: bytes,
        scheduler: Scheduler,
        now_ms: int,
        done: Callable[[Considered | None], None],
    ) -> Pending | None:
        learner = learner_of(caching, look.owners[-1])

        def take(outcome: Outcome) -> None:
            considered = None
            if isinstance(outcome, bytes):
                try:
                    considered = read_considered(outcome)
                except ValueError:
                    considered = None
            if considered is None and not self._life and not vector:  # nobody waits until the embedder is loaded
                self._life = _LOADING
                _tell(scheduler, REMEMBER, told(Remember(asked.embedding)))
            elif considered is not None:
                self._meet(considered.life, caching, scheduler, now_ms)
            done(considered)

        coin = random.random()  # noqa: S311  # no secret
        asked = Consider(
            embedding_of(caching),
            learner,
            tuple(dict.fromkeys(look.scopes)),
            question,
            look.earlier_turns,
            coin,
            caching.spec.audit_share,
            self._known_hits.pop(learner.name, 0),
            vector,
        )
        if scheduler.compute is None:
            return None
        try:
            return scheduler.compute.ask(CONSIDER, written(asked), CONSIDER_S, take)
        except (ComputeUnavailable, ValueError):
            return None

    def remember(self, caching: Caching, entry: Entry, scheduler: Scheduler) -> None:
        """An entry can be found by its meaning from now on."""
        memory = self.memory(caching, entry)
        if memory is not None:
            _tell(scheduler, REMEMBER, told(Remember(embedding_of(caching), (memory,))))

    def learn(
        self,
        caching: Caching,
        look: Look,
        evidence: Evidence,
        fresh: tuple[bytes, str],
        kept: tuple[bytes, str],
        scheduler: Scheduler,
        *,
        is_audit: bool,
    ) -> None:
        """A fresh answer stands beside the one that was served, or might have been: each by its key and text."""
        if self._vectors is None:
            self._learn(caching, look, evidence, fresh, kept, scheduler, is_audit=is_audit, cosine=None)
            return

        def hear(found: tuple[bytes, ...] | None) -> None:
            if found:
                alike = cosine(*found)
                self._learn(caching, look, evidence, fresh, kept, scheduler, is_audit=is_audit, cosine=alike)

        texts = (fresh[1][:MOST_EMBEDDED], kept[1][:MOST_EMBEDDED])
        self._vectors.ask(texts, scheduler, TELL_S, hear)

    @staticmethod
    def _learn(
        caching: Caching,
        look: Look,
        evidence: Evidence,
        fresh: tuple[bytes, str],
        kept: tuple[bytes, str],
        scheduler: Scheduler,
        *,
        is_audit: bool,
        cosine: float | None,
    ) -> None:
        told_of = Learn(
            embedding_of(caching),
            learner_of(caching, look.owners[-1]),
            evidence,
            is_audit,
            fresh[1][:MOST_ANSWER_BYTES],
            kept[1][:MOST_ANSWER_BYTES],
            fresh[0],
            kept[0],
            cosine,
        )
        try:
            payload = written(told_of)
        except ValueError:
            return
        _tell(scheduler, LEARN, payload)

    # -- helpers

    def _meet(self, life: bytes, caching: Caching, scheduler: Scheduler, now_ms: int) -> None:
        """Sees whether it is a process that has begun anew, which knows nothing."""
        if life == self._life:
            return
        self._life = life
        self.begin_anew(caching, scheduler, now_ms)

    @property
    def is_telling(self) -> bool:
        """Whether the process is being told everything."""
        return bool(self._telling) and self._telling == self._life

    def begin_anew(self, caching: Caching, scheduler: Scheduler, now_ms: int) -> None:
        """Tells the process everything that is kept, piece by piece."""
        life = self._telling = self._life
        memories = (self.memory(caching, entry) for entry in self._cache.entries(now_ms))
        batches = everything(embedding_of(caching), (memory for memory in memories if memory is not None))

        def go_on(reading: asyncio.Future[bytes | None]) -> None:
            batch = None if reading.cancelled() else reading.result()
            if batch is not None and self._life == life:
                _tell(scheduler, REMEMBER, batch, later, end)
            else:
                end()

        def end() -> None:
            if self._telling == life:
                self._telling = b""

        def later() -> None:  # in a thread: what is shared has to be fetched
            asyncio.get_running_loop().run_in_executor(None, next, batches, None).add_done_callback(go_on)

        later()

    def memory(self, caching: Caching, entry: Entry) -> Memory | None:
        """What the process is told of an entry; nothing of one that cannot be found by its meaning."""
        if not entry.question or (self._vectors is not None and not entry.vector):
            return None
        expires_ms = min(entry.stale_ms, entry.stored_ms + int(caching.spec.semantic_ttl_s * 1e3))
        return Memory(entry.scope, entry.key, entry.question, expires_ms, entry.vector)


class _Steps:
    """A question to the service, then one to the compute process: whichever is on its way can be given up."""

    __slots__ = ("pending",)

    def __init__(self) -> None:
        self.pending: Pending | None = None

    def cancel(self) -> None:
        """Nobody waits any more."""
        if self.pending is not None:
            self.pending.cancel()


def _tell(
    scheduler: Scheduler,
    job: str,
    payload: bytes,
    done: Callable[[], None] = lambda: None,
    failed: Callable[[], None] = lambda: None,
    tries: int = TRIES,
) -> None:
    """Tells the compute process something, again where it could not take that: it may be loading its embedder.

    While it is away nothing is told: the next one is told everything. Either ``done`` is called or ``failed``.
    """

    def take(outcome: Outcome) -> None:
        if isinstance(outcome, bytes):
            done()
        elif outcome.code != AWAY and tries > 1:
            scheduler.call_later(AGAIN_S, partial(_tell, scheduler, job, payload, done, failed, tries - 1))
        else:
            failed()

    try:
        if scheduler.compute is None:
            failed()
        else:
            scheduler.compute.ask(job, payload, TELL_S, take)
    except ComputeUnavailable:
        failed()
