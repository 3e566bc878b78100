"""A request as the server side received it, and the one way to answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from stellwerk.http.fields import STATUS_LINES, status_line

if TYPE_CHECKING:
    from stellwerk.http.known_head import KnownHead
    from stellwerk.http.outbox import Outlet
    from stellwerk.http.server import ServerConnection


class Owner(Protocol):
    """Whoever answers a request and must hear what becomes of its caller meanwhile."""

    def on_gone(self) -> None:
        """The caller went away; nothing that is written from now on arrives."""
        ...

    def on_pause(self) -> None:
        """The caller reads too slowly: stop producing."""
        ...

    def on_resume(self) -> None:
        """The caller has caught up: go on."""
        ...


class BodySink(Protocol):
    """Takes a request body piece by piece instead of whole."""

    def on_piece(self, piece: bytes) -> None:
        """The next bytes, in order. ``request.pause_body()`` stops the caller from sending more."""
        ...


class Request(msgspec.Struct, eq=False):
    """One request and its answer.

    ``path`` is the raw path of the target, ``query`` what follows the question mark. ``headers`` have lower-case names;
    the body's length is not among them, and nobody may change them: other requests of the connection may share them.
    ``body`` is whole unless a ``BodySink`` took it. The answer is either ``respond`` once, or ``start``, any number of
    ``send``, ``end``. Once the caller has gone, all of them do nothing: no owner has to ask first.
    """

    _connection: ServerConnection | None
    headers: dict[bytes, bytes] = {}
    method: bytes = b""
    path: bytes = b""
    query: bytes = b""
    body: bytes = b""
    known: KnownHead | None = None
    """The head, where further requests of the connection will be recognised by it: a place for notes about it."""
    received: float = 0.0
    """When its last byte arrived, in the event loop's clock."""
    extra_fields: bytes = b""
    """A rendered block added to whatever head this request is answered with."""
    keep_alive: bool = True
    is_http_1_0: bool = False
    owner: Owner | None = None
    _is_chunked: bool = False

    @property
    def is_open(self) -> bool:
        """Whether an answer would still reach the caller."""
        return self._connection is not None

    @property
    def peer(self) -> str:
        """Address of the other end of the connection, without port; empty once it is gone or for a Unix socket."""
        return self._connection.peer if self._connection is not None else ""

    @property
    def outlet(self) -> Outlet | None:
        """Takes bytes that are already framed as HTTP chunks; ``None`` where this answer is not chunked."""
        if self._connection is not None and self._is_chunked:
            return self._connection.outlet()
        return None

    def respond(self, status: int, fields: bytes, body: bytes = b"") -> None:
        """Answers with a whole body. ``fields`` is a rendered header block without the length."""
        connection = self._connection
        is_usual = status == 200 and self.keep_alive and not self.is_http_1_0 and self.method != b"HEAD"
        if connection is None or connection.is_closing or not is_usual:
            length = b"content-length: %d\r\n" % len(body) if status not in _BODILESS else b""
            self._respond(status, fields, body, length)
            return
        self._connection = None
        line, date = connection.date_line(), self.extra_fields
        connection.write(
            b"HTTP/1.1 200 OK\r\n%b%b%bcontent-length: %d\r\n\r\n%b" % (fields, date, line, len(body), body)
        )
        connection.finish(self, keep_alive=True)

    def _respond(self, status: int, fields: bytes, body: bytes, length: bytes) -> None:
        connection = self._connection
        if connection is None:
            return
        self._connection = None
        keep_alive = self.keep_alive and not connection.is_closing
        connection.write(
            b"%b%b%b%b%b%b\r\n%b"
            % (
                STATUS_LINES.get(status) or status_line(status),
                fields,
                self.extra_fields,
                connection.date_line(),
                b"" if keep_alive and not self.is_http_1_0 else b"connection: keep-alive\r\n" if keep_alive else _CLOSE,
                length,
                body if self.method != b"HEAD" and status not in _BODILESS else b"",
            )
        )
        connection.finish(self, keep_alive=keep_alive)

    def start(self, status: int, fields: bytes, first: bytes = b"") -> None:
        """Begins an answer of unknown length with its head and the first bytes of its body, in one write."""
        connection = self._connection
        if connection is None:
            return
        if self.method == b"HEAD" or status in _BODILESS:
            self._respond(status, fields, b"", b"")
            return
        self._is_chunked = not self.is_http_1_0
        self.keep_alive = self.keep_alive and self._is_chunked and not connection.is_closing
        connection.write(
            b"%b%b%b%b%b%b\r\n%b"
            % (
                STATUS_LINES.get(status) or status_line(status),
                fields,
                self.extra_fields,
                connection.date_line(),
                b"transfer-encoding: chunked\r\n" if self._is_chunked else b"",
                b"" if self.keep_alive else _CLOSE,
                (b"%x\r\n%b\r\n" % (len(first), first) if self._is_chunked else first) if first else b"",
            )
        )

    def send(self, data: bytes) -> None:
        """Sends more of a started answer."""
        connection = self._connection
        if connection is not None and data:
            connection.write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)

    def end(self) -> None:
        """Ends a started answer as whole."""
        connection = self._connection
        if connection is None:
            return
        self._connection = None
        if self._is_chunked:
            connection.write(b"0\r\n\r\n")
        connection.finish(self, keep_alive=self.keep_alive)

    def abort(self) -> None:
        """Breaks the connection off, so that the caller sees that the answer is not whole."""
        connection = self._connection
        self._connection = None
        if connection is not None:
            connection.abort()

    def detach(self) -> Owner | None:
        """Tells the request that its connection is gone; returns who has to be told."""
        self._connection = None
        owner, self.owner = self.owner, None
        return owner

    def pause_body(self) -> None:
        """Stops reading the rest of a streamed body (its caller's departure goes unseen meanwhile)."""
        if self._connection is not None:
            self._connection.pause_reading()

    def resume_body(self) -> None:
        """Goes on reading a streamed body."""
        if self._connection is not None:
            self._connection.resume_reading()


_BODILESS = frozenset({204, 304})
_CLOSE = b"connection: close\r\n"
