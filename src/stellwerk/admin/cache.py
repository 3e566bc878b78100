"""``/admin/v1/cache``: what the cache holds, and what is to go from it, for all workers and hosts that share it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from stellwerk.admin.access import Caller, Role
from stellwerk.admin.changes import Changes
from stellwerk.admin.problems import Place, Problem
from stellwerk.admin.resource import resource
from stellwerk.admin.values import Body
from stellwerk.core.cached import CacheFigures, Purge
from stellwerk.ports.cache import Cache

LOOK_S = 2.0
NO_KEY = bytes(16)

Word = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00]*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class PurgeAsked(Body):
    """Which entries are to go: those that have all of what is said; `all` is to be said where nothing else is."""

    tenant: Word | None = Field(
        default=None,
        description="Whose answers: `team:ORGANIZATION/TEAM`, `organization:NAME`, `key:ORGANIZATION/TEAM/KEY`, with "
        "`/USER` behind it what the caller keeps for itself, or `everyone`.",
        examples=["team:acme/shop"],
    )
    model: Word | None = None
    tag: Word | None = None
    key: Digest | None = Field(default=None, description="Of one entry, or an alias of it, in hexadecimal.")
    scope: Digest | None = None
    before_s: float | None = Field(default=None, ge=0, le=1e11, description="Stored before this Unix time.")
    all: bool = False

    def purge(self) -> Purge:
        """The same for caches. Raises 422 where nothing is said, or something beside `all`."""
        purge = Purge(
            tenant=self.tenant,
            model=self.model,
            tag=self.tag,
            key=bytes.fromhex(self.key) if self.key is not None else None,
            scope=bytes.fromhex(self.scope) if self.scope is not None else None,
            before_ms=int(self.before_s * 1_000) if self.before_s is not None else None,
        )
        if self.all != (purge == Purge()):
            raise Problem(422, "1 fault", errors=[Place(pointer="#/body/all", detail="say either what, or `all`")])
        return purge

    def words(self) -> str:
        """For the audit log."""
        said = self.model_dump(exclude_none=True, exclude={"all"})
        return " ".join(f"{name}={value}" for name, value in said.items()) or "all"


class Purged(Body):
    """It is in force: what is to go is not served any more by this host's workers, and by others within a second."""

    purged: str = Field(description="What goes.", examples=["tenant=team:acme/shop model=smart"])


class CacheShown(Body):
    """What the cache holds."""

    backend: str = Field(examples=["sqlite"])
    shared: bool = Field(description="Whether workers share it; else each has its own, of which `/metrics` tells.")
    entries: int | None = Field(description="Null where each worker has its own.")
    size_bytes: int | None
    evicted: int | None = Field(description="How many had to make room, since the store was begun.")
    expired: int | None


def router(changes: Changes, backend: str, opening: Callable[[], Cache]) -> APIRouter:
    """The resource; ``opening`` opens the cache of this host's configuration, for one request."""
    api = resource("/cache", tag="cache")

    @api.get("")
    async def show_cache(caller: Caller) -> CacheShown:
        """What it holds. 503 when the store does not answer."""
        caller.may_everywhere(Role.VIEWER)
        cache = opening()
        if not cache.is_shared:
            return CacheShown(backend=backend, shared=False, entries=None, size_bytes=None, evicted=None, expired=None)
        try:
            found = await _figures(cache)
        finally:
            await asyncio.to_thread(cache.close)
        if found.troubles:
            raise Problem(503, "the cache does not answer")
        return CacheShown(
            backend=backend,
            shared=True,
            entries=found.entries,
            size_bytes=found.size,
            evicted=found.evicted,
            expired=found.expired,
        )

    @api.post("/purge")
    async def purge_cache(body: PurgeAsked, caller: Caller) -> Purged:
        """Lets entries go, wherever they are kept. 503 when the store does not take it: then nobody knows of it."""
        caller.may_everywhere(Role.OPERATOR)
        purge = body.purge()
        await run_in_threadpool(changes.note, caller, "cache.purge", body.words())
        cache = opening()
        cache.purge(purge, int(time.time() * 1_000))
        await asyncio.to_thread(cache.close)
        if cache.figures().troubles:
            raise Problem(503, "the cache does not answer: nothing was purged")
        return Purged(purged=body.words())

    return api


async def _figures(cache: Cache) -> CacheFigures:
    """As of now: a look-up is answered after what the store has said of itself."""
    answered = asyncio.Event()
    cache.fetch((NO_KEY,), int(time.time() * 1_000), LOOK_S, lambda _: answered.set())
    await answered.wait()
    return cache.figures()
