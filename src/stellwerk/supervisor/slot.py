"""One slot: its listening socket for good, and whichever worker serves it now."""

from __future__ import annotations

import math
import socket
from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path

from stellwerk.supervisor.backoff import Backoff
from stellwerk.supervisor.process import Process
from stellwerk.supervisor.protocol import Assignment, Drain, Link
from stellwerk.supervisor.setup import Patience, Role


class State(Enum):
    """Where a slot stands."""

    WAITING = auto()
    """No process; one starts when the back-off is over."""
    STARTING = auto()
    READY = auto()
    STOPPING = auto()
    """Draining, or told to end."""
    STOPPED = auto()
    """No process, and none will come."""


class Slot:
    """The state of one slot. Times are in seconds of the supervisor's clock."""

    __slots__ = (
        "_backoff",
        "_heard_s",
        "deaths",
        "link",
        "listening",
        "number",
        "problems",
        "process",
        "role",
        "starts_s",
        "state",
        "version",
    )

    def __init__(self, number: int, role: Role, listening: socket.socket | None, backoff: Backoff) -> None:
        self.number = number
        self.role = role
        self.listening = listening
        self.state = State.WAITING
        self.starts_s = math.inf if role.is_on_demand else 0.0
        self.process: Process | None = None
        self.link: Link | None = None
        self.version = 0
        """Of the configuration that the worker serves with; 0 before it is ready."""
        self.problems: tuple[str, ...] = ()
        """Why the last worker could not serve, in its own words."""
        self.deaths = 0
        self._backoff = backoff
        self._heard_s: float | None = None

    def start(self, environment: Mapping[str, str], board: Path, config: Path, now_s: float) -> Link:
        """Starts a worker and gives our end of its control socket. Raises ``OSError`` when it cannot start."""
        near, far = Link.pair()
        listen_fd = self.listening.fileno() if self.listening is not None else None
        assignment = Assignment(self.number, listen_fd, far.fileno(), board, config)
        descriptors = [far.fileno()] if listen_fd is None else [far.fileno(), listen_fd]
        try:
            self.process = Process(
                self.role.command,
                environment={**environment, **assignment.variables()},
                now_s=now_s,
                descriptors=descriptors,
            )
        except OSError:
            near.close()
            raise
        finally:
            far.close()
        self.link = near
        self.state = State.STARTING
        self.version = 0
        self._heard_s = None
        return near

    def want(self) -> None:
        """Has its first process started; a later one comes by itself."""
        if self.starts_s == math.inf:
            self.starts_s = 0.0

    def hear(self, now_s: float) -> None:
        """Notes a sign of life: from now on silence means that it hangs."""
        self._heard_s = now_s

    def excuse(self, now_s: float) -> None:
        """Begins to count its silence anew, because nobody could listen."""
        if self._heard_s is not None:
            self._heard_s = now_s

    def is_overdue(self, patience: Patience, now_s: float) -> str:
        """Why it has to be killed, or nothing."""
        if self.process is None:
            return ""
        if self.state is State.STARTING and now_s - self.process.started_s > patience.start_s:
            return "not ready in time"
        if self._heard_s is not None and now_s - self._heard_s > patience.hang_s:
            return "no sign of life"
        return ""

    def drain(self, deadline_s: float) -> None:
        """Lets it finish what is in flight; one that is not ready yet has nothing to finish."""
        if self.process is None:
            self.state = State.STOPPED
            return
        if self.state is State.STARTING or self.link is None or not self.link.send(Drain(deadline_s)):
            self.process.terminate()
        self.state = State.STOPPING

    def close(self) -> None:
        """Closes its listening socket: whatever still waits in its queue is reset."""
        if self.listening is not None:
            self.listening.close()
            self.listening = None

    def bury(self, now_s: float) -> float:
        """After its process has ended: forgets it and gives the seconds until the next one may start."""
        lived_s = now_s - self.process.started_s if self.process is not None else 0.0
        self.process = None
        if self.link is not None:
            self.link.close()
            self.link = None
        if self.state is State.STOPPING:
            self.state = State.STOPPED
            return 0.0
        self.deaths += 1
        self.state = State.WAITING
        delay_s = self._backoff.delay_s(lived_s)
        self.starts_s = now_s + delay_s
        return delay_s
