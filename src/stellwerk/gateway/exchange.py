"""One request upstream: which targets are asked, in which order, until when, and who hears of it.

The order of an exchange: the first target that is well is asked; a failure that another target may not share moves on
to the next one that is; when none is left, one is asked again after a pause, a bounded number of times and within the
target's budget for repeats. When a target takes unusually long to begin, and the model wants that, the next one is
asked beside it, and whoever begins first answers. Nothing is tried again once content has gone to the caller, once the
deadline has passed, or once the caller has left.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.backoff import full_jitter
from stellwerk.errors import InvalidRequest, StellwerkError, UpstreamError
from stellwerk.gateway import prospects
from stellwerk.gateway.attempt import Attempt
from stellwerk.gateway.defect import report
from stellwerk.gateway.interpreting import interpret

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.core.route import Target
    from stellwerk.core.usage import Usage
    from stellwerk.gateway.configuration import Model, Route
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.dialect import Interpretation
    from stellwerk.gateway.gate import Gate
    from stellwerk.gateway.hedging import Hedging
    from stellwerk.gateway.leading import Leading
    from stellwerk.gateway.optimizing import Optimizing
    from stellwerk.gateway.recalling import Recalling
    from stellwerk.gateway.reply import Reply
    from stellwerk.gateway.scheduler import Scheduler
    from stellwerk.gateway.screening import Screening
    from stellwerk.http.deadlines import Timer

BACKOFF_S = 0.25
MAX_BACKOFF_S = 4.0
NEXT_TARGET_SHARE = 0.5
"""While another target remains, one attempt takes at most this share of the time that is left."""


class Exchange(msgspec.Struct, eq=False):
    """Owner of the caller's request. Built of callbacks: no task per request."""

    _reply: Reply
    model: Model
    targets: tuple[Target, ...]
    scheduler: Scheduler
    clock: Callable[[], float]
    _expires: float
    """When all attempts together must have led to an answer, in the event loop's clock."""
    _is_hurried: bool = False
    """Whether it is the caller that wants its answer so soon: a target that is too slow for that is not at fault."""
    _trace: bytes = b""
    _custody: Custody | None = None
    """Of a caller who may name, and is handed, what providers keep."""
    screening: Screening | None = None
    """Looks at the request before it is asked, and at its answer."""
    recalling: Recalling | None = None
    """Looks for an answer that is there already."""
    leading: Leading | None = None
    """Has the answer kept, and shares it with those who wait for the same."""
    optimizing: Optimizing | None = None
    """Writes the request in fewer tokens before it is asked."""
    _index: int = 1
    """Where the target stands that is asked next, once the first one has been."""
    _running: tuple[Attempt, ...] = ()
    _waiting: float = 0.0
    """Since when providers, or a pause between two attempts, are waited for; 0 while nothing is."""
    _pauses: int = 0
    _timer: Timer | None = None
    _failed: dict[str, StellwerkError] | None = None
    """By target, in which way it has failed last."""
    _interpreter: Interpretation | None = None
    _gate: Gate | None = None
    """Judges answers, where the plan says what they have to be."""
    _second_best: tuple[Callable[[], None], Route, Usage | None] | None = None
    """Hands on an answer that was turned down, should nobody have a better one; and who has used what for it."""

    def start(self, acceptance: Acceptance | None = None) -> None:
        """Asks the first target; ``acceptance`` is what an answer has to be, unless nobody is left to ask."""
        if self.screening is not None and self.screening.looks_first(self, acceptance):
            return
        if self.recalling is not None and self.recalling.looks_first(self, acceptance):
            return
        if self.optimizing is not None and self.optimizing.looks_first(self, acceptance):
            return
        self._reply.request.owner = self
        if acceptance is not None:
            from stellwerk.gateway.gate import gate_of  # loaded when the first cascade runs

            try:
                self._gate = gate_of(acceptance, self._reply)
            except StellwerkError as error:
                self.fail(error)
                return
        first = self.model.routes.get(self.targets[0].identity) if self.targets else None
        if first is not None and first.standing.is_plain:  # mostly; what follows is the same, without looking around
            self._launch(first)
        else:
            self._index = 0
            self._go_on(None)

    @property
    def expires(self) -> float:
        """When the caller must have an answer, in the event loop's clock."""
        return self._expires

    @property
    def is_in_custody(self) -> bool:
        """Whether the request may name what providers keep, or its answer may."""
        return self._custody is not None

    def replay(self, attempt: Attempt) -> None:
        """Has the answer handed on by somebody who asks no target for it; if that fails, the targets are asked."""
        self._reply.request.owner = self
        self._index = 0
        self._running = (attempt,)

    # -- what the caller says

    def on_gone(self) -> None:
        """The caller has left: so does the providers' work for it, unless others wait for the same answer."""
        if self.leading is not None and self.leading.leave():
            self.hurry()
            return
        reply, asked = self._reply, [attempt for attempt in self._running if attempt.sent]
        running, self._running = self._running, ()
        self._leave_room()
        for attempt in asked[:-1]:
            reply.lose(attempt.route)
        settled = [attempt.depart() for attempt in running]
        if any(settled):
            pass
        elif asked:
            reply.cancel(reply.estimated(None, 0), "")
        else:
            reply.leave()
        self.finish()

    def on_pause(self) -> None:
        """The caller reads slowly: so do we, unless others listen."""
        if self.leading is not None and self.leading.slow_down():
            return
        if self._reply.lease.admission is not None:
            self._reply.lease.admission.lose_sight()
        for attempt in self._running:
            attempt.pause()

    def on_resume(self) -> None:
        """The caller has caught up."""
        if self.leading is not None:
            self.leading.catch_up()
        self.hurry()

    def hurry(self) -> None:
        """Nothing rests any more for a caller who reads slowly."""
        for attempt in self._running:
            attempt.resume()

    # -- what becomes of attempts

    def settle_on(self, winner: Attempt) -> float:
        """This one answers: nobody else has to. Returns the time in the event loop's clock."""
        now = self.clock()
        if len(self._running) > 1:
            for attempt in self._running:
                if attempt is not winner:
                    if attempt.sent:
                        self._reply.lose(attempt.route)
                        if attempt is self._running[0]:
                            attempt.route.standing.outwaited(now, attempt.sent)
                    self._note(attempt.route, "another one was faster")
                    attempt.cancel()
            self._running = (winner,)
        elif not self._running:  # it was turned down before, and does after all
            self._running = (winner,)
        if self._timer is not None:
            self._stop_timer()
        reply = self._reply
        if reply.route is not winner.route or winner.warning:
            reply.route, reply.warning = winner.route, winner.warning
        reply.waited_s += now - (self._waiting or now)
        self._waiting = 0.0
        return now

    def begin(self) -> None:
        """Somebody has begun to answer, though the caller has nothing of it yet: nobody is asked beside."""
        if self._timer is not None:
            self._stop_timer()

    @property
    def is_gated(self) -> bool:
        """Whether answers are judged before they go to the caller."""
        return self._gate is not None

    def gate_for(self, attempt: Attempt) -> Gate | None:
        """Who judges this attempt's answer: nobody, where nobody else could be asked."""
        if self._gate is None or self._custody is not None or self._reply.attempts >= self.model.attempts:
            return None
        is_last = not self._has_next(self.clock()) and not self._gate.has_sample_of(attempt.route)
        return None if is_last else self._gate

    def turn_down(self, attempt: Attempt, why: str, usage: Usage | None, deliver: Callable[[], None]) -> None:
        """An answer does not do, or is only the first of two: it is paid for, and the next one is asked for."""
        self._running = ()
        self._stop_timer()
        self._stop_waiting()
        route = attempt.route
        self._reply.turn_down(route, usage)
        self._note(route, why or "asked once more, to compare its answers")
        self._second_best = deliver, route, usage
        if not why:
            self._launch(route, is_repeat=True)
        else:
            self._go_on(None)

    def refuse(self, error: StellwerkError) -> None:
        """The caller may not have an answer, whatever comes of those that were asked meanwhile."""
        for attempt in self._running if not self._reply.is_cached else ():  # what was kept is paid
            if attempt.unpaid is not None:
                self._reply.turn_down(attempt.route, attempt.unpaid)
            elif attempt.sent or attempt.owes:
                self._reply.lose(attempt.route)
        self._second_best = None
        self.fail(error)

    def finish(self) -> None:
        """The caller has its answer, for better or worse: nothing holds a cycle of objects together."""
        self._running = ()
        if self.recalling is not None:
            self.recalling.withdraw()
        if self.screening is not None:
            self.screening.stop()
        if self._failed is not None:  # errors remember the frames that they passed, and with them this
            self._failed = None
        if self._second_best is not None:
            self._second_best = None

    def attempt_failed(self, attempt: Attempt, error: UpstreamError | InvalidRequest) -> None:
        """An attempt came to nothing: leave it to the others, ask the next, or give up with the reason."""
        now = self.clock()
        is_lost = attempt.fail(error, now, is_hurried=self._is_hurried and now >= self._expires)
        self._running = tuple(other for other in self._running if other is not attempt)
        reply = self._reply
        reply.route, reply.warning = attempt.route, b""
        failed = self._failed = self._failed or {}
        failed[attempt.route.target.identity] = error
        self._note(attempt.route, error.code)
        if self._running:
            return
        self._stop_timer()
        self._stop_waiting()
        is_final = not (error.retryable or isinstance(error, InvalidRequest)) or (is_lost and not reply.can_pay_again())
        if is_final or reply.attempts >= self.model.attempts or now >= self._expires:
            self.fail(error)
        else:
            self._go_on(error)

    def ask_on(self, attempt: Attempt) -> None:
        """Asks the target of an attempt for what it still takes to answer, as the same attempt."""
        self._running = tuple(other for other in self._running if other is not attempt)
        self._launch(attempt.route)

    def fail(self, error: StellwerkError) -> None:
        """There is no answer. A provider's failure tells more than that another one cannot express the request."""
        running, self._running = self._running, ()
        for attempt in running:
            attempt.cancel()
        self._stop_timer()
        self._stop_waiting()
        second_best, self._second_best = self._second_best, None
        if second_best is not None:
            deliver, route, usage = second_best
            if self.leading is not None:
                self.leading.forget()  # the second best is for once
            self._reply.turn_down(route, usage, is_taken_back=True)
            deliver()
            return
        if isinstance(error, InvalidRequest) and self._failed:
            told = (each for each in self._failed.values() if isinstance(each, UpstreamError))
            error = next(told, error)
        self._reply.fail(error)
        self.finish()

    def fail_by_defect(self, error: Exception) -> None:
        """There is no answer, and it is our fault."""
        report(self.scheduler.log, error, self._reply.lease.request_id)
        self.fail(StellwerkError("The gateway failed to serve this request."))

    # -- who is asked next

    def _go_on(self, error: StellwerkError | None) -> None:
        """Asks the next target that is well; ``error`` is why the last one did not answer."""
        try:
            route = self._next()
            if route is None and (route := self._last_resort()) is not None:
                self._note(route, "asked all the same, for no better one is left")
            if route is not None:
                self._launch(route)
            elif error is None:
                self._wait_or_fail()
            else:
                self._repeat_later(error)
        except Exception as defect:  # noqa: BLE001  # a strategy's plan may be one that cannot be followed
            self.fail_by_defect(defect)

    def _next(self) -> Route | None:
        """The next target that can be asked now."""
        targets, routes = self.targets, self.model.routes
        while self._index < len(targets):
            route = routes[targets[self._index].identity]
            self._index += 1
            if route.standing.is_plain or not (verdict := route.standing.verdict(self.clock())):
                return route
            self._note(route, verdict)
        return None

    def _last_resort(self) -> Route | None:
        targets, routes, now = self.targets, self.model.routes, self.clock()
        return prospects.last_resort(targets, self._failed or (), routes, now, may_exceed=self.model.room is None)

    def _launch(self, route: Route, *, is_repeat: bool = False) -> None:
        reply, now = self._reply, self.clock()
        if self.recalling is not None:
            self.recalling.asks()
        reply.attempts += 1
        reply.turn_to(route)
        self._waiting = self._waiting or now
        interpreter = reader = None
        try:
            if self._gate is not None or not route.provider.speaks(reply.lease.envelope.dialect):
                reader = interpreter = self._interpret(route)
            if self.screening is not None:
                reader = self.screening.reader(interpreter)
        except StellwerkError as error:
            self.fail(error)
            return
        expires = self._expires
        if self._index < len(self.targets) and self._has_next(now):
            expires = now + (expires - now) * NEXT_TARGET_SHARE
        attempt = Attempt(self, reply, route, self._custody, interpreter, reader, expires)
        self._running = (*self._running, attempt) if self._running else (attempt,)
        attempt.start(self._trace)
        if self.model.hedging is not None and attempt.sent and self._running == (attempt,) and not is_repeat:
            self._hedge_later(self.model.hedging, route)

    def _hedge_later(self, hedging: Hedging, route: Route) -> None:
        """Waits for the first byte as long as usual."""
        after_s = hedging.after_s(route.standing)
        if after_s is not None and self._custody is None and self.clock() + after_s < self._expires:
            self._timer = self.scheduler.call_later(after_s, self._hedge)

    def _hedge(self) -> None:
        """The target takes unusually long: asks the next one beside it."""
        self._timer = None
        hedging = self.model.hedging
        if hedging is None or len(self._running) != 1 or self._reply.attempts >= self.model.attempts:
            return
        if not self._has_next(self.clock()) or not hedging.take():
            return
        route = self._next()
        if route is not None:
            self._note(self._running[0].route, "slow to begin")
            self._launch(route)

    def _has_next(self, now: float) -> bool:
        """Whether another target could be asked if this one fails."""
        return prospects.has_able(self.targets, self._index, self.model.routes, now)

    # -- waiting for a target that is at its limit

    def on_room(self) -> bool:
        """A target may have room."""
        self._index = 0
        if not self._has_next(self.clock()) and self._last_resort() is None:
            return False
        self._leave_room()
        self._go_on(None)
        return True

    def _wait_or_fail(self) -> None:
        """Nobody can be asked: joins those who wait, where it is a provider's limit that they wait for."""
        room, now, targets, routes = self.model.room, self.clock(), self.targets, self.model.routes
        may_wait = self._second_best is None and prospects.is_limited(targets, routes, now)
        if room is not None and may_wait and room.enter(self._reply.lease.principal.key_name, self):
            self._waiting = now
            self._look_later(min(now + room.timeout_s, self._expires))
        else:
            self.fail(prospects.nobody(targets, routes, now))

    def _look_later(self, end: float) -> None:
        """Looks again as soon as time alone may have made room, and gives up at ``end``."""
        now = self.clock()
        soonest_s = prospects.ready_in_s(self.targets, self.model.routes, now) or end - now
        self._timer = self.scheduler.call_later(max(min(soonest_s, end - now), 0.0), partial(self._look_again, end))

    def _look_again(self, end: float) -> None:
        self._timer = None
        if self.on_room():
            return
        if self.clock() < end:
            self._look_later(end)
        else:
            self._leave_room()
            self.fail(prospects.nobody(self.targets, self.model.routes, self.clock()))

    def _leave_room(self) -> None:
        if self.model.room is not None:
            self.model.room.leave(self._reply.lease.principal.key_name, self)
        self._stop_timer()
        self._stop_waiting()

    # -- what a target's dialect and a judged answer take

    def _interpret(self, route: Route) -> Interpretation | None:
        """Who translates for a target: nobody, where it speaks the caller's dialect and is asked no more than that."""
        former = self._interpreter if not self._running else None
        is_weighed = self._gate is not None and self._gate.weighs and self._has_next(self.clock())
        found = interpret(self._reply, route, self._gate, former, is_weighed=is_weighed)
        self._interpreter = found or self._interpreter
        return found

    # -- asking again

    def _repeat_later(self, error: StellwerkError) -> None:
        """Asks a target again after a pause, if it may be worth it."""
        now = self.clock()
        pause_s = full_jitter(self._pauses, BACKOFF_S, MAX_BACKOFF_S, random.random())  # noqa: S311 (no secret)
        failed = self._failed if self._failed is not None and self._pauses < self.model.repeats else {}
        found = prospects.repeatable(failed, self.model.routes, now, pause_s, self._expires)
        if found is None:
            self.fail(error)
            return
        route, wait_s = found
        self._pauses += 1
        self._waiting = now
        self._timer = self.scheduler.call_later(wait_s, partial(self._repeat, route, failed[route.target.identity]))

    def _repeat(self, route: Route, told: StellwerkError) -> None:
        self._timer = None
        self._stop_waiting()
        if not route.standing.is_limited(self.clock()):  # its circuit has opened meanwhile
            self._go_on(told)
        else:
            self._launch(route, is_repeat=True)

    def _note(self, route: Route, what: str) -> None:
        """Puts on record why a target was passed over, or did not answer."""
        self._reply.why += f"; {route.target.identity}: {what}"

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._reply.waited_s += self.clock() - self._waiting
            self._waiting = 0.0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
