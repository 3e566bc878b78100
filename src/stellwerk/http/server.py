"""One caller's connection: bytes in, requests out in order, strict about where every message ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from stellwerk.errors import RequestError
from stellwerk.http.deadlines import NEVER
from stellwerk.http.reading import RequestReader
from stellwerk.http.request import Request

if TYPE_CHECKING:
    from stellwerk.http.front import Front
    from stellwerk.http.outbox import Outlet

LINGER_S = 2.0
LINGER_BYTES = 1_048_576


class ServerConnection(asyncio.Protocol):
    """Reads, serialises, times and ends one connection.

    Requests are served one at a time in the order of their arrival. While one is in flight, reading goes on into a
    bounded buffer, because a paused socket would hide that the caller has gone. A refused message ends the
    connection: after it, nobody could say for sure where the next one begins.
    """

    __slots__ = (
        "_app",
        "_clock",
        "_current",
        "_front",
        "_is_adopted",
        "_limits",
        "_lingered",
        "_pending",
        "_reader",
        "_serving",
        "deadline",
        "is_closing",
        "transport",
        "write",
    )

    def __init__(self, front: Front, *, is_adopted: bool = False) -> None:
        self._front = front
        self._is_adopted = is_adopted
        self._app = front.app
        self._clock = front.deadlines.clock
        self._limits = front.limits
        self._reader = RequestReader(front, self)
        self._current: Request | None = None
        self._pending = b""
        self._lingered = -1
        self._serving = False
        self.is_closing = False
        """Whether this connection ends with the answer that is under way."""
        self.deadline = NEVER

    # -- what the event loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection in, or turns it away when there are too many."""
        self.transport = cast("asyncio.Transport", transport)
        self.write = self._front.outbox.writer(self.transport)
        if not self._front.admit(self):
            self.transport.abort()
            return
        limits = self._limits
        patience_s = limits.keep_alive_s if self._is_adopted else limits.header_timeout_s
        self.deadline = self._clock() + patience_s
        self._front.deadlines.watch(self)

    def data_received(self, data: bytes) -> None:
        """Reads what came, or keeps it while another request is being answered."""
        reader = self._reader
        if self._lingered >= 0:
            self._lingered += len(data)
            if self._lingered > LINGER_BYTES:
                self.transport.abort()
        elif self._current is None and not reader.complete:
            request = reader.recognise(data)
            if request is not None:
                self.deadline = NEVER
                self._current = request
                self._app.handle(request)
            else:
                self._read(data)
        elif reader.refusal is None:
            self._pending += data
            if len(self._pending) > self._limits.max_pipelined_bytes:
                self.abort()

    def eof_received(self) -> None:
        """The caller has closed its side: whatever it waited for is no longer wanted."""
        self._lose()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection and tells whoever answers on it."""
        del exc
        self._front.forget(self)
        self._lose()

    def pause_writing(self) -> None:
        """The caller reads slowly: whoever produces must pause, and the caller has only so long to catch up."""
        self._expire_in(self._limits.send_timeout_s)
        if self._current is not None and self._current.owner is not None:
            self._current.owner.on_pause()

    def resume_writing(self) -> None:
        """The caller has caught up."""
        if self._lingered >= 0:
            return
        self.deadline = NEVER
        if self._current is not None and self._current.owner is not None:
            self._current.owner.on_resume()
        elif self._current is None:
            self._expire_in(self._limits.keep_alive_s)

    # -- what the answer says

    @property
    def peer(self) -> str:
        """Address of the other end, without port."""
        name: Any = self.transport.get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def is_serving(self) -> bool:
        """Whether a request is being answered."""
        return self._current is not None

    @property
    def awaits_a_body(self) -> bool:
        """Whether the head of a request is here and not all of its body."""
        return self._reader.incoming is not None and not self._reader.in_head

    @property
    def is_idle(self) -> bool:
        """Whether no byte of a request is here that has not been answered."""
        reader = self._reader
        return (
            not (self._current or reader.incoming or reader.complete or reader.refusal)
            and not (self._pending or self.is_closing)
            and self._lingered < 0
            and self.transport.get_write_buffer_size() == 0
        )

    def outlet(self) -> Outlet:
        """A way to write pieces of a stream, each as it comes."""
        return self._front.outbox.outlet(self.transport)

    def date_line(self) -> bytes:
        """The Date field for a head that is sent now."""
        return self._front.date.at(self._clock())

    def finish(self, request: Request, *, keep_alive: bool) -> None:
        """The answer to ``request`` is written: serve the next one, or end."""
        request.owner = None
        reader = self._reader
        self._current = None
        self._front.served += 1
        if not keep_alive:
            self._close_gently()
        elif self._pending or reader.complete or reader.refusal is not None or reader.incoming is not None:
            self._serve()
        elif self.is_closing or self._front.is_draining:
            self._close()
        else:
            self.deadline = deadline = self._clock() + self._limits.keep_alive_s
            if deadline < self._front.deadlines.wake:
                self._front.deadlines.hasten(deadline)

    def abort(self) -> None:
        """Breaks the connection off now."""
        self.transport.abort()
        self._lose()

    def drain(self) -> None:
        """Ends the connection as soon as nothing is under way; the answer under way says that it is the last."""
        self.is_closing = True
        reader = self._reader
        if not (self._current or reader.incoming or reader.complete or self._pending):
            self._close()

    def pause_reading(self) -> None:
        """Stops reading; what its sender may take longer for then is not its fault."""
        self.deadline = NEVER
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Goes on reading."""
        if self._reader.incoming is not None:
            self._expire_in(self._limits.body_timeout_s)
        self.transport.resume_reading()

    def on_deadline(self, now: float) -> None:
        """Something took too long: what, follows from what is under way."""
        del now
        self._front.outbox.flush()
        self.deadline = NEVER
        if self._reader.incoming is not None and self._current is None and self._lingered < 0:
            self._reader.run_out()
            self._serve()
        elif self._current is None and self._lingered < 0 and self.transport.get_write_buffer_size() == 0:
            self._close()
        else:
            self.abort()

    # -- reading

    def _read(self, data: bytes) -> None:
        """Reads what came while nothing was under way, and serves what is whole."""
        reader = self._reader
        is_start = reader.incoming is None
        self._feed(data)
        if len(reader.complete) == 1 and reader.refusal is None:
            self._current = request = reader.complete.pop()
            request.received = self._clock()
            if is_start:
                reader.learn(data, request)
            self._app.handle(request)
        elif reader.complete or reader.refusal is not None:
            self._serve()

    def _feed(self, data: bytes) -> None:
        reader = self._reader
        rest = reader.feed(data)
        if rest:
            self._pending = rest + self._pending
        if reader.complete:
            self.deadline = NEVER
        elif reader.incoming is not None and reader.refusal is None:
            self._expire_at(reader.bound())

    # -- serving

    def _serve(self) -> None:
        """Serves what is complete, one request after the other; a loop, so that a long pipeline does not recurse."""
        if self._serving:
            return
        self._serving = True
        reader = self._reader
        try:
            while self._current is None and not self.transport.is_closing() and self._lingered < 0:
                if reader.complete:
                    request = reader.complete.pop(0)
                    request.received = self._clock()
                    self._current = request
                    self._app.handle(request)
                elif reader.refusal is not None:
                    self._answer_refusal(reader.refusal)
                elif self._pending:
                    data, self._pending = self._pending, b""
                    self._feed(data)
                else:
                    if reader.incoming is not None:
                        self._expire_at(reader.await_rest())
                    if reader.refusal is None:
                        break
        finally:
            self._serving = False
        if self._current is not None or reader.incoming is not None or self._lingered >= 0:
            return
        if self.is_closing or self._front.is_draining:
            self._close()
        else:
            self._expire_in(self._limits.keep_alive_s)

    def _answer_refusal(self, error: RequestError) -> None:
        request = self._reader.take_incoming()
        owner, request.owner = request.owner, None
        self._current = request
        request.keep_alive = False
        fields, body = self._app.refusal(error, request)
        request.respond(error.status, fields, body)
        if owner is not None:
            owner.on_gone()

    def _close_gently(self) -> None:
        """Ends our side and reads on for a moment: closing with unread bytes would reset the answer away."""
        if self.transport.is_closing():
            return
        self.is_closing = True
        self._lingered = 0
        self._pending = b""
        if self._reader.refusal is not None and self.transport.can_write_eof():
            self._front.outbox.flush()
            self.transport.write_eof()
            self._expire_in(LINGER_S)
        else:
            self._front.outbox.flush()
            if self.transport.get_write_buffer_size() > 0:
                self._expire_in(self._limits.send_timeout_s)
            self.transport.close()

    def _close(self) -> None:
        """Ends the connection once everything that was written is sent."""
        self._front.outbox.flush()
        self.transport.close()

    def _lose(self) -> None:
        lost = self._reader.give_up()
        if self._current is not None:
            lost.insert(0, self._current)
        self._current = None
        self._pending = b""
        for request in lost:
            owner = request.detach()
            if owner is not None:
                owner.on_gone()

    def _expire_in(self, seconds: float) -> None:
        self._expire_at(self._clock() + seconds)

    def _expire_at(self, deadline: float) -> None:
        deadlines = self._front.deadlines
        self.deadline = deadline
        if deadline < deadlines.wake:
            deadlines.hasten(deadline)
