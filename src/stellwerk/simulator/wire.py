"""Answers that break the rules of HTTP: the engine's own way to answer cannot, so these write to its connection.

The only place that reaches behind ``Request``. All of them do nothing once the caller has gone.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable, Iterator

from stellwerk.http.fields import status_line
from stellwerk.http.request import Request

FLUSH_POLL_S = 0.001
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def head(request: Request, status: int, fields: bytes, framing: bytes) -> bytes:
    """The head of an answer with a framing field of one's own choice."""
    connection = request._connection  # noqa: SLF001 (see above)
    date = connection.date_line() if connection is not None else b""
    return b"%b%b%b%b\r\n" % (status_line(status), fields, date, framing)


def write(request: Request, data: bytes) -> None:
    """Writes bytes as they are."""
    connection = request._connection  # noqa: SLF001 (see above)
    if connection is not None and data:
        connection.write(data)


def chunked(events: Iterable[bytes]) -> Iterator[bytes]:
    """``events`` in chunks, with the last chunk."""
    for event in events:
        yield b"%x\r\n%b\r\n" % (len(event), event)
    yield b"0\r\n\r\n"


def finish(request: Request, *, keep_alive: bool) -> None:
    """Ends an answer whose bytes were written with ``write``; without ``keep_alive`` with FIN behind them."""
    connection = request._connection  # noqa: SLF001 (see above)
    if connection is not None:
        request.detach()
        connection.finish(request, keep_alive=keep_alive and request.keep_alive and not connection.is_closing)


def reset(request: Request) -> None:
    """Ends the connection with RST as soon as what was written has left."""
    connection = request._connection  # noqa: SLF001 (see above)
    if connection is None:
        return
    loop = asyncio.get_running_loop()

    def break_off() -> None:
        if connection.transport.is_closing():
            return
        if connection.transport.get_write_buffer_size():
            loop.call_later(FLUSH_POLL_S, break_off)
            return
        sock = connection.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.abort()

    request.owner = None
    loop.call_later(FLUSH_POLL_S, break_off)
