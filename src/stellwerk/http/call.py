"""One HTTP request to an upstream: what is sent, who hears the answer, and how long each phase may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from stellwerk.errors import UpstreamError, UpstreamTimeout
from stellwerk.http.deadlines import NEVER
from stellwerk.http.fields import Headers

if TYPE_CHECKING:
    from stellwerk.http.pool import Lane
    from stellwerk.http.upstream import UpstreamConnection

    Hearer: TypeAlias = Callable[[UpstreamConnection, float], Callable[[bytes], None] | None]


def frame(method: bytes, path: bytes, authority: bytes, fields: bytes, length: int) -> bytes:
    """The head of a request: ``fields`` is a rendered block, all that concerns framing is added here."""
    return b"%b %b HTTP/1.1\r\nhost: %b\r\n%bcontent-length: %d\r\n\r\n" % (
        method,
        path,
        authority,
        fields,
        length,
    )


class Patience(msgspec.Struct, frozen=True):
    """How long each phase of a call may take, in seconds."""

    connect_s: float = 10.0
    write_s: float = 30.0
    first_byte_s: float = 20.0
    idle_s: float = 60.0


class AnswerSink(Protocol):
    """Hears the answer to a call. Exactly one of ``on_answer``, ``on_end`` and ``on_failure`` comes last."""

    def on_head(self, status: int, headers: Headers) -> bool:
        """The head of an answer that may be streamed. True streams its body, False collects it for ``on_answer``."""
        ...

    def on_body(self, data: bytes) -> None:
        """The next bytes of a streamed body."""
        ...

    def on_end(self) -> None:
        """A streamed body is whole, as far as HTTP can tell."""
        ...

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """A collected answer is whole."""
        ...

    def on_failure(self, error: UpstreamError) -> None:
        """There is no answer, or it broke off."""
        ...


class Call(msgspec.Struct, eq=False):
    """The handle of one request in the pool, from the queue to the last byte of its answer.

    ``head`` is the framed head of the request, ``body`` its whole body. ``expires`` bounds the whole call in the event
    loop's clock (``NEVER``: only its phases are bounded). A call that has ended, or was cancelled, has no connection:
    whatever its owner still does with it touches nobody else's.
    """

    head: bytes
    body: bytes
    sink: AnswerSink
    is_streamed: bool
    patience: Patience
    expires: float = NEVER
    deadline: float = NEVER
    lane: Lane | None = None
    connection: UpstreamConnection | None = None
    has_answer: bool = False
    repeats: int = 0
    hearer: Hearer | None = None
    """Makes, for a connection and its idle limit, what hears single reads of a chunked answer instead of the parser,
    as long as that stands between two chunks. It hands on to ``data_received`` what it does not take."""

    def cancel(self) -> None:
        """Gives the call up now: a waiting one leaves the queue, a running one takes its connection with it."""
        connection, self.connection = self.connection, None
        lane, self.lane = self.lane, None
        if connection is not None:
            connection.abandon()
        elif lane is not None:
            lane.withdraw(self)

    def hand_to(
        self,
        sink: AnswerSink,
        *,
        expires: float,
        hearer: Hearer | None = None,
    ) -> None:
        """Lets ``sink`` hear the rest of the answer, which may take until ``expires``.

        A ``hearer`` minds the idle limit alone: it is for a call that is not bounded as a whole.
        """
        self.sink = sink
        self.expires = expires
        self.hearer = hearer
        if self.connection is not None:
            self.connection.attend()

    def pause(self) -> None:
        """Stops reading the answer; the upstream is slowed down by TCP."""
        if self.connection is not None:
            self.connection.pause()

    def resume(self) -> None:
        """Goes on reading the answer."""
        if self.connection is not None:
            self.connection.resume()

    def on_deadline(self, now: float) -> None:
        """No connection in time."""
        self.deadline = NEVER
        lane, self.lane = self.lane, None
        if lane is not None:
            lane.withdraw(self)
            what = "the deadline passed" if now >= self.expires else "no connection in time"
            self.sink.on_failure(UpstreamTimeout(f"The provider could not be reached: {what}."))
