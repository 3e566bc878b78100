"""The system's name resolution, with a short memory."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_address

TTL_S = 30.0
MOST_NAMES = 4096
"""So many answers are remembered; the oldest makes room."""


class SystemResolver:
    """Resolves through the operating system, off the event loop, and remembers an answer for 30 s.

    When name service is away, the last answer of a name is used for as long as it stays away; a name that never
    resolved raises ``OSError``.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}

    async def resolve(self, host: str, port: int) -> list[str]:
        """Addresses of ``host``; a literal address is its own answer."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        known = self._known.get((host, port))
        if known is not None and self._clock() < known[0]:
            return known[1]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            if known is not None:
                return known[1]
            raise
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        self._known.pop((host, port), None)
        self._known[(host, port)] = (self._clock() + TTL_S, addresses)
        if len(self._known) > MOST_NAMES:
            del self._known[next(iter(self._known))]
        return addresses
