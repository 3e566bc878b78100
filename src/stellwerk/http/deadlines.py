"""Deadlines of many objects on one timer, with the clock as an argument.

A timer per request and phase costs more than a cheap request has to spend (0.7 µs to set and cancel one). Here an
object carries its deadline as an attribute and moves it by assignment; one timer wakes at the earliest of them, and a
deadline that has moved on meanwhile just makes that wake-up look again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

NEVER = math.inf
RESOLUTION_S = 0.02
"""Two wake-ups are at least this far apart, so that many close deadlines share one."""


class Expiring(Protocol):
    """Whatever can expire. ``deadline`` is in the clock's seconds, ``NEVER`` when nothing is waited for."""

    deadline: float

    def on_deadline(self, now: float) -> None:
        """Called once the deadline has passed. It must move its deadline, or leave."""
        ...


class Timer(Protocol):
    """A scheduled call, as event loops hand it out."""

    def cancel(self) -> None:
        """Forgets the call."""
        ...


class Deadlines:
    """All deadlines of one event loop."""

    __slots__ = ("_call_at", "_members", "_timer", "clock", "wake")

    def __init__(self, clock: Callable[[], float], call_at: Callable[[float, Callable[[], None]], Timer]) -> None:
        self.clock = clock
        self.wake = NEVER
        """When the timer fires next. Who sets an earlier deadline than this calls ``hasten``."""
        self._call_at = call_at
        self._members: set[Expiring] = set()
        self._timer: Timer | None = None

    def watch(self, member: Expiring) -> None:
        """Starts to look after ``member``."""
        self._members.add(member)
        if member.deadline < self.wake:
            self.hasten(member.deadline)

    def forget(self, member: Expiring) -> None:
        """Stops looking after ``member``; harmless when it is not there."""
        self._members.discard(member)

    def hasten(self, when: float) -> None:
        """Makes the timer fire no later than ``when``."""
        if when < self.wake:
            if self._timer is not None:
                self._timer.cancel()
            self.wake = when
            self._timer = self._call_at(when, self.sweep)

    def sweep(self) -> None:
        """Calls everyone whose deadline has passed and sets the timer for the next."""
        now = self.clock()
        self.wake = NEVER
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            for member in [member for member in self._members if member.deadline <= now]:
                # One that is called may have moved or removed others that were due with it.
                if member.deadline <= now and member in self._members:
                    member.on_deadline(now)
        finally:
            earliest = min((member.deadline for member in self._members), default=NEVER)
            if earliest < NEVER:
                self.hasten(max(earliest, now + RESOLUTION_S))
