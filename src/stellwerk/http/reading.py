"""Reads one caller's bytes into requests, strict about where every message ends, and bounds what has not ended yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import httptools

from stellwerk.errors import HeadersTooLarge, InvalidRequest, PayloadTooLarge, RequestError, RequestTimeout
from stellwerk.http import head
from stellwerk.http.deadlines import NEVER
from stellwerk.http.known_head import KnownHead, learn
from stellwerk.http.request import BodySink, Request

if TYPE_CHECKING:
    from stellwerk.http.front import Front
    from stellwerk.http.server import ServerConnection

LARGE_BODY_BYTES = 65_536
"""A body over this is decided about before it is sent."""
HEAD_LESSONS = 8
"""How often a connection's head is remembered anew: where every request has another, it is not worth it."""
MAX_PIPELINED = 256
"""Whole requests that may wait on one connection."""
_SINGLE = frozenset({b"host", b"content-length", b"authorization", b"content-type", b"transfer-encoding", b"expect"})
_TELLING = (b"transfer-encoding", b"expect", b"upgrade")
"""Fields that change how a message is read."""


class _Refused(Exception):
    """Raised inside a parser callback to stop the parser; the reason is on the reader."""


class RequestReader:
    """What came on one connection: requests that are ``complete``, one that is ``incoming``, or a ``refusal``.

    After a refusal nobody could say for sure where the next message begins: nothing more may be fed. The Host and the
    target that passed their checks last are remembered, and so is a whole head: on a kept-alive connection they rarely
    change.
    """

    __slots__ = (
        "_announced",
        "_app",
        "_body_bytes",
        "_clock",
        "_connection",
        "_fed",
        "_good_host",
        "_good_path",
        "_good_query",
        "_good_target",
        "_headers",
        "_known",
        "_lessons",
        "_limits",
        "_modest_bytes",
        "_owes_continue",
        "_parser",
        "_pieces",
        "_read_bytes",
        "_repeated",
        "_since",
        "_sink",
        "_target",
        "complete",
        "in_head",
        "incoming",
        "refusal",
    )

    def __init__(self, front: Front, connection: ServerConnection) -> None:
        self._connection = connection
        self._app = front.app
        self._clock = front.deadlines.clock
        self._limits = front.limits
        self._modest_bytes = min(LARGE_BODY_BYTES, front.limits.max_body_bytes)
        self._parser = httptools.HttpRequestParser(self)
        self.complete: list[Request] = []
        """Whole requests that wait to be served, in order."""
        self.incoming: Request | None = None
        """The request of which a part is here."""
        self.in_head = False
        """Whether that part ends within the head."""
        self.refusal: RequestError | None = None
        self._known: KnownHead | None = None
        self._lessons = HEAD_LESSONS
        self._pieces: list[bytes] = []
        self._sink: BodySink | None = None
        self._target = b""
        self._good_host: bytes | None = b"\0"
        self._good_target = self._good_path = self._good_query = b"\0"
        self._announced = 0
        self._body_bytes = 0
        self._repeated = 0
        self._fed = 0
        self._read_bytes = 0
        self._since = 0.0
        self._headers: dict[bytes, bytes] = {}
        self._owes_continue = False

    # -- what the connection wants

    def recognise(self, data: bytes) -> Request | None:
        """The request that is exactly ``data`` and has the head that came last.

        The parser stands between two messages before and after, and never learns of it.
        """
        known = self._known
        if known is None or self.incoming is not None or len(data) > self._modest_bytes:
            return None
        body = known.body_of(data)
        if body is None:
            return None
        connection = self._connection
        return Request(connection, known.headers, known.method, known.path, known.query, body, known, self._clock())

    def learn(self, data: bytes, request: Request) -> None:
        """Remembers the head of the one request that was exactly ``data``, so that it will be recognised."""
        is_plain = self._announced and request.keep_alive and not any(name in request.headers for name in _TELLING)
        if self._lessons and is_plain:
            self._lessons -= 1
            headers, body = request.headers, request.body
            self._known = request.known = learn(data, request.method, request.path, request.query, headers, body)

    def feed(self, data: bytes) -> bytes:
        """Parses what came. Returns what follows a message that asked for another protocol and has no body."""
        if self.incoming is not None:
            self._fed += len(data)
        else:
            self._since = self._clock()
        self._read_bytes = len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if self.refusal is None:
                if isinstance(error, httptools.HttpParserCallbackError):
                    raise
                self.refusal = InvalidRequest(f"The request is not valid HTTP/1.1: {_reason(error)}.")
        return b""

    def bound(self) -> float:
        """When the rest of the incoming message must be here; ``NEVER`` when it is over its bounds in bytes.

        Bytes count from the first read that began inside the message, so that what came before it does not.
        """
        limits = self._limits
        if self.in_head:
            if self._fed <= limits.max_header_bytes and not self._head_is_too_large():
                return self._since + limits.header_timeout_s
            self.refusal = HeadersTooLarge(f"The request's headers are over {limits.max_header_bytes} bytes.")
        elif self._fed - self._body_bytes > limits.max_header_bytes + 8 * self._body_bytes:
            self.refusal = InvalidRequest("The request's chunk framing is out of proportion to its body.")
        else:
            slowest = self._since + limits.body_timeout_s + self._body_bytes / limits.min_body_bytes_per_s
            return min(self._clock() + limits.body_timeout_s, slowest)
        return NEVER

    def await_rest(self) -> float:
        """``bound`` for a message of which a part came while another was served: its time begins now."""
        self.invite()
        self._since = self._clock()
        return self.bound()

    def run_out(self) -> None:
        """The rest has not come in time."""
        what = "headers" if self.in_head else "body"
        self.refusal = RequestTimeout(f"The request's {what} did not arrive in time.")

    def invite(self) -> None:
        """Answers an expectation, if one is open: its sender waits for that with the body."""
        if self._owes_continue:
            self._owes_continue = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def give_up(self) -> list[Request]:
        """Forgets everything; returns the requests that will not be served."""
        lost = [*self.complete, *([self.incoming] if self.incoming is not None else [])]
        self.complete.clear()
        self._pieces.clear()
        self.incoming = self._sink = self.refusal = None
        return lost

    def take_incoming(self) -> Request:
        """The request that is being refused, as far as it is known."""
        request = self.incoming if self.incoming is not None else Request(self._connection)
        self.incoming = self._sink = None
        self._pieces.clear()
        return request

    # -- what the parser says

    def on_message_begin(self) -> None:
        """A new message starts."""
        self.incoming = request = Request(self._connection)
        self._headers = request.headers
        self.in_head = True
        self._target = b""
        self._announced = self._body_bytes = self._repeated = self._fed = 0
        self._owes_continue = False
        self._sink = None

    def on_url(self, part: bytes) -> None:
        """A part of the request target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field; trailers are read over, they must never change what the head said."""
        if self.in_head:
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
        request = cast("Request", self.incoming)
        parser = self._parser
        self.in_head = False
        request.method = parser.get_method()
        if not parser.should_keep_alive():
            request.keep_alive = False
        self._check_head(request)
        headers = self._headers
        length = headers.pop(b"content-length", None)
        if length is not None:
            self._announced = int(length)
        if self._announced > self._modest_bytes or b"transfer-encoding" in headers or b"expect" in headers:
            self._judge_body(request)

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
        request = cast("Request", self.incoming)
        if b"upgrade" in request.headers and self._awaits_body(request):
            return
        if len(self.complete) >= MAX_PIPELINED:
            self._stop(InvalidRequest(f"Over {MAX_PIPELINED} requests wait on this connection."))
        pieces = self._pieces
        if pieces:
            request.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
        self.incoming = None
        self.complete.append(request)

    # -- helpers

    def _decline_upgrade(self, rest: bytes) -> bytes:
        """Reads a request that asked for another protocol as plain HTTP/1.1 (RFC 9110, section 7.8).

        The parser believes that the other protocol begins behind the head. A body that the head announced is read by
        another parser that is told no more than how it is framed; the connection ends with that request's answer.
        """
        request = self.incoming
        if request is None:
            self._parser = httptools.HttpRequestParser(self)
            return rest
        request.keep_alive = False
        self._parser = httptools.HttpRequestParser(_BodyParts(self))
        length = b"content-length: %d" % self._announced
        framing = b"transfer-encoding: chunked" if b"transfer-encoding" in request.headers else length
        return self.feed(b"POST / HTTP/1.1\r\nhost: x\r\n%b\r\n\r\n%b" % (framing, rest))

    def _head_is_too_large(self) -> bool:
        """Whether what has been read of a head is over the limit; added up only when so much has come at all."""
        limit = self._limits.max_header_bytes
        if self.incoming is None or self._fed + self._read_bytes <= limit:
            return False
        fields = sum(len(name) + len(value) + 4 for name, value in self.incoming.headers.items())
        return len(self._target) + fields > limit

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

    def _judge_body(self, request: Request) -> None:
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
        if not (self._connection.is_serving or self.complete):
            self.invite()

    def _awaits_body(self, request: Request) -> bool:
        """Whether the parser took a request for whole that has a body, because it asked for another protocol."""
        return self._parser.should_upgrade() and (self._announced > 0 or b"transfer-encoding" in request.headers)

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"The request's body is over {self._limits.max_body_bytes} bytes.")

    def _stop(self, error: RequestError) -> None:
        self.refusal = error
        raise _Refused


class _BodyParts:
    """Hears of one body, tells the reader, and is deaf to whatever comes behind it."""

    __slots__ = ("_reader",)

    def __init__(self, reader: RequestReader) -> None:
        self._reader: RequestReader | None = reader

    def on_body(self, piece: bytes) -> None:
        if self._reader is not None:
            self._reader.on_body(piece)

    def on_message_complete(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.on_message_complete()


def _reason(error: httptools.HttpParserError) -> str:
    return str(error) or type(error).__name__
