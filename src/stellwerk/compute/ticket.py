"""What a job knows of whom it is done for: whether anybody still waits."""

from __future__ import annotations

from time import monotonic


class Abandoned(Exception):
    """Nobody waits for this job any more, or its time is up."""


class Ticket:
    """Given to a job with what it is to do. Jobs that take long look at it now and then."""

    __slots__ = ("deadline_s", "is_dropped")

    def __init__(self, deadline_s: float) -> None:
        """``deadline_s`` is in seconds of the monotonic clock."""
        self.deadline_s = deadline_s
        self.is_dropped = False

    @property
    def is_void(self) -> bool:
        """Whether the work would be for nobody."""
        return self.is_dropped or monotonic() >= self.deadline_s

    def check(self) -> None:
        """Goes on, or raises ``Abandoned``: to be called every few milliseconds of work."""
        if self.is_void:
            raise Abandoned
