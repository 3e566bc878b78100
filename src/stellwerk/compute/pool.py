"""The threads that do the jobs, and the three lines in which jobs wait for them.

Long jobs, and those that nobody waits for, are kept off one of the threads, so that short ones never wait for more than
each other. Long ones pass those that nobody waits for, which take no more than half of the room. Libraries that let go
of the interpreter's lock while they count or multiply run side by side; jobs in Python share it, in turns.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

from stellwerk.compute.jobs import NoSuchJob, Run, find
from stellwerk.compute.ticket import Abandoned, Ticket
from stellwerk.core.job import FAILED, UNKNOWN
from stellwerk.core.meaning import LEARN, REJECT
from stellwerk.core.recollection import REMEMBER
from stellwerk.ports.compute import JobFailure, Outcome

SHORT_BYTES = 32_768
"""A job with less to do than this counts as short."""
UNHURRIED = frozenset({LEARN, REJECT, REMEMBER})
"""Jobs that nobody waits for."""
MOST_WAITING = 256
MOST_UNHURRIED = 128
"""So many of these may be among them."""
MOST_WAITING_BYTES = 67_108_864
"""Of all jobs that wait or are being done: more are refused."""


class Task:
    """One job on its way through the pool; ``done`` is called in the thread that did it, with the microseconds."""

    __slots__ = ("done", "job", "payload", "ticket")

    def __init__(
        self, job: str, payload: bytes, ticket: Ticket, done: Callable[[Task, Outcome | None, int], None]
    ) -> None:
        self.job = job
        self.payload = payload
        self.ticket = ticket
        self.done = done


class Pool:
    """Owner of the threads. They are daemons: when the process ends, they end with it, whatever they are doing."""

    def __init__(self, threads: int, find: Callable[[str], Run] = find) -> None:
        """``threads`` besides the one that is kept for short jobs; ``find`` gives what does a job of that name."""
        self._find = find
        self._condition = Condition()
        self._short: deque[Task] = deque()
        self._long: deque[Task] = deque()
        self._unhurried: deque[Task] = deque()
        self._bytes = 0
        self._running: dict[int, Task] = {}
        for number in range(threads + 1):
            Thread(target=self._work, args=(number,), name=f"jobs-{number}", daemon=True).start()

    @property
    def waiting(self) -> int:
        """How many jobs nobody has begun with."""
        return len(self._short) + len(self._long) + len(self._unhurried)

    def put(self, task: Task) -> bool:
        """Takes a task; ``False`` when there is no room for it."""
        size = len(task.payload)
        with self._condition:
            if self.waiting >= MOST_WAITING or self._bytes + size > MOST_WAITING_BYTES:
                return False
            if task.job in UNHURRIED:
                line = self._unhurried
                if len(line) >= MOST_UNHURRIED:
                    return False
            else:
                line = self._short if size < SHORT_BYTES else self._long
            self._bytes += size
            line.append(task)
            self._condition.notify_all()
        return True

    def overdue_s(self, now_s: float) -> float:
        """For how long a job has been going on that should have ended: those that look at their ticket do end."""
        return max((now_s - task.ticket.deadline_s for task in list(self._running.values())), default=0.0)

    def _work(self, number: int) -> None:
        lines = (self._short,) if number == 0 else (self._long, self._unhurried, self._short)
        while True:
            with self._condition:
                while not (line := next((line for line in lines if line), None)):
                    self._condition.wait()
                task = line.popleft()
                self._running[number] = task
            began_s = time.perf_counter()
            outcome = None if task.ticket.is_void else self._outcome(task)
            took_us = int((time.perf_counter() - began_s) * 1e6)
            with self._condition:
                self._bytes -= len(task.payload)
                del self._running[number]
            task.done(task, outcome, took_us)
            del task, outcome  # nothing is held while waiting for the next one

    def _outcome(self, task: Task) -> Outcome | None:
        """What comes of a task; ``None`` where it was given up because nobody waits any more."""
        try:
            return self._find(task.job)(task.payload, task.ticket)
        except Abandoned:
            return None
        except NoSuchJob as error:
            return JobFailure(UNKNOWN, str(error))
        except Exception as error:  # noqa: BLE001  # a job's defect is its asker's to hear of, and nobody else's
            return JobFailure(FAILED, f"{type(error).__name__}: {error}"[:500])
