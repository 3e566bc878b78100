"""A request that waits for the answer to an equal one: as a stream while it comes, or once it is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stellwerk.core.cached import Recorded
from stellwerk.errors import StellwerkError, UpstreamError, UpstreamTimeout
from stellwerk.gateway.replaying import Replay, can_replay, hand_on, replay
from stellwerk.http.deadlines import NEVER

if TYPE_CHECKING:
    from stellwerk.core.snapshot import LimitsSpec
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.flight import Flight
    from stellwerk.gateway.recollection import Recollection
    from stellwerk.gateway.reply import Reply


class Passenger:
    """Owner of the caller's request until its answer begins, and a ``Follower`` of a flight."""

    __slots__ = (
        "_exchange",
        "_flight",
        "_ignore",
        "_is_over",
        "_key",
        "_limits",
        "_replay",
        "_reply",
        "_shared",
        "_take_over",
        "deadline",
    )

    def __init__(
        self,
        shared: Recollection,
        key: bytes,
        flight: Flight,
        exchange: Exchange,
        reply: Reply,
        limits: LimitsSpec,
        ignore: tuple[str, ...],
        take_over: Callable[[Flight | None], None],
    ) -> None:
        """``ignore`` are members that equal requests may say differently.

        ``take_over`` has the request ask by itself, for those who follow the flight if there is one.
        """
        self._shared = shared
        self._key = key
        self._flight = flight
        self._exchange = exchange
        self._reply = reply
        self._limits = limits
        self._ignore = ignore
        self._take_over = take_over
        self._replay: Replay | None = None
        self._is_over = False
        self.deadline = NEVER
        """Until when it waits."""

    def board(self) -> bool:
        """Waits for the answer; whether that can still be had."""
        self._reply.request.owner = self
        self._reply.is_cached = True
        self.deadline = self._exchange.expires
        self._exchange.scheduler.deadlines.watch(self)
        if self._flight.follow(self):
            return True
        self._stop_waiting()
        self._reply.is_cached = False
        return False

    # -- what comes of it

    @property
    def listens(self) -> bool:
        """Whether it takes a stream as it comes."""
        return self._reply.lease.envelope.is_stream

    def join(self, route: Route, recorded: Recorded) -> None:
        """The answer has begun, as a stream."""
        self._stop_timer()
        exchange, reply = self._exchange, self._reply
        reply.turn_to(route)
        try:
            self._replay = attempt = replay(exchange, reply, route, recorded, self._limits, self._ignore)
            exchange.replay(attempt)
            attempt.begin_stream()
            attempt.feed(recorded.answer)
        except StellwerkError as error:
            exchange.fail(error)
        except Exception as error:  # noqa: BLE001  # its leader goes on
            exchange.fail_by_defect(error)

    def hear(self, data: bytes) -> None:
        """More of it."""
        if self._replay is not None:
            try:
                self._replay.feed(data)
            except Exception as error:  # noqa: BLE001  # its leader goes on
                self._exchange.fail_by_defect(error)

    def take(self, route: Route, recorded: Recorded) -> None:
        """It is whole."""
        self._stop_timer()
        if can_replay(self._reply, recorded):
            hand_on(self._exchange, self._reply, route, recorded, self._limits, self._ignore)
        else:
            self._take_over(None)

    def end(self) -> None:
        """It has been heard to its end."""
        if self._replay is not None:
            self._replay.end()

    def lose(self, error: UpstreamError) -> None:
        """It has begun, and will not be whole."""
        if self._replay is not None:
            self._replay.break_off(error)

    def lead(self) -> None:
        """Nobody asks for it any more: now this one does."""
        self._stop_timer()
        if self._is_over:
            self._shared.hand_over(self._key, self._flight, self._exchange.scheduler, to_all=False)
        else:
            self._take_over(self._flight)

    def ask(self) -> None:
        """Nobody asks for all: each does for itself."""
        self._stop_timer()
        if not self._is_over:
            self._take_over(None)

    def withdraw(self) -> None:
        """The request is over, however it went: nothing of the flight concerns it any more."""
        self._is_over = True
        self._stop_waiting()

    # -- what the caller says, and time

    def on_deadline(self, now: float) -> None:
        """It has waited long enough."""
        del now
        self._stop_waiting()
        self._exchange.fail(UpstreamTimeout("The answer to an equal request did not come in time."))

    def on_gone(self) -> None:
        """The caller has left: nobody is interested any more."""
        self.withdraw()
        self._reply.leave()
        self._exchange.finish()

    def on_pause(self) -> None:
        """Nothing is written yet."""

    def on_resume(self) -> None:
        """Nothing is written yet."""

    def _stop_waiting(self) -> None:
        self._stop_timer()
        self._flight.leave(self)

    def _stop_timer(self) -> None:
        if self.deadline < NEVER:
            self.deadline = NEVER
            self._exchange.scheduler.deadlines.forget(self)
