"""What a worker remembers of answers: the cache, short ways into it, and answers that are on their way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.snapshot import CacheSpec, CachingSpec, LimitsSpec, ModelSpec, Snapshot
from stellwerk.core.subject import Side
from stellwerk.dialects.own_tools import searches_by_itself
from stellwerk.gateway.forgetting import Forgetting
from stellwerk.gateway.meanings import Meanings

if TYPE_CHECKING:
    from stellwerk.core.route import Target
    from stellwerk.gateway.flight import Flight
    from stellwerk.gateway.scheduler import Scheduler
    from stellwerk.gateway.vectors import Vectors
    from stellwerk.ports.cache import Cache
    from stellwerk.screening.guards import Guards

MOST_SHORTCUTS = 4_096
MOST_REJECTED = 1_024
VERSION = 2
"""Of how keys are made: another one finds nothing of what was kept before."""


@dataclass(frozen=True, slots=True)
class Caching:
    """How answers of one model are kept, under one configuration."""

    spec: CachingSpec
    store: CacheSpec
    base: bytes
    """A digest of how the model is served: by whom, and under which guardrails. Another one finds nothing of it."""
    limits: LimitsSpec
    directory: str
    """The state directory."""
    mark: bytes
    """A digest of the rules: what is known of a request by its bytes alone holds under the same ones."""
    keeps_personal: bool = True
    """Whether answers with personal data are kept, for their own callers alone."""
    searches: bool = False
    """Whether somebody who serves the model searches whatever it is asked: what is found changes."""


def caching_of(spec: ModelSpec, snapshot: Snapshot, targets: Sequence[Target], guards: Guards | None) -> Caching | None:
    """How answers of a model are kept; nothing where they are not.

    Whatever may change an answer goes into the base: who serves the model, how these are reached, and what guardrails
    make of requests. An answer of another version of any of it is not found any more.
    """
    if not spec.caching.is_on:
        return None
    serving = sorted(target.identity for target in targets)
    providers = sorted(
        (provider.name, provider.kind, msgspec.json.encode(provider.options, order="deterministic"))
        for provider in snapshot.providers
        if any(target.provider == provider.name for target in targets)
    )
    checks = snapshot.guardrails if spec.guardrails is None else (spec.guardrails, snapshot.guardrails)
    way = (spec.strategy, spec.strategy_options, spec.requires, spec.optimize)
    served = (VERSION, spec.name, serving, way, providers, checks, snapshot.screening, spec.caching.ignore)
    base = blake2b(msgspec.json.encode(served, order="deterministic"), digest_size=32).digest()
    mark = blake2b(msgspec.json.encode(spec.caching, order="deterministic"), digest_size=8).digest()
    hosts = {one.name: str(one.options.get("base_url") or one.options.get("host") or "") for one in snapshot.providers}
    searches = any(searches_by_itself(hosts.get(target.provider, ""), target.model) for target in targets)
    is_redacted = any(Side.LOG in check.on for check in snapshot.guardrails)
    keeps_personal = not is_redacted and (guards is None or not guards.edits_answers)
    limits, directory = snapshot.server.limits, snapshot.state.directory
    return Caching(spec.caching, snapshot.cache, base, limits, directory, mark, keeps_personal, searches)


class Shortcuts:
    """By a digest of a request's very bytes, under which key its answer was found last: most requests come as before.

    Bounded: those that were not used for longest are forgotten.
    """

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: OrderedDict[bytes, bytes] = OrderedDict()

    def find(self, raw: bytes) -> bytes | None:
        """The key."""
        key = self._keys.get(raw)
        if key is not None:
            self._keys.move_to_end(raw)
        return key

    def note(self, raw: bytes, key: bytes) -> None:
        """From now on there is a short way."""
        self._keys[raw] = key
        self._keys.move_to_end(raw)
        if len(self._keys) > MOST_SHORTCUTS:
            self._keys.popitem(last=False)


class Recollection:
    """What a worker remembers, whatever the configuration of the moment."""

    __slots__ = ("cache", "flights", "forgetting", "meanings", "refreshing", "rejected", "shortcuts", "spec")

    def __init__(self, cache: Cache, spec: CacheSpec, vectors: Vectors | None = None) -> None:
        self.cache = cache
        self.spec = spec
        """What the cache was opened after."""
        self.shortcuts = Shortcuts()
        self.meanings = Meanings(cache, vectors)
        self.forgetting = Forgetting(cache)
        self.flights: dict[bytes, Flight] = {}
        self.refreshing: OrderedDict[bytes, float] = OrderedDict()
        """Until when old answers are not fetched anew again, by their keys, in the event loop's clock."""

        self.rejected: OrderedDict[str, None] = OrderedDict()
        """Requests whose answers were called bad lately: those that are still being looked at are not kept."""

    def reject(self, request_id: str) -> None:
        """The answer to a request was called bad."""
        self.rejected[request_id] = None
        if len(self.rejected) > MOST_REJECTED:
            self.rejected.popitem(last=False)

    def end(self, key: bytes, flight: Flight) -> None:
        """Nobody can join a flight any more."""
        if self.flights.get(key) is flight:
            del self.flights[key]

    def hand_over(self, key: bytes, flight: Flight, scheduler: Scheduler, *, to_all: bool) -> None:
        """Somebody else has to ask now, if anybody is left; or each for itself, where one would not do for all.

        In a turn of its own: so may come many, one by one.
        """
        flight.fail()
        follower = flight.next()
        if to_all or follower is None:
            self.end(key, flight)
        while follower is not None:
            scheduler.call_later(0.0, follower.ask if to_all else follower.lead)
            follower = flight.next() if to_all else None
