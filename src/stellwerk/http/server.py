"""One caller's connection: bytes in, requests out in order, strict about where every message ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import httptools

from stellwerk.errors import HeadersTooLarge, InvalidRequest, PayloadTooLarge, RequestError, RequestTimeout
from stellwerk.http import head
from stellwerk.http.deadlines import NEVER
from stellwerk.http.known_head import KnownHead, learn
from stellwerk.http.request import BodySink, Request

if TYPE_CHECKING:
    from stellwerk.http.front import Front

LARGE_BODY_BYTES = 65_536
"""A body over this is decided about before it is sent."""
HEAD_LESSONS = 8
"""How often a connection's head is remembered anew: where every request has another, it is not worth it."""
MAX_PIPELINED = 256
"""Whole requests that may wait on one connection."""
LINGER_S = 2.0
LINGER_BYTES = 1_048_576
_SINGLE = frozenset({b"host", b"content-length", b"authorization", b"content-type", b"transfer-encoding", b"expect"})

_TELLING = (b"transfer-encoding", b"expect", b"upgrade")
"""Fields that change how a message is read."""


class _Refused(Exception):
    """Raised inside a parser callback to stop the parser; the reason is on the connection."""


class ServerConnection(asyncio.Protocol):
    """Parses, bounds, serialises and times one connection.

    Requests are served one at a time in the order of their arrival. While one is in flight, reading goes on into a
    bounded buffer, because a paused socket would hide that the caller has gone. A refused message ends the
    connection: after it, nobody could say for sure where the next one begins. The Host and the target that passed
    their checks last are remembered, and so is a whole head: on a kept-alive connection they rarely change.
    """

    __slots__ = (
        "_announced",
        "_app",
        "_body_bytes",
        "_clock",
        "_complete",
        "_current",
        "_fed",
        "_front",
        "_good_host",
        "_good_path",
        "_good_query",
        "_good_target",
        "_headers",
        "_in_head",
        "_incoming",
        "_is_adopted",
        "_known",
        "_lessons",
        "_limits",
        "_lingered",
        "_modest_bytes",
        "_owes_continue",
        "_parser",
        "_pending",
        "_pieces",
        "_read_bytes",
        "_refusal",
        "_repeated",
        "_serving",
        "_since",
        "_sink",
        "_target",
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
        self._known: KnownHead | None = None
        self._lessons = HEAD_LESSONS
        self._limits = front.limits
        self._modest_bytes = min(LARGE_BODY_BYTES, front.limits.max_body_bytes)
        self._parser = httptools.HttpRequestParser(self)
        self._complete: list[Request] = []
        self._pieces: list[bytes] = []
        self._current: Request | None = None
        self._incoming: Request | None = None
        self._refusal: RequestError | None = None
        self._sink: BodySink | None = None
        self._pending = b""
        self._target = b""
        self._good_host: bytes | None = b"\0"
        self._good_target = self._good_path = self._good_query = b"\0"
        self._announced = 0
        self._body_bytes = 0
        self._repeated = 0
        self._fed = 0
        self._read_bytes = 0
        self._since = 0.0
        self._lingered = -1
        self._headers: dict[bytes, bytes] = {}
        self._in_head = False
        self._owes_continue = False
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
        """Parses what came, or keeps it while another request is being answered."""
        if self._lingered >= 0:
            self._lingered += len(data)
            if self._lingered > LINGER_BYTES:
                self.transport.abort()
        elif self._current is None and not self._complete:
            known = self._known
            if known is not None and self._incoming is None and len(data) <= self._modest_bytes:
                body = known.body_of(data)
                if body is not None:
                    # The parser stands between two messages before and after, and never learns of this one.
                    self.deadline = NEVER
                    self._current = request = Request(
                        self, known.headers, known.method, known.path, known.query, body, known, self._clock()
                    )
                    self._app.handle(request)
                    return
            self._read(data)
        elif self._refusal is None:
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

    # -- what the parser says

    def on_message_begin(self) -> None:
        """A new message starts."""
        self._incoming = request = Request(self)
        self._headers = request.headers
        self._in_head = True
        self._target = b""
        self._announced = self._body_bytes = self._repeated = self._fed = 0
        self._owes_continue = False
        self._sink = None

    def on_url(self, part: bytes) -> None:
        """A part of the request target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field; trailers are read over, they must never change what the head said."""
        if self._in_head:
            headers = self._headers
            name = name.lower()
            if name not in headers:
                headers[name] = value
            elif name in _SINGLE:
                self._stop(InvalidRequest(f"The header {name.decode('ascii', 'replace')!r} is given twice."))
            else:
                self._repeated += 1
                if self._repeated > self._limits.max_headers:
                    self._stop(HeadersTooLarge(f"The request has over {self._limits.max_headers} headers."))
                headers[name] = b"%b, %b" % (headers[name], value)

    def on_headers_complete(self) -> None:
        """The head is whole: everything that can be refused before the body is."""
        request = cast("Request", self._incoming)
        parser = self._parser
        self._in_head = False
        request.method = parser.get_method()
        if not parser.should_keep_alive():
            request.keep_alive = False
        self._check_head(request)
        headers = self._headers
        length = headers.pop(b"content-length", None)
        if length is not None:
            self._announced = int(length)
        if self._announced > self._modest_bytes or b"transfer-encoding" in headers or b"expect" in headers:
            self._invite_body(request)

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(piece)
        if self._body_bytes > self._modest_bytes and self._body_bytes > self._limits.max_body_bytes:
            self._stop(self._too_large())
        if self._sink is not None:
            self._sink.on_piece(piece)
        else:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """The message is whole and may be served when its turn comes."""
        request = cast("Request", self._incoming)
        if b"upgrade" in request.headers and self._awaits_body(request):
            return
        if len(self._complete) >= MAX_PIPELINED:
            self._stop(InvalidRequest(f"Over {MAX_PIPELINED} requests wait on this connection."))
        pieces = self._pieces
        if pieces:
            request.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
        self._incoming = None
        self._complete.append(request)

    # -- what the answer says

    @property
    def peer(self) -> str:
        """Address of the other end, without port."""
        name: Any = self.transport.get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def is_idle(self) -> bool:
        """Whether no byte of a request is here that has not been answered."""
        return (
            self._current is None
            and self._incoming is None
            and not (self._complete or self._pending or self.is_closing or self._refusal)
            and self._lingered < 0
            and self.transport.get_write_buffer_size() == 0
        )

    def hasty_writer(self) -> Callable[[bytes], None]:
        """A way to write pieces of a stream, each as it comes."""
        return self._front.outbox.hasty_writer(self.transport)

    def date_line(self) -> bytes:
        """The Date field for a head that is sent now."""
        return self._front.date.at(self._clock())

    def finish(self, request: Request, *, keep_alive: bool) -> None:
        """The answer to ``request`` is written: serve the next one, or end."""
        request.owner = None
        self._current = None
        self._front.served += 1
        if not keep_alive:
            self._close_gently()
        elif self._complete or self._pending or self._refusal is not None or self._incoming is not None:
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
        if self._current is None and self._incoming is None and not self._complete and not self._pending:
            self._close()

    def pause_reading(self) -> None:
        """Stops reading; what its sender may take longer for then is not its fault."""
        self.deadline = NEVER
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Goes on reading."""
        if self._incoming is not None:
            self._expire_in(self._limits.body_timeout_s)
        self.transport.resume_reading()

    def on_deadline(self, now: float) -> None:
        """Something took too long: what, follows from what is under way."""
        del now
        self._front.outbox.flush()
        self.deadline = NEVER
        if self._incoming is not None and self._current is None and self._lingered < 0:
            what = "headers" if self._in_head else "body"
            self._refusal = RequestTimeout(f"The request's {what} did not arrive in time.")
            self._serve()
        elif self._current is None and self._lingered < 0 and self.transport.get_write_buffer_size() == 0:
            self._close()
        else:
            self.abort()

    # -- parsing

    def _read(self, data: bytes) -> None:
        """Parses what came while nothing was under way, and serves what is whole."""
        is_start = self._incoming is None
        self._parse(data)
        complete = self._complete
        if len(complete) == 1 and self._refusal is None:
            self._current = request = complete.pop()
            request.received = self._clock()
            if is_start and self._lessons and request.keep_alive:
                self._learn(data, request)
            self._app.handle(request)
        elif complete or self._refusal is not None:
            self._serve()

    def _learn(self, data: bytes, request: Request) -> None:
        """Remembers the head, so that the next request that has it need not be parsed."""
        if self._announced and not any(name in request.headers for name in _TELLING):
            self._lessons -= 1
            headers, body = request.headers, request.body
            self._known = request.known = learn(data, request.method, request.path, request.query, headers, body)

    def _parse(self, data: bytes) -> None:
        started = self._incoming is not None
        if started:
            self._fed += len(data)
        self._read_bytes = len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if self._refusal is None:
                if isinstance(error, httptools.HttpParserCallbackError):
                    raise
                self._refusal = InvalidRequest(f"The request is not valid HTTP/1.1: {_reason(error)}.")
        if self._complete:
            self.deadline = NEVER
        elif self._incoming is not None and self._refusal is None:
            if not started:
                self._since = self._clock()
            self._bound_unfinished()

    def _bound_unfinished(self) -> None:
        """Bounds a message that has not fully arrived in bytes and time.

        Bytes count from the first read that began inside the message, so that what came before it does not.
        """
        limits = self._limits
        if self._in_head:
            if self._fed > limits.max_header_bytes or self._head_is_too_large():
                self._refusal = HeadersTooLarge(f"The request's headers are over {limits.max_header_bytes} bytes.")
            else:
                self._expire_at(self._since + limits.header_timeout_s)
        elif self._fed - self._body_bytes > limits.max_header_bytes + 8 * self._body_bytes:
            self._refusal = InvalidRequest("The request's chunk framing is out of proportion to its body.")
        else:
            slowest = self._since + limits.body_timeout_s + self._body_bytes / limits.min_body_bytes_per_s
            self._expire_at(min(self._clock() + limits.body_timeout_s, slowest))

    def _head_is_too_large(self) -> bool:
        """Whether what has been read of a head is over the limit; added up only when so much has come at all."""
        limit = self._limits.max_header_bytes
        if self._incoming is None or self._fed + self._read_bytes <= limit:
            return False
        return (
            len(self._target) + sum(len(name) + len(value) + 4 for name, value in self._incoming.headers.items())
            > limit
        )

    def _decline_upgrade(self, rest: bytes) -> None:
        """Serves a request that asked for another protocol as plain HTTP/1.1 (RFC 9110, section 7.8).

        The parser believes that the other protocol begins behind the head. A body that the head announced is read by
        another parser that is told no more than how it is framed; the connection ends with that request's answer.
        """
        request = self._incoming
        if request is None:
            self._parser = httptools.HttpRequestParser(self)
            self._pending = rest + self._pending
            return
        request.keep_alive = False
        self._parser = httptools.HttpRequestParser(_BodyParts(self))
        length = b"content-length: %d" % self._announced
        framing = b"transfer-encoding: chunked" if self._is_chunked(request) else length
        self._parse(b"POST / HTTP/1.1\r\nhost: x\r\n%b\r\n\r\n%b" % (framing, rest))

    def _check_head(self, request: Request) -> None:
        """Refuses a head that some other parser might read differently, or that is over the limits."""
        limits = self._limits
        headers = self._headers
        if self._head_is_too_large():
            self._stop(HeadersTooLarge(f"The request's headers are over {limits.max_header_bytes} bytes."))
        if len(headers) > limits.max_headers:
            self._stop(HeadersTooLarge(f"The request has over {limits.max_headers} headers."))
        try:
            if self._parser.get_http_version() != "1.1":
                head.check_version(self._parser.get_http_version(), headers)
                request.is_http_1_0 = True
            if b"transfer-encoding" in headers:
                head.check_coding(headers[b"transfer-encoding"])
            host = headers.get(b"host")
            if host != self._good_host:
                head.check_host(host, is_required=not request.is_http_1_0)
                self._good_host = host
            if self._target == self._good_target:
                request.path, request.query = self._good_path, self._good_query
            else:
                self._read_target(request, host)
        except RequestError as error:
            self._stop(error)

    def _read_target(self, request: Request, host: bytes | None) -> None:
        target = self._target
        path, query = head.read_target(target, host, request.method, self._limits.max_target_bytes)
        request.path, request.query = path, query
        if target.startswith(b"/"):  # what other forms mean depends on more than the target
            self._good_target, self._good_path, self._good_query = target, path, query

    def _invite_body(self, request: Request) -> None:
        """Decides about a large or announced body before it is sent."""
        if self._announced > self._limits.max_body_bytes:
            self._stop(self._too_large())
        expectation = request.headers.get(b"expect")
        if expectation is not None and expectation.strip().lower() != b"100-continue":
            self._stop(InvalidRequest("Only '100-continue' is understood as Expect."))
        try:
            self._sink = self._app.accept(request)
        except RequestError as error:
            self._stop(error)
        self._owes_continue = expectation is not None and not request.is_http_1_0
        if self._current is None and not self._complete:
            self._continue()

    def _awaits_body(self, request: Request) -> bool:
        """Whether the parser took a request for whole that has a body, because it asked for another protocol."""
        return self._parser.should_upgrade() and (self._announced > 0 or self._is_chunked(request))

    @staticmethod
    def _is_chunked(request: Request) -> bool:
        return b"transfer-encoding" in request.headers

    def _continue(self) -> None:
        if self._owes_continue:
            self._owes_continue = False
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"The request's body is over {self._limits.max_body_bytes} bytes.")

    def _stop(self, error: RequestError) -> None:
        self._refusal = error
        raise _Refused

    # -- serving

    def _serve(self) -> None:
        """Serves what is complete, one request after the other; a loop, so that a long pipeline does not recurse."""
        if self._serving:
            return
        self._serving = True
        try:
            while self._current is None and not self.transport.is_closing() and self._lingered < 0:
                if self._complete:
                    request = self._complete.pop(0)
                    request.received = self._clock()
                    self._current = request
                    self._app.handle(request)
                elif self._refusal is not None:
                    self._answer_refusal(self._refusal)
                elif self._pending:
                    data, self._pending = self._pending, b""
                    self._parse(data)
                else:
                    if self._incoming is not None:
                        self._await_rest()
                    if self._refusal is None:
                        break
        finally:
            self._serving = False
        if self._current is not None or self._incoming is not None or self._lingered >= 0:
            return
        if self.is_closing or self._front.is_draining:
            self._close()
        else:
            self._expire_in(self._limits.keep_alive_s)

    def _await_rest(self) -> None:
        """Waits for the rest of a message of which a part came behind the last one."""
        self._continue()
        self._since = self._clock()
        self._bound_unfinished()

    def _answer_refusal(self, error: RequestError) -> None:
        request = self._incoming if self._incoming is not None else Request(self)
        owner, request.owner = request.owner, None
        self._incoming = self._sink = None
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
        self._pieces.clear()
        self._pending = b""
        if self._refusal is not None and self.transport.can_write_eof():
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
        lost = [request for request in (self._current, *self._complete, self._incoming) if request is not None]
        self._current = None
        self._complete.clear()
        self._pieces.clear()
        self._pending = b""
        self._incoming = None
        self._sink = None
        self._refusal = None
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


class _BodyParts:
    """Hears of one body, tells the connection, and is deaf to whatever comes behind it."""

    __slots__ = ("_connection",)

    def __init__(self, connection: ServerConnection) -> None:
        self._connection: ServerConnection | None = connection

    def on_body(self, piece: bytes) -> None:
        if self._connection is not None:
            self._connection.on_body(piece)

    def on_message_complete(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.on_message_complete()


def _reason(error: httptools.HttpParserError) -> str:
    return str(error) or type(error).__name__
