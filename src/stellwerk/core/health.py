"""How a target is doing, as a value: judged from what its calls have shown, and from probes made while it was idle.

The newest evidence counts. A state is left later than it is entered, lest a target that is now and then limited, or now
and then fails, change its state every second. Moments are seconds of the monotonic clock that the workers of a host
share, 0 for never, unless they are said to be Unix time.
"""

from __future__ import annotations

import enum

import msgspec

from stellwerk.errors import UpstreamError, UpstreamRateLimited

CREDENTIALS = "upstream_credentials"
QUOTA = "quota_exhausted"
RATE_LIMITED = "upstream_rate_limited"
DENIED = "egress_denied"
UNREADABLE = "upstream_invalid"
OTHER = "upstream_error"
FAILURES = (
    "",
    OTHER,
    "upstream_unavailable",
    "upstream_timeout",
    UNREADABLE,
    CREDENTIALS,
    RATE_LIMITED,
    QUOTA,
    DENIED,
)
"""Why a call or a probe fails. The order is that of their numbers on the board: only ever add at the end."""
QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""Codes of refusals that no waiting helps against: what was paid for is used up."""

FAILING = 4
"""So many of the last 64 calls failed: the target is degraded."""
FADES_S = 60.0
"""Failures further back than this are of no interest any more."""
QUIET_S = 10.0
"""A failure that no success has followed for so long says something, even a single one."""
LINGERS_S = 30.0
"""A target counts as limited for so much longer than it is."""
MOST_CHANGES = 16

_LASTING = {CREDENTIALS: "credentials refused", DENIED: "not allowed by the egress policy"}
_LIMITS = {RATE_LIMITED: "rate limited", QUOTA: "quota exhausted"}
_FORBIDDEN = 403


class State(enum.Enum):
    """How a target is doing."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """It answers, not always."""
    LIMITED = "limited"
    """It is well, and has nothing left for us now."""
    DOWN = "down"


class Signs(msgspec.Struct, frozen=True, gc=False):
    """What calls have shown of a target."""

    limited_until: float = 0.0
    succeeded_at: float = 0.0
    failed_at: float = 0.0
    failure: str = ""
    """Why the last one that failed did: one of ``FAILURES``."""
    failures: int = 0
    """How many of the last 64 have failed."""

    @property
    def latest(self) -> float:
        """When something was last shown."""
        return max(self.succeeded_at, self.failed_at)

    def meet(self, other: Signs) -> Signs:
        """What the calls of both have shown: of two workers, say."""
        later = max(self, other, key=lambda one: (one.failed_at, one.failure))
        return Signs(
            max(self.limited_until, other.limited_until),
            max(self.succeeded_at, other.succeeded_at),
            later.failed_at,
            later.failure,
            max(self.failures, other.failures),
        )


NOTHING = Signs()


class Probe(msgspec.Struct, frozen=True):
    """What asking an idle provider has shown. One that was not asked has no ``asked_at``, and perhaps a certificate."""

    asked_at: float = 0.0
    failure: str = ""
    """One of ``FAILURES``; empty where it answered as it should."""
    status: int = 0
    message: str = ""
    """Why it failed, in words for operators."""
    certificate_until: float | None = None
    """When its certificate expires (Unix seconds)."""
    clock_skew_s: float | None = None
    """How far its clock is ahead of ours."""


class Change(msgspec.Struct, frozen=True):
    """A target's state from some moment on (Unix seconds)."""

    at_s: float
    state: State
    reason: str


class Health(msgspec.Struct, frozen=True):
    """How a target is doing, since when (Unix seconds), and how it got there, oldest first."""

    state: State = State.UNKNOWN
    reason: str = ""
    since_s: float = 0.0
    changes: tuple[Change, ...] = ()

    def become(self, state: State, reason: str, now_s: float) -> Health:
        """After it was judged at ``now_s`` (Unix seconds): itself where nothing has changed."""
        if state is self.state and reason == self.reason:
            return self
        since_s = self.since_s if state is self.state else now_s
        changes = (*self.changes, Change(now_s, state, reason))[-MOST_CHANGES:]
        return Health(state, reason, since_s, changes)


def failure_of(error: UpstreamError) -> str:
    """The one of ``FAILURES`` that an error is."""
    if isinstance(error, UpstreamRateLimited) and error.upstream_code in QUOTA_CODES:
        return QUOTA
    return error.code if error.code in FAILURES else OTHER


def judge(signs: Signs, probe: Probe | None, now: float, *, open_until: float | None = None) -> tuple[State, str]:
    """A target's state and why. ``open_until`` is when the cool-down of an open circuit ends; ``None`` if closed."""
    newest = probe if probe is not None and probe.asked_at > signs.latest else None
    told = _told_by(newest) if newest is not None else _told_for_good(signs)
    if told is not None and told[0] is State.DOWN:
        return told
    if open_until is not None and (newest is None or now < open_until):
        return State.DOWN, "circuit open"
    if signs.limited_until and now < signs.limited_until + LINGERS_S:
        return State.LIMITED, _LIMITS.get(signs.failure, "rate limited")
    if told is not None:
        return told
    if open_until is not None:
        return State.DEGRADED, "circuit half-open"
    if signs.failures >= FAILING and now - signs.failed_at <= FADES_S:
        return State.DEGRADED, "failing"
    if newest is not None:
        return State.HEALTHY, ""
    return _told_last(signs, now)


def _told_by(probe: Probe) -> tuple[State, str] | None:
    if not probe.failure:
        return None
    if probe.failure in _LIMITS:
        return State.LIMITED, _LIMITS[probe.failure]
    if probe.failure == CREDENTIALS and probe.status == _FORBIDDEN:
        # A key may be restricted to what calls need: that it cannot list models does not prove that it serves none.
        return State.DEGRADED, _LASTING[CREDENTIALS]
    return State.DOWN, _LASTING.get(probe.failure, "unreachable")


def _told_for_good(signs: Signs) -> tuple[State, str] | None:
    if signs.failed_at > signs.succeeded_at and signs.failure in _LASTING:
        return State.DOWN, _LASTING[signs.failure]
    return None


def _told_last(signs: Signs, now: float) -> tuple[State, str]:
    """By the last call, once it has had time to be followed by others."""
    is_failure = signs.failed_at > signs.succeeded_at
    if is_failure and (not signs.succeeded_at or now - signs.failed_at >= QUIET_S):
        if signs.failure in _LIMITS:
            return State.LIMITED, _LIMITS[signs.failure]
        return State.DEGRADED, "failing"
    return (State.HEALTHY if signs.succeeded_at else State.UNKNOWN), ""
