"""How targets are doing: what their calls have shown, kept by identity through every change of the configuration."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from stellwerk.core.breaker import REMEMBERED, Breaker, Rules
from stellwerk.core.concurrency import ConcurrencyLimit
from stellwerk.core.ewma import Ewma
from stellwerk.core.health import NOTHING, Signs, failure_of
from stellwerk.core.retry_budget import RetryBudget
from stellwerk.core.sketch import Sketch
from stellwerk.errors import EgressDenied, UpstreamError, UpstreamRateLimited, UpstreamRefused

PROBE_S = 30.0
"""How long the one call of a half-open circuit may take before another one may be made."""
FIRST_BYTE_TAU_S = 30.0
"""How fast the typical time to first content follows what is measured."""
LEAST_SAMPLES = 20.0
"""From so many measured times on their quantiles mean something."""
LONGEST_BLOCK_S = 3600.0
"""A provider that wants to be left alone for longer is asked again after this time all the same."""


class Standing:
    """One target, as this worker knows it. Mostly it is plain: then nothing is asked before it is used.

    Without ``rules`` no number of failures keeps it from being asked.
    """

    __slots__ = (
        "_blocked_until",
        "_failed_at",
        "_failure",
        "_first_byte",
        "_repeats",
        "_room",
        "_succeeded_at",
        "breaker",
        "elsewhere",
        "is_plain",
        "latencies",
        "on_trip",
        "own_in_flight",
        "rules",
        "told",
    )

    def __init__(self, rules: Rules | None, on_trip: Callable[[Standing], None]) -> None:
        self.rules = rules
        self.on_trip = on_trip
        """Told when the circuit has opened or closed."""
        self.breaker = Breaker()
        self._room = ConcurrencyLimit()
        self._repeats = RetryBudget()
        self._first_byte = Ewma(FIRST_BYTE_TAU_S)
        self._blocked_until = self._succeeded_at = self._failed_at = 0.0
        self._failure = ""
        self.latencies = Sketch()
        """Times to first content, in seconds."""
        self.own_in_flight = 0
        self.elsewhere = 0
        """Calls of the host's other workers, as of their last heartbeat."""
        self.told: Signs = NOTHING
        """What calls of the host's other workers have shown, as of then."""
        self.is_plain = True
        """Whether it can be asked without further ado."""

    @property
    def in_flight(self) -> int:
        """Calls under way, of all workers of the host."""
        return self.own_in_flight + self.elsewhere

    @property
    def first_byte_s(self) -> float:
        """Typical time to first content, 0 where nothing is known."""
        return self._first_byte.value

    @property
    def signs(self) -> Signs:
        """What this worker's calls have shown."""
        failures = REMEMBERED - self.breaker.history.bit_count()
        return Signs(self._blocked_until, self._succeeded_at, self._failed_at, self._failure, failures)

    @property
    def all_signs(self) -> Signs:
        """What the calls of all workers of the host have shown."""
        return self.signs.meet(self.told)

    @property
    def latest(self) -> float:
        """When a call of any worker of the host last showed something."""
        return max(self._succeeded_at, self._failed_at, self.told.latest)

    # -- may it be asked?

    def verdict(self, now: float) -> str:
        """Why it is not to be asked now; empty where it may be."""
        if not self.breaker.admits(now):
            return f"circuit open for {self.breaker.ready_in_s(now):.1f} s"
        if self._blocked_until > now:
            return f"rate limited for {self._blocked_until - now:.1f} s"
        if not self._room.has_room(self.own_in_flight):
            return f"busy with {self.own_in_flight} calls"
        return ""

    def is_last_resort(self, now: float) -> bool:
        """Whether it is worth a call although its circuit is open, where no better target is left."""
        return self.breaker.is_flaky and self._blocked_until <= now and self._room.has_room(self.own_in_flight)

    def is_limited(self, now: float) -> bool:
        """Whether it is the provider's limits that keep it from being asked."""
        return self.breaker.admits(now)

    def ready_in_s(self, now: float) -> float:
        """Seconds until it may be asked, as far as time alone decides."""
        return max(self.breaker.ready_in_s(now), self._blocked_until - now, 0.0)

    def may_repeat(self, now: float) -> bool:
        """Whether a call may be repeated on it; if so, the repeat is paid for."""
        return self._repeats.take(now)

    def quantile_s(self, share: float) -> float | None:
        """How long this share of its calls took to begin, at most; ``None`` while too little is known."""
        return self.latencies.quantile(share) if self.latencies.count >= LEAST_SAMPLES else None

    # -- what its calls show

    def begin(self, now: float, *, is_repeat: bool) -> None:
        """A call goes out."""
        self.own_in_flight += 1
        if not is_repeat:
            self._repeats.note(now)
        if not self.is_plain:
            self.breaker = self.breaker.probe(now, PROBE_S)

    def answered(self, now: float, asked_at: float) -> None:
        """The target has begun to answer a call that went out at ``asked_at``."""
        waited_s = now - asked_at
        self._succeeded_at = now
        self._first_byte.add(now, waited_s)
        self.latencies.add(waited_s)
        if not self.is_plain:
            self._room.succeeded(now, self.own_in_flight)
            self._judge(now, self.breaker.succeeded(now, asked_at))
        else:
            self.breaker = self.breaker.succeeded(now, asked_at)

    def failed(self, now: float, asked_at: float, error: UpstreamError) -> None:
        """A call has failed. Only what is the provider's fault counts against it, and its limits by their own rule."""
        if not isinstance(error, UpstreamRefused):
            self._failed_at, self._failure = now, failure_of(error)
        if isinstance(error, UpstreamRateLimited):
            self._limit(now, error.retry_after_s)
            self._judge(now, self.breaker.abandoned(now))
        elif isinstance(error, EgressDenied):
            self._judge(now, self.breaker.abandoned(now))
        elif isinstance(error, UpstreamRefused):  # it is the request that is at fault, and the target that is well
            self._succeeded_at = now
            self._judge(now, self.breaker.succeeded(now, asked_at))
        else:
            if error.retry_after_s:
                self.block(now, error.retry_after_s)
            if self.rules is None:
                return
            draw = random.random()  # noqa: S311  # no secret
            self._judge(now, self.breaker.failed(now, self.rules, draw, asked_at))

    def left(self, now: float) -> None:
        """A call has ended without showing anything of the target: its caller went away, or another target won."""
        if not self.is_plain:
            self._judge(now, self.breaker.abandoned(now))

    def block(self, now: float, seconds: float) -> None:
        """The provider says that it has nothing left for us for so long."""
        self._blocked_until = max(self._blocked_until, now + min(seconds, LONGEST_BLOCK_S))
        self.is_plain = False

    def end(self) -> None:
        """A call is over, however it went."""
        self.own_in_flight -= 1

    def heard(self, until_s: float, version: int) -> None:
        """Another worker's circuit has opened or closed."""
        self.breaker = self.breaker.meet(Breaker.heard(until_s, version))
        self.is_plain = self.is_plain and self.breaker.is_closed

    # -- helpers

    def _limit(self, now: float, retry_after_s: float | None) -> None:
        self._room.limited(now, self.own_in_flight, self._first_byte.value)
        if retry_after_s is not None:
            self.block(now, retry_after_s)
        self.is_plain = False

    def _judge(self, now: float, breaker: Breaker) -> None:
        has_changed = breaker.version != self.breaker.version
        self.breaker = breaker
        self.is_plain = breaker.is_closed and self._blocked_until <= now and self._room.limit is None
        if has_changed:
            self.on_trip(self)


class Standings:
    """The targets that this worker knows, by identity."""

    __slots__ = ("_known", "_on_trip", "rules")

    def __init__(self) -> None:
        self.rules: Rules | None = None
        self._known: dict[str, Standing] = {}
        self._on_trip: Callable[[str], None] = lambda _: None

    def __iter__(self) -> Iterator[tuple[str, Standing]]:
        """Every target that was ever asked for, with its identity."""
        return iter(self._known.items())

    def of(self, identity: str) -> Standing:
        """A target's standing; one that is not known yet begins anew."""
        standing = self._known.get(identity)
        if standing is None:
            standing = Standing(self.rules, lambda _: self._on_trip(identity))
            self._known[identity] = standing
        return standing

    def adopt(self, rules: Rules | None, identities: frozenset[str]) -> None:
        """Goes by these rules from now on, and forgets targets that are gone and idle."""
        self.rules = rules
        for identity in [known for known in self._known if known not in identities]:
            if not self._known[identity].own_in_flight:
                del self._known[identity]
        for standing in self._known.values():
            standing.rules = rules

    def watch(self, on_trip: Callable[[str], None]) -> None:
        """Tells of every circuit that opens or closes here, by its target's identity."""
        self._on_trip = on_trip
