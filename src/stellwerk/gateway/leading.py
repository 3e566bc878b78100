"""A request whose answer is asked for: what comes of it is shared with those who wait for the same, and is kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.cached import Recorded
from stellwerk.gateway.keeping import Keeping
from stellwerk.gateway.replaying import MOST_AHEAD
from stellwerk.gateway.speeches import is_spoken

if TYPE_CHECKING:
    from stellwerk.core.event import RequestEvent
    from stellwerk.core.meaning import Considered
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.flight import Flight
    from stellwerk.gateway.recollection import Caching, Recollection
    from stellwerk.gateway.reply import Reply
    from stellwerk.gateway.stages.recall import Look


_ONE = frozenset((408, 429, 499))
"""Refusals that another attempt may not meet with."""


def _nothing() -> None:
    """Nobody leads any more."""


class Leading:
    """Hears what targets answer; when the request is settled, its answer lands, or somebody else has to ask."""

    __slots__ = (
        "_ahead",
        "_caching",
        "_exchange",
        "_flight",
        "_heard",
        "_is_left",
        "_is_slow",
        "_look",
        "_raw",
        "_reply",
        "_shared",
        "_winner",
        "considered",
        "on_answer",
    )

    def __init__(
        self,
        caching: Caching,
        shared: Recollection,
        exchange: Exchange,
        reply: Reply,
        look: Look,
        raw: bytes,
        flight: Flight | None,
    ) -> None:
        """``raw`` is a digest of the request's very bytes; ``flight`` is what others may join."""
        self.considered: Considered | None = None
        """What was thought of answers to other questions."""
        self.on_answer: Callable[[Route, Recorded], None] | None = None
        """Hears the answer once it is whole."""
        self._caching = caching
        self._shared = shared
        self._exchange = exchange
        self._reply = reply
        self._look = look
        self._raw = raw
        self._flight = flight
        self._heard: dict[str, bytearray | None] = {}
        """What targets have answered, by identity; ``None`` for more than is kept."""
        self._winner = ""
        self._is_slow = self._is_left = False
        self._ahead = 0
        """Bytes that have come since the caller reads slowly."""
        reply.on_settled = self._on_settled
        if flight is not None:
            flight.on_followed = self._on_followed

    @property
    def is_followed(self) -> bool:
        """Whether others wait for this request's answer."""
        return self._flight is not None and self._flight.is_followed

    def leave(self) -> bool:
        """The caller has left; whether its call goes on, for others."""
        self._is_left = True
        return self.is_followed

    def slow_down(self) -> bool:
        """The caller reads slowly; whether its call goes on all the same, for others."""
        self._is_slow = True
        return self.is_followed

    def catch_up(self) -> None:
        """The caller has read what there was."""
        self._is_slow, self._ahead = False, 0

    def give_up(self) -> None:
        """Nobody is asked: the caller has left before, or has its answer from elsewhere."""
        self._reply.on_settled = None
        self._hand_over()

    def land(self, route: Route, recorded: Recorded) -> None:
        """The answer was found after all: those who wait for the same have it, too."""
        self._reply.on_settled = None
        flight, self._flight = self._flight, None
        if flight is not None:
            self._shared.end(self._look.exact[0], flight)
            flight.land(route, recorded)

    # -- what targets say

    def tap(self, route: Route) -> Callable[[bytes], None]:
        """What hears the stream of a target."""
        self._heard[route.target.identity] = bytearray()
        return partial(self._on_piece, route.target.identity)

    def heard(self, route: Route, body: bytes) -> None:
        """A whole answer of a target."""
        self._heard[route.target.identity] = bytearray(body)

    def won(self, route: Route) -> None:
        """This target's stream goes to the caller."""
        self._winner = route.target.identity
        begun = self._heard.get(self._winner)
        if self._flight is not None and begun is not None:
            self._flight.begin(route, self._dialect_of(route), bytes(begun))

    def forget(self) -> None:
        """What has come is for this caller alone."""
        self._heard = {}

    # -- helpers

    def _on_piece(self, identity: str, data: bytes) -> None:
        heard = self._heard.get(identity)
        if heard is not None:
            heard += data
            if len(heard) > self._caching.store.max_entry_bytes:
                self._heard[identity] = None
        if identity == self._winner and self._flight is not None:
            self._flight.hear(data)
        if self._is_slow and not self._is_left:
            self._ahead += len(data)
            if self._ahead > MOST_AHEAD:  # its caller alone would have been waited for
                self._is_left = True
                self._reply.request.abort()

    def _on_followed(self) -> None:
        """Somebody has joined, or left: a call that rested for its caller goes on; one that nobody wants ends."""
        if self.is_followed:
            if self._is_slow:
                self._exchange.hurry()
        elif self._is_left:
            self._exchange.on_gone()

    def _on_settled(self, event: RequestEvent) -> None:
        """The request is over: what came of it is kept, and told to those who wait for it."""
        route, recorded = self._reply.route, self._recorded(event)
        self._heard = {}
        if recorded is None or route is None:
            # What is wrong with a request is so for each, and an answer that cannot be shared as well.
            self._hand_over(
                to_all=event.outcome == "complete" or (400 <= event.status < 500 and event.status not in _ONE)
            )
            return
        if self.on_answer is not None:
            self.on_answer(route, recorded)
        if self._flight is not None:
            self._flight.land(route, recorded)
        Keeping(
            self._caching,
            self._shared,
            self._exchange,
            self._reply,
            self._look,
            self._raw,
            recorded,
            event,
            self.considered,
        ).start(self._end)

    def _recorded(self, event: RequestEvent) -> Recorded | None:
        route = self._reply.route
        if event.outcome != "complete" or event.is_estimated or route is None:
            return None
        envelope = self._reply.lease.envelope
        if not is_spoken(envelope.dialect) and not route.provider.speaks(envelope.dialect):
            return None  # nobody could bring it into another form again
        answer = self._heard.get(route.target.identity)
        if answer is None:
            return None
        return Recorded(self._dialect_of(route), self._reply.lease.envelope.is_stream, bytes(answer))

    def _end(self) -> None:
        """From here on the cache has the answer, or nobody has."""
        flight, self._flight = self._flight, None
        if flight is not None:
            self._shared.end(self._look.exact[0], flight)

    def _hand_over(self, *, to_all: bool = False) -> None:
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.on_followed = _nothing
            self._shared.hand_over(self._look.exact[0], flight, self._exchange.scheduler, to_all=to_all)

    def _dialect_of(self, route: Route) -> str:
        """The dialect that a target answers this request in."""
        dialect = self._reply.lease.envelope.dialect
        return dialect if route.provider.speaks(dialect) else route.provider.dialect
