"""When what is due: any number of appointments on one timer of the event loop.

With a timer of its own for each of a thousand streams, a turn of the loop grows long, and uvloop accepts one connection
in a turn: new callers would wait for seconds. Here one timer does some of what is due and then lets the loop turn.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

RESOLUTION_S = 0.001
"""uvloop counts in milliseconds and rounds; waking too early would mean to wake again and again."""

MOST_IN_A_TURN = 32


class Appointment:
    """Something to be done at its time, unless it is cancelled."""

    __slots__ = ("_act",)

    def __init__(self, act: Callable[[], None]) -> None:
        self._act: Callable[[], None] | None = act

    def cancel(self) -> None:
        """Calls it off."""
        self._act = None

    def keep(self) -> None:
        """Does what was to be done."""
        if self._act is not None:
            self._act()


class Timetable:
    """All appointments of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.time = loop.time
        """The clock that appointments are made by, in seconds."""
        self._loop = loop
        self._heap: list[tuple[float, int, Appointment]] = []
        self._number = count()
        self._timer: asyncio.Handle | None = None
        self._wake = math.inf

    def at(self, when: float, act: Callable[[], None]) -> Appointment:
        """Does ``act`` once the clock shows ``when``."""
        appointment = Appointment(act)
        heappush(self._heap, (when, next(self._number), appointment))
        if when < self._wake:
            self._set(when)
        return appointment

    def _set(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._wake = when
        self._timer = self._loop.call_at(math.ceil(when / RESOLUTION_S) * RESOLUTION_S, self._keep_due)

    def _keep_due(self) -> None:
        now = self.time()
        heap = self._heap
        self._timer = None
        self._wake = -math.inf  # nothing that is made meanwhile sets the timer
        due: list[Appointment] = []
        while heap and heap[0][0] <= now and len(due) < MOST_IN_A_TURN:
            due.append(heappop(heap)[2])
        for appointment in due:
            appointment.keep()
        if heap and heap[0][0] <= now:
            self._timer = self._loop.call_soon(self._keep_due)
        else:
            self._wake = math.inf
            if heap:
                self._set(heap[0][0])
