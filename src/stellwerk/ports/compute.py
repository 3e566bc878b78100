"""What costs more than a millisecond is done by the host's compute process: how it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec


class ComputeUnavailable(Exception):
    """The compute process is away, or has no room for more: whoever wanted to ask has to do without it."""


class JobFailure(msgspec.Struct, frozen=True, gc=False):
    """Why nothing came of a job: a code of ``core/job.py``, and a reason for people."""

    code: str
    reason: str


Outcome: TypeAlias = bytes | JobFailure


class Pending(Protocol):
    """A job that was asked for."""

    def cancel(self) -> None:
        """Nobody waits for it any more: nothing is told of it."""
        ...


class Compute(Protocol):
    """The compute process, as those see it who ask."""

    def ask(self, job: str, payload: bytes, timeout_s: float, done: Callable[[Outcome], None]) -> Pending:
        """Asks for a job by its name. ``done`` is called once, on the event loop, never before this returns.

        A process that dies meanwhile is told of as a failure, as is time that has run out. Raises
        ``ComputeUnavailable`` at once where nobody can be asked: askers have a declared way of doing without.
        """
        ...
