"""A circuit breaker: whether one target may be asked, as a value that each outcome turns into the next.

Closed, every call is admitted. Enough failures open it for a cool-down, in which none is. Then it is half-open: one
call, the probe, is admitted; its success closes the breaker, its failure opens it for twice as long.

Outcomes arrive late. A call that began before the cool-down ended cannot tell whether the target is well again, nor
that it failed anew: it neither closes the breaker nor opens it. Hence a thousand calls that time out together trip it
once, and one lucky answer among them does not undo that.

Times are seconds of a monotonic clock that the workers of a host share.
"""

from __future__ import annotations

import msgspec

REMEMBERED = 64
"""Outcomes that are remembered."""

WELL = (1 << REMEMBERED) - 1
"""The history of a target that nothing is known against."""
_JITTER = 0.2


class Rules(msgspec.Struct, frozen=True):
    """When a breaker opens, and for how long."""

    failures: int = 4
    """Failures in a row that open it, at most 64."""
    rate: float = 0.5
    """Share of the last 64 calls that opens it when so many have failed, in a row or not. Above 1, it never does."""
    window_s: float = 60.0
    """After so long without a failure, earlier ones are forgotten."""
    cool_down_s: float = 5.0
    max_cool_down_s: float = 60.0


class Breaker(msgspec.Struct, frozen=True, gc=False):
    """What is known of one target. ``Breaker()`` is that of a target that nothing is known against."""

    version: int = 0
    """Odd while open, even while closed: grows by one with each change between the two."""
    until_s: float = 0.0
    """When the last cool-down ends, or ended."""
    history: int = WELL
    """The last 64 outcomes as bits, the latest the lowest: 1 is a success, and so is what has not happened yet."""
    counted: int = 0
    """Which bits of the history were noted since it closed: older ones cannot open it again."""
    failed_at: float = 0.0
    cool_down_s: float = 0.0
    """How long the last cool-down was, without its jitter; 0 where closed, or where another worker opened it."""
    probed_at: float = 0.0
    """When the last probe began."""
    probe_until: float = 0.0
    """When the probe that runs is given up; in the past if none runs."""

    @property
    def is_closed(self) -> bool:
        """Whether every call is admitted."""
        return not self.version & 1

    @property
    def is_flaky(self) -> bool:
        """Whether it is open although the target mostly answers: worth a call where no target is closed.

        More than half of the last calls succeeded, and failures came and went before those that opened it. A target
        that was well and then fell silent is not flaky but down.
        """
        history = self.history
        if not self.version & 1 or history.bit_count() <= REMEMBERED // 2:
            return False
        before_the_last_run = history | (history - 1)
        return before_the_last_run != WELL

    def admits(self, now: float) -> bool:
        """Whether a call may be made: any if closed, else the probe, which must be taken with ``probe``."""
        return not self.version & 1 or (now >= self.until_s and now >= self.probe_until)

    def ready_in_s(self, now: float) -> float:
        """Seconds until a call is admitted, should the probe that runs say nothing; 0 if one is now."""
        return 0.0 if not self.version & 1 else max(0.0, self.until_s - now, self.probe_until - now)

    def probe(self, now: float, patience_s: float) -> Breaker:
        """After a call that was admitted has begun: unless closed, no other is before its outcome or ``patience_s``."""
        if not self.version & 1:
            return self
        return msgspec.structs.replace(self, probed_at=now, probe_until=now + patience_s)

    def abandoned(self, now: float, asked_at: float | None = None) -> Breaker:
        """After the probe has ended without telling anything of the target: another may be made at once.

        For the call that took the probe. With ``asked_at``, when it took it, a later probe than this is left alone.
        """
        if now >= self.probe_until or (asked_at is not None and asked_at != self.probed_at):
            return self
        return msgspec.structs.replace(self, probe_until=0.0)

    def succeeded(self, now: float, asked_at: float | None = None) -> Breaker:
        """After the target has answered a call that began at ``asked_at`` (where not told: now)."""
        if not self.version & 1:
            if self.history == WELL:
                return self
            return Breaker(self.version, self.until_s, _noted(self.history, 1), _noted(self.counted, 1), self.failed_at)
        history = _noted(self.history, 1)
        if (now if asked_at is None else asked_at) < self.until_s:
            return msgspec.structs.replace(self, history=history)
        return Breaker(self.version + 1, self.until_s, history, failed_at=self.failed_at)

    def failed(self, now: float, rules: Rules, draw: float, asked_at: float | None = None) -> Breaker:
        """After a call that began at ``asked_at`` (where not told: now) has failed by the target's fault.

        ``draw`` is uniform in [0, 1): it lengthens a cool-down by up to a fifth, lest workers probe in step.
        """
        is_late = (now if asked_at is None else asked_at) < self.until_s
        is_closed = not self.version & 1
        if is_closed and is_late:
            return self  # an outage that is over
        history = _noted(WELL if now - self.failed_at > rules.window_s else self.history, 0)
        if is_closed:
            counted = _noted(self.counted, 1)
            if not _is_too_much(counted & ~history, rules):
                return Breaker(self.version, self.until_s, history, counted, now)
            cool_down_s = rules.cool_down_s
        elif is_late:
            return msgspec.structs.replace(self, history=history, failed_at=now)
        else:
            cool_down_s = 2 * (self.cool_down_s or rules.cool_down_s)
        cool_down_s = min(cool_down_s, rules.max_cool_down_s)
        until_s = now + cool_down_s * (1 + _JITTER * draw)
        return Breaker(self.version | 1, until_s, history, failed_at=now, cool_down_s=cool_down_s)

    @property
    def published(self) -> tuple[float, int]:
        """What other workers need: ``until_s`` and ``version``. (0, 0) says nothing."""
        return self.until_s, self.version

    @classmethod
    def heard(cls, until_s: float, version: int) -> Breaker:
        """What another worker has ``published``, to be met with what this one knows."""
        return cls(version, until_s)

    def meet(self, other: Breaker) -> Breaker:
        """What is known where both are: commutative, associative and idempotent, so that news may come twice or late.

        The higher version says whether it is open; of the same version, the longer cool-down. Failures that one of
        them remembers stay remembered: they say whether the target is flaky, but open nothing after a closing.
        """
        if self.version != other.version:
            later = self if self.version > other.version else other
            cool_down_s, counted = later.cool_down_s, later.counted
        else:
            later = max(self, other, key=_ending)
            cool_down_s, counted = max(self.cool_down_s, other.cool_down_s), self.counted | other.counted
        met = Breaker(
            later.version,
            later.until_s,
            self.history & other.history,
            counted,
            max(self.failed_at, other.failed_at),
            cool_down_s,
            later.probed_at,
            later.probe_until,
        )
        return self if met == self else met


def _ending(breaker: Breaker) -> tuple[float, float, float]:
    """A probe belongs to the end of one cool-down: that of an earlier end is of no interest after a later one."""
    return breaker.until_s, breaker.probe_until, breaker.probed_at


def _noted(bits: int, bit: int) -> int:
    return (bits << 1 | bit) & WELL


def _is_too_much(failures: int, rules: Rules) -> bool:
    in_a_row = (1 << rules.failures) - 1
    return failures & in_a_row == in_a_row or failures.bit_count() >= REMEMBERED * rules.rate
