"""One request's optimizers: what they make of it before it is asked, at once or with the compute process's help."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stellwerk.core.optimization_job import JOB, Asked, Changes, question, read_answer
from stellwerk.errors import StellwerkError
from stellwerk.gateway.stages.optimize import INLINE_BYTES, LONGEST_S, Optimization, Savings, changed
from stellwerk.ports.compute import ComputeUnavailable

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.core.envelope import Envelope
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.reply import Reply
    from stellwerk.ports.compute import Outcome, Pending

AWAY = "unavailable"
"""The compute process was away, too slow, or could not do it: the request goes out as it came."""
UNREAD = "unread"
"""The body is none that could be looked into."""


class Optimizing:
    """Owner of the caller's request while it is being written anew."""

    __slots__ = ("_custody", "_exchange", "_go", "_is_done", "_optimization", "_pending", "_reply")

    def __init__(self, optimization: Optimization, reply: Reply, custody: Custody | None = None) -> None:
        self._optimization = optimization
        self._reply = reply
        self._custody = custody
        self._is_done = False
        self._pending: Pending | None = None
        self._exchange: Exchange
        self._go: Callable[[], None] = _nothing

    def looks_first(self, exchange: Exchange, acceptance: Acceptance | None) -> bool:
        """Whether the exchange has to wait: it is started again when the request is as it goes out."""
        if self._is_done:
            return False
        self._is_done = True
        self._exchange = exchange
        optimization, envelope = self._optimization, self._reply.lease.envelope
        if not optimization.concerns(envelope):
            self._write(optimization.bounded(envelope))
            return False
        body = envelope.body
        if len(body) <= INLINE_BYTES or exchange.scheduler.compute is None:
            self._finish(None if len(body) > INLINE_BYTES else _at_once(optimization, body))
            return False
        payload = question(Asked(optimization.spec, body))
        try:
            self._pending = exchange.scheduler.compute.ask(JOB, payload, LONGEST_S, self._on_outcome)
        except ComputeUnavailable:
            self._finish(None)
            return False
        self._reply.request.owner = self
        self._go = lambda: exchange.start(acceptance)
        return True

    # -- what the caller says meanwhile

    def on_gone(self) -> None:
        """The caller has left: nobody is interested any more."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        self._reply.leave()
        self._exchange.finish()

    def on_pause(self) -> None:
        """Nothing is written yet."""

    def on_resume(self) -> None:
        """Nothing is written yet."""

    # -- helpers

    def _on_outcome(self, outcome: Outcome) -> None:
        self._pending = None
        found: Changes | None = None
        if isinstance(outcome, bytes):
            try:
                found = read_answer(outcome, len(self._reply.lease.envelope.body))
            except ValueError:
                found = None
        try:
            self._finish(found)
            self._go()
        except Exception as error:  # noqa: BLE001  # nobody above a callback would hear of it
            self._exchange.fail_by_defect(error)

    def _finish(self, found: Changes | str | None) -> None:
        """From here on, this is what is asked."""
        optimization, level = self._optimization, self._optimization.spec.level
        envelope = self._reply.lease.envelope
        if isinstance(found, Changes):
            envelope = changed(envelope, found)
            self._reply.shortened = Savings(level, found)
        else:
            self._reply.shortened = Savings(level, why_not=found or AWAY)
        self._write(optimization.bounded(envelope))

    def _write(self, envelope: Envelope) -> None:
        lease = self._reply.lease
        if envelope is lease.envelope:
            return
        lease.envelope = envelope
        if self._custody is not None:
            self._custody.envelope = envelope


def _at_once(optimization: Optimization, body: bytes) -> Changes | str:
    """The changes of a short body, or why there are none."""
    try:
        return optimization.changes(body)
    except StellwerkError:
        return UNREAD


def _nothing() -> None:
    """Before anything has begun."""
