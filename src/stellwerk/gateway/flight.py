"""An answer on its way, and who else wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from stellwerk.core.cached import Recorded
from stellwerk.errors import UpstreamError, UpstreamInvalid

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route


class Follower(Protocol):
    """Somebody who waits for the same answer."""

    @property
    def listens(self) -> bool:
        """Whether it takes a stream as it comes."""
        ...

    def join(self, route: Route, recorded: Recorded) -> None:
        """The answer has begun, as a stream, and this is what has come of it."""
        ...

    def hear(self, data: bytes) -> None:
        """More of it."""
        ...

    def take(self, route: Route, recorded: Recorded) -> None:
        """It is whole."""
        ...

    def end(self) -> None:
        """It has been heard to its end."""
        ...

    def lose(self, error: UpstreamError) -> None:
        """It has begun, and will not be whole."""
        ...

    def lead(self) -> None:
        """Nobody asks for it any more: now this one does."""
        ...

    def ask(self) -> None:
        """Nobody asks for all of them any more: each does for itself."""
        ...


def _nothing() -> None:
    """Nobody leads."""


class Flight:
    """An answer on its way, and who else wants it."""

    __slots__ = ("_landed", "_most_bytes", "_waiting", "dialect", "listening", "on_followed", "raw", "route")

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._waiting: list[Follower] = []
        self.listening: list[Follower] = []
        """Those who have had the beginning of the stream."""
        self.route: Route | None = None
        """Who answers, once the stream has begun."""
        self.dialect = ""
        self.raw: bytearray | None = bytearray()
        """What has come of the stream; ``None`` once that is too much to keep."""
        self.on_followed: Callable[[], None] = _nothing
        """Called when somebody has joined, or left."""
        self._landed: tuple[Route, Recorded] | None = None

    @property
    def is_followed(self) -> bool:
        """Whether anybody waits for it."""
        return bool(self._waiting or self.listening)

    def follow(self, follower: Follower) -> bool:
        """Waits for the answer; whether that can still be had."""
        if self._landed is not None:
            follower.take(*self._landed)
            return True
        if self.raw is None:
            return False
        if follower.listens and self.route is not None:
            self.listening.append(follower)
            follower.join(self.route, self._recorded())
        else:
            self._waiting.append(follower)
        self.on_followed()
        return True

    def leave(self, follower: Follower) -> None:
        """Waits no longer."""
        for among in (self._waiting, self.listening):
            if follower in among:
                among.remove(follower)
                self.on_followed()

    def begin(self, route: Route, dialect: str, begun: bytes) -> None:
        """The stream of the target that answers has begun."""
        self.route, self.dialect = route, dialect
        self.raw = bytearray(begun)
        joining = [follower for follower in self._waiting if follower.listens]
        self._waiting = [follower for follower in self._waiting if follower not in joining]
        self.listening += joining
        for follower in joining:
            follower.join(route, self._recorded())

    def hear(self, data: bytes) -> None:
        """More of the stream."""
        if self.raw is not None:
            self.raw += data
            if len(self.raw) > self._most_bytes:
                self.raw = None
        for follower in tuple(self.listening):
            follower.hear(data)

    def land(self, route: Route, recorded: Recorded) -> None:
        """The answer is whole; whoever comes until it is kept has it from here."""
        self._landed = route, recorded
        waiting, listening = self._waiting, self.listening
        self._waiting, self.listening = [], []
        for follower in listening:  # some streams say that they are whole by nothing but their end
            follower.end()
        for follower in waiting:
            follower.take(route, recorded)

    def fail(self) -> None:
        """There is no answer: those who have begun to hear one are told. The others still wait."""
        listening, self.listening = self.listening, []
        for follower in listening:
            follower.lose(UpstreamInvalid("The provider's stream ended without its closing event."))
        self.route, self.raw = None, bytearray()

    def next(self) -> Follower | None:
        """One of those who wait, who has to ask by itself."""
        return self._waiting.pop(0) if self._waiting else None

    def _recorded(self) -> Recorded:
        return Recorded(self.dialect, is_stream=True, answer=bytes(self.raw or b""))
