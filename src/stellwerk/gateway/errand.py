"""Work that answers a request without a provider: done by the compute process, or here in slices where that is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from stellwerk.gateway.slices import Slices
from stellwerk.http.deadlines import Timer
from stellwerk.ports.compute import ComputeUnavailable

if TYPE_CHECKING:
    from stellwerk.ports.compute import Compute, Outcome, Pending

LONGEST_S = 10.0
"""How long the compute process may take; then the work is done here after all."""


class Work(msgspec.Struct, frozen=True, eq=False):
    """What is to be done, in both ways. They need not come to the same: the worker's own may only be an estimate."""

    job: str
    payload: Callable[[], bytes]
    """What the job takes."""
    take: Callable[[bytes], None]
    """Hears what the job gave. Raises ``ValueError`` where that is of no use."""
    steps: Callable[[], Iterator[object]]
    """The worker's own way, as steps that are each a part of a millisecond."""


class Errand:
    """One piece of work on its way. Cancelled, it stops."""

    __slots__ = ("_call_later", "_compute", "_done", "_failed", "_pending", "_work")

    def __init__(
        self,
        work: Work,
        compute: Compute | None,
        call_later: Callable[[float, Callable[[], None]], Timer],
        done: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """``done`` is called when the work is, whoever did it; ``failed`` is told of a defect."""
        self._work = work
        self._compute = compute
        self._call_later = call_later
        self._done = done
        self._failed = failed
        self._pending: Pending | None = None

    def start(self, timeout_s: float) -> None:
        """Asks the compute process, or sets to work."""
        if self._compute is not None:
            try:
                payload = self._work.payload()
                self._pending = self._compute.ask(self._work.job, payload, min(timeout_s, LONGEST_S), self._on_outcome)
            except ComputeUnavailable:
                pass
            else:
                return
        self._do()

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None

    def _on_outcome(self, outcome: Outcome) -> None:
        self._pending = None
        if isinstance(outcome, bytes):
            try:
                self._work.take(outcome)
            except ValueError:
                self._do()
            else:
                self._finish()
        else:
            self._do()

    def _finish(self) -> None:
        try:
            self._done()
        except Exception as error:  # noqa: BLE001  # nobody above a callback would hear of it
            self._failed(error)

    def _do(self) -> None:
        self._pending = slices = Slices(self._work.steps(), self._call_later, self._done, self._failed)
        slices.start()
