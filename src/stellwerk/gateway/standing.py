"""How targets are doing: what their calls have shown, kept by identity through every change of the configuration."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from stellwerk.core.breaker import REMEMBERED, WELL, Breaker, Rules
from stellwerk.core.concurrency import ConcurrencyLimit
from stellwerk.core.ewma import Ewma
from stellwerk.core.health import NOTHING, Signs, failure_of
from stellwerk.core.prompt_tokens import PromptFactors
from stellwerk.core.retry_budget import RetryBudget
from stellwerk.core.sketch import Sketch
from stellwerk.errors import EgressDenied, UpstreamError, UpstreamRateLimited, UpstreamRefused

if TYPE_CHECKING:
    from stellwerk.gateway.waiting_room import WaitingRoom

PROBE_S = 30.0
"""How long the one call of a half-open circuit may take before another one may be made."""
FIRST_BYTE_TAU_S = 30.0
"""How fast the typical time to first content follows what is measured."""
LEAST_SAMPLES = 20.0
"""From so many measured times on their quantiles mean something."""
QUANTILE_CALLS = 16
"""After so many calls a quantile is looked up anew."""
ALL_SEEN = 64
SEEN_CALLS = 8
"""Once so many answers have been looked at closely, one of so many is."""
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
        "_fresh",
        "_pace",
        "_quantiles",
        "_repeats",
        "_room",
        "_settled",
        "_succeeded_at",
        "_unseen",
        "breaker",
        "elsewhere",
        "factors",
        "is_plain",
        "latencies",
        "on_trip",
        "own_in_flight",
        "rooms",
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
        self.factors = PromptFactors()
        """What it counts prompts at."""
        self.latencies = Sketch()
        """Times to first content, in seconds."""
        self._quantiles: dict[float, float | None] = {}
        self._fresh = 0
        self._pace = self._unseen = self._settled = 1
        self.own_in_flight = 0
        self.elsewhere = 0
        """Calls of the host's other workers, as of their last heartbeat."""
        self.told: Signs = NOTHING
        """What calls of the host's other workers have shown, as of then."""
        self.rooms: set[WaitingRoom] = set()
        """Where requests wait for this target."""
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

    def is_last_resort(self, now: float, *, may_exceed: bool) -> bool:
        """Whether it is worth a call, where no better target is left, although its circuit is open.

        Or, if one ``may_exceed`` what is only a guess, although it has more calls in hand than it may take at once.
        """
        if self._blocked_until > now:
            return False
        if self._room.has_room(self.own_in_flight):
            return self.breaker.is_flaky
        return may_exceed and self._room.may_be_exceeded and self.is_limited(now)

    def is_limited(self, now: float) -> bool:
        """Whether it is the provider's limits that keep it from being asked, if only as a last resort."""
        return self.breaker.admits(now) or self.breaker.is_flaky

    def ready_in_s(self, now: float) -> float:
        """Seconds until it may be asked, as far as time alone decides."""
        return max(self.breaker.ready_in_s(now), self._blocked_until - now, 0.0)

    def repeatable_in_s(self, now: float) -> float:
        """Seconds until a call may be repeated on it where no better target is left."""
        return max(self._blocked_until - now, 0.0) if self.breaker.is_flaky else self.ready_in_s(now)

    def may_repeat(self, now: float) -> bool:
        """Whether a call may be repeated on it; if so, the repeat is paid for."""
        return self._repeats.take(now)

    def quantile_s(self, share: float) -> float | None:
        """How long this share of its calls took to begin, at most; ``None`` while too little is known."""
        if self.latencies.count < LEAST_SAMPLES:
            return None
        if self._fresh == 0 or share not in self._quantiles:
            self._quantiles = {share: self.latencies.quantile(share)}
            self._fresh = QUANTILE_CALLS
        return self._quantiles[share]

    # -- what its calls show

    def begin(self, now: float) -> None:
        """A call goes out."""
        self.own_in_flight += 1
        if not self.is_plain and self.breaker.admits(now):  # one that is asked as a last resort is no probe
            self.breaker = self.breaker.probe(now, PROBE_S)

    def answered(self, now: float, asked_at: float) -> bool:
        """The target has begun to answer a call that went out at ``asked_at``.

        Returns whether the answer is one to look at closely: at first each is, later one of several, for to learn from
        an answer takes more than to hand it on.
        """
        self._unseen -= 1
        if self.is_plain and self._unseen > 0 and self.breaker.history == WELL:
            return False
        self._succeeded_at = now
        if self.is_plain:
            self.breaker = self.breaker.succeeded(now, asked_at)
        else:
            self._room.succeeded(now, self.own_in_flight)
            self._judge(now, self.breaker.succeeded(now, asked_at))
        if self._unseen > 0:
            return False
        self._learn(now, asked_at)
        return True

    def outwaited(self, now: float, asked_at: float) -> None:
        """A call that was the first of its request has been beaten by the one beside it, which ends it.

        So long it took at least. Were such calls left out, what counts as slow would sink with each of them.
        """
        was_settled = self._unseen == self._settled
        self._unseen -= 1
        if self._unseen <= 0:
            self._learn(now, asked_at)
        if was_settled:  # it is no answer
            self._settled = self._unseen

    def failed(self, now: float, asked_at: float, error: UpstreamError) -> None:
        """A call has failed. Only what is the provider's fault counts against it, and its limits by their own rule."""
        if not isinstance(error, UpstreamRefused):
            self._note_failure(now, failure_of(error))
        if isinstance(error, UpstreamRateLimited):
            self._limit(now, error.retry_after_s)
            self._judge(now, self.breaker.abandoned(now, asked_at))
        elif isinstance(error, EgressDenied):
            self._judge(now, self.breaker.abandoned(now, asked_at))
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

    def settle(self, now: float) -> None:
        """Makes good every heartbeat what ``answered`` leaves out: that there have been answers lately."""
        if self._unseen != self._settled:
            self._settled = self._unseen
            self._succeeded_at = now

    def left(self, now: float, asked_at: float) -> None:
        """A call has ended without showing anything of the target: its caller went away, or another target won."""
        if not self.is_plain:
            self._judge(now, self.breaker.abandoned(now, asked_at))

    def block(self, now: float, seconds: float) -> None:
        """The provider says that it has nothing left for us for so long."""
        self._blocked_until = max(self._blocked_until, now + min(seconds, LONGEST_BLOCK_S))
        self.is_plain = False

    def end(self) -> None:
        """A call is over, however it went."""
        self.own_in_flight -= 1
        if self.rooms:
            for room in tuple(self.rooms):
                room.wake()

    def heard(self, until_s: float, version: int) -> None:
        """Another worker's circuit has opened or closed."""
        self.breaker = self.breaker.meet(Breaker.heard(until_s, version))
        self.is_plain = self.is_plain and self.breaker.is_closed

    def renew(self) -> None:
        """The target is reached in another way from now on: what kept it from being asked has to show anew."""
        self.breaker = Breaker(self.breaker.version + (self.breaker.version & 1))
        self._blocked_until = self._succeeded_at = self._failed_at = 0.0
        self._failure = ""
        self._settled = self._unseen
        self.is_plain = self._room.limit is None

    # -- helpers

    def _note_failure(self, now: float, failure: str) -> None:
        """The next answer is looked at closely: whether it is all over is of interest now."""
        self._failed_at, self._failure = now, failure
        self._pace -= self._unseen - 1
        self._unseen = self._settled = 1

    def _learn(self, now: float, asked_at: float) -> None:
        self._first_byte.add(now, now - asked_at)
        self.latencies.add(now - asked_at)
        self._fresh = max(0, self._fresh - 1)
        self._repeats.note(now, self._pace)
        self._unseen = self._pace = SEEN_CALLS if self.latencies.count > ALL_SEEN else 1

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

    __slots__ = ("_known", "_on_trip", "_ways", "rules")

    def __init__(self) -> None:
        self.rules: Rules | None = None
        self._known: dict[str, Standing] = {}
        self._ways: dict[str, object] = {}
        self._on_trip: Callable[[str], None] = lambda _: None

    def __contains__(self, identity: str) -> bool:
        return identity in self._known

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

    def adopt(self, rules: Rules | None, ways: Mapping[str, object]) -> None:
        """Goes by these rules from now on, and forgets targets that are gone and idle.

        ``ways`` says of each target, by identity, where and with which credential it is reached.
        """
        self.rules = rules
        for identity in [known for known in self._known if known not in ways]:
            if not self._known[identity].own_in_flight:
                del self._known[identity]
        for identity, standing in self._known.items():
            standing.rules = rules
            way = ways.get(identity)
            if self._ways.get(identity, way) != way:
                standing.renew()
        self._ways = dict(ways)

    def watch(self, on_trip: Callable[[str], None]) -> None:
        """Tells of every circuit that opens or closes here, by its target's identity."""
        self._on_trip = on_trip
