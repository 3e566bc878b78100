"""Listening sockets: one per worker slot on the same address, made once and kept open for as long as anybody serves.

The kernel spreads connections over the sockets of an address (``SO_REUSEPORT``), each with a queue of its own. Closing
one of them resets whatever waits in its queue, so they belong to the supervisor; a worker that dies leaves its queue to
its successor.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from stellwerk.supervisor.errors import AddressUnavailable

BACKLOG = 4_096
_RETRY_S = 0.05
_Place = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Address:
    """Host (a name or a literal address without brackets) and port; port 0 stands for a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """As it is written in URLs."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen(address: Address, count: int, *, backlog: int = BACKLOG, patience_s: float = 0.0) -> list[socket.socket]:
    """``count`` sockets that listen on one address, not inherited by children unless they are passed.

    ``patience_s`` is how long an address in use may take to become free. An IPv6 address takes IPv6 alone, ``::`` too.
    Raises ``AddressUnavailable``.
    """
    family, place = _resolve(address)
    opened: list[socket.socket] = []
    try:
        opened.append(_first(family, place, patience_s))
        while len(opened) < count:
            following = _unbound(family)
            opened.append(following)
            _share(following)
            following.bind(opened[0].getsockname())
        for ready in opened:
            ready.listen(backlog)
    except OSError as error:
        for socket_ in opened:
            socket_.close()
        raise AddressUnavailable(f"cannot listen on {address}: {_reason(error)}") from error
    return opened


def bound_address(listening: Sequence[socket.socket]) -> Address:
    """The address that the sockets listen on, with the port that was chosen for port 0."""
    host, port = listening[0].getsockname()[:2]
    return Address(host, port)


def _resolve(address: Address) -> tuple[socket.AddressFamily, _Place]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise AddressUnavailable(f"cannot listen on {address}: this host has no such address ({error})") from error
    family, _, _, _, place = found[0]
    return family, place


def _first(family: socket.AddressFamily, place: _Place, patience_s: float) -> socket.socket:
    # Bound without SO_REUSEPORT, else the kernel would let us share the port with a foreign process of the same user
    # and send it half of the connections.
    deadline = time.monotonic() + patience_s
    while True:
        opened = _unbound(family)
        try:
            opened.bind(place)
            opened.listen(0)
        except OSError as error:
            opened.close()
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            _share(opened)
            return opened


def _unbound(family: socket.AddressFamily) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.settimeout(0.0)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit it, also in servers that adopt the socket and never set it themselves.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return opened


def _share(opened: socket.socket) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "the address is in use by another process"
        case errno.EADDRNOTAVAIL:
            return "this host has no such address"
        case errno.EACCES | errno.EPERM:
            return "this port needs more privileges"
        case _:
            return error.strerror or str(error)
