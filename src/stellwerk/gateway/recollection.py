"""What a worker remembers of answers: the cache, short ways into it, and who waits for an answer that is on its way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

import msgspec

from stellwerk.core.cached import Recorded
from stellwerk.core.snapshot import CacheSpec, CachingSpec, LimitsSpec, ModelSpec, Snapshot
from stellwerk.core.subject import Side
from stellwerk.errors import UpstreamError, UpstreamInvalid
from stellwerk.gateway.meanings import Meanings

if TYPE_CHECKING:
    from stellwerk.core.route import Target
    from stellwerk.gateway.configuration import Route
    from stellwerk.ports.cache import Cache
    from stellwerk.screening.guards import Guards

MOST_SHORTCUTS = 50_000
VERSION = 1
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
    keeps_personal: bool = True
    """Whether answers with personal data are kept, for their own callers alone."""


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
    served = (VERSION, spec.name, serving, providers, checks, snapshot.screening, spec.caching.ignore)
    base = blake2b(msgspec.json.encode(served, order="deterministic"), digest_size=32).digest()
    is_redacted = any(Side.LOG in check.on for check in snapshot.guardrails)
    keeps_personal = not is_redacted and (guards is None or not guards.edits_answers)
    return Caching(spec.caching, snapshot.cache, base, snapshot.server.limits, snapshot.state.directory, keeps_personal)


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


class Follower(Protocol):
    """Somebody who waits for the same answer."""

    @property
    def listens(self) -> bool:
        """Whether it takes a stream as it comes."""
        ...

    def join(self, route: Route, recorded: Recorded) -> None:
        """The answer has begun, as a stream, and this is what has come of it."""
        ...

    def hear(self, data: bytes) -> None:
        """More of it."""
        ...

    def take(self, route: Route, recorded: Recorded) -> None:
        """It is whole."""
        ...

    def lose(self, error: UpstreamError) -> None:
        """It has begun, and will not be whole."""
        ...

    def lead(self) -> None:
        """Nobody asks for it any more: now this one does."""
        ...


class Flight:
    """An answer on its way, and who else wants it."""

    __slots__ = ("_landed", "_most_bytes", "_waiting", "dialect", "listening", "raw", "route")

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._waiting: list[Follower] = []
        self.listening: list[Follower] = []
        """Those who have had the beginning of the stream."""
        self.route: Route | None = None
        """Who answers, once the stream has begun."""
        self.dialect = ""
        self.raw: bytearray | None = bytearray()
        """What has come of the stream; ``None`` once that is too much to keep."""
        self._landed: tuple[Route, Recorded] | None = None

    @property
    def is_followed(self) -> bool:
        """Whether anybody waits for it."""
        return bool(self._waiting or self.listening)

    def follow(self, follower: Follower) -> bool:
        """Waits for the answer; whether that can still be had."""
        if self._landed is not None:
            follower.take(*self._landed)
            return True
        if self.raw is None:
            return False
        if follower.listens and self.route is not None:
            self.listening.append(follower)
            follower.join(self.route, self._recorded())
        else:
            self._waiting.append(follower)
        return True

    def leave(self, follower: Follower) -> None:
        """Waits no longer."""
        for among in (self._waiting, self.listening):
            if follower in among:
                among.remove(follower)

    def begin(self, route: Route, dialect: str, begun: bytes) -> None:
        """The stream of the target that answers has begun."""
        self.route, self.dialect = route, dialect
        self.raw = bytearray(begun)
        joining = [follower for follower in self._waiting if follower.listens]
        self._waiting = [follower for follower in self._waiting if follower not in joining]
        self.listening += joining
        for follower in joining:
            follower.join(route, self._recorded())

    def hear(self, data: bytes) -> None:
        """More of the stream."""
        if self.raw is not None:
            self.raw += data
            if len(self.raw) > self._most_bytes:
                self.raw = None
        for follower in tuple(self.listening):
            follower.hear(data)

    def land(self, route: Route, recorded: Recorded) -> None:
        """The answer is whole; whoever comes until it is kept has it from here."""
        self._landed = route, recorded
        waiting, self._waiting, self.listening = self._waiting, [], []
        for follower in waiting:
            follower.take(route, recorded)

    def fail(self) -> Follower | None:
        """There is no answer: those who have begun to hear one are told, and one of the others has to ask."""
        listening, self.listening = self.listening, []
        for follower in listening:
            follower.lose(UpstreamInvalid("The provider's stream ended without its closing event."))
        self.route, self.raw = None, bytearray()
        return self._waiting.pop(0) if self._waiting else None

    def _recorded(self) -> Recorded:
        return Recorded(self.dialect, is_stream=True, answer=bytes(self.raw or b""))


class Recollection:
    """What a worker remembers, whatever the configuration of the moment."""

    __slots__ = ("cache", "flights", "meanings", "refreshing", "shortcuts", "spec")

    def __init__(self, cache: Cache, spec: CacheSpec) -> None:
        self.cache = cache
        self.spec = spec
        """What the cache was opened after."""
        self.shortcuts = Shortcuts()
        self.meanings = Meanings(cache)
        self.flights: dict[bytes, Flight] = {}
        self.refreshing: set[bytes] = set()
        """Keys of answers that are being fetched anew."""
