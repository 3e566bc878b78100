"""Answers that break the rules of HTTP: the engine's own way to answer cannot, so these write to its connection.

The only place that reaches behind ``Request``. All of them do nothing once the caller has gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
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
        sock = connection.transport.get_extra_info("socket")
        if connection.transport.get_write_buffer_size() or _unacknowledged_bytes(sock.fileno()):
            loop.call_later(FLUSH_POLL_S, break_off)
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.abort()

    request.owner = None
    loop.call_later(FLUSH_POLL_S, break_off)


def _unacknowledged_bytes(descriptor: int) -> int:
    """What the kernel still holds of what was written: it would be thrown away with the connection.

    Only Linux tells (SIOCOUTQ, which has the number of TIOCOUTQ); elsewhere the last bytes may be lost.
    """
    if sys.platform != "linux":
        return 0
    answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(answer, sys.byteorder)
