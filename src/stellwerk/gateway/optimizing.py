"""One request's optimizers: what they make of it before it is asked, at once or with the compute process's help."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
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
        try:
            return self._begins(partial(exchange.start, acceptance))
        except StellwerkError as error:
            exchange.fail(error)
            return True

    def _begins(self, go: Callable[[], None]) -> bool:
        optimization, envelope = self._optimization, self._reply.lease.envelope
        body, compute = envelope.body, self._exchange.scheduler.compute
        if not optimization.concerns(envelope):
            self._write(optimization.bounded(envelope))
            return False
        if len(body) <= INLINE_BYTES:
            self._finish(_at_once(optimization, body))
            return False
        if compute is not None:
            payload = question(Asked(optimization.spec, body))
            with suppress(ComputeUnavailable):
                self._pending = compute.ask(JOB, payload, LONGEST_S, self._on_outcome)
                self._reply.request.owner = self
                self._go = go
                return True
        self._finish(AWAY)
        return False

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
        found: Changes | str = AWAY
        if isinstance(outcome, bytes):
            with suppress(ValueError):
                found = read_answer(outcome, len(self._reply.lease.envelope.body))
        try:
            self._finish(found)
            self._go()
        except StellwerkError as error:
            self._exchange.fail(error)
        except Exception as error:  # noqa: BLE001  # nobody above a callback would hear of it
            self._exchange.fail_by_defect(error)

    def _finish(self, found: Changes | str) -> None:
        """From here on, this is what is asked."""
        level, envelope = self._optimization.spec.level, self._reply.lease.envelope
        if isinstance(found, Changes):
            self._reply.shortened = Savings(level, found)
            envelope = changed(envelope, found)
        else:
            self._reply.shortened = Savings(level, why_not=found)
        self._write(self._optimization.bounded(envelope))

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
