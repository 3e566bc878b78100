"""The front of a process: its listening sockets, its connections, and how both end or move."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from typing import Protocol

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.errors import RequestError
from stellwerk.http.date import DateLine
from stellwerk.http.deadlines import Deadlines
from stellwerk.http.outbox import Outbox
from stellwerk.http.request import BodySink, Request
from stellwerk.http.server import ServerConnection

BACKLOG = 8192
ACCEPTS_PER_TURN = 8
"""The event loop accepts one connection for each listening handle in a turn. With one handle, a burst of callers
would wait a turn each, which under load is seconds; further handles on the same socket cost a failed call each."""


class Application(Protocol):
    """What serves the requests of a front. Called on the event loop; must not block and must not raise."""

    def handle(self, request: Request) -> None:
        """Answers a whole request, now or later."""
        ...

    def accept(self, request: Request) -> BodySink | None:
        """Decides about a large, chunked or expected body once its head is here.

        Returns a sink that takes the body piece by piece, or ``None`` to have it collected. Raises ``RequestError`` to
        refuse it before it is sent.
        """
        ...

    def refusal(self, error: RequestError, request: Request) -> tuple[bytes, bytes]:
        """Header block and body for a request that ends before it is served. ``request`` may be incomplete."""
        ...


class Front:
    """All caller connections of one event loop."""

    def __init__(self, app: Application, limits: LimitsSpec, deadlines: Deadlines) -> None:
        self.app = app
        self.limits = limits
        """Bounds for connections made from now on."""
        self.deadlines = deadlines
        self.date = DateLine()
        self.outbox = Outbox()
        self.is_draining = False
        self.served = 0
        self.turned_away = 0
        self._connections: set[ServerConnection] = set()
        self._servers: list[asyncio.Server] = []
        self._drained: asyncio.Event | None = None

    @property
    def connections(self) -> int:
        """How many callers are connected."""
        return len(self._connections)

    async def listen(self, listener: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Accepts connections from an already bound socket, which belongs to this front from here on."""
        loop = asyncio.get_running_loop()
        handshake_s = self.limits.header_timeout_s if tls is not None else None
        handles = [listener, *(listener.dup() for _ in range(ACCEPTS_PER_TURN - 1))]
        for handle in handles:
            server = await loop.create_server(
                lambda: ServerConnection(self),
                sock=handle,
                backlog=BACKLOG,
                ssl=tls,
                ssl_handshake_timeout=handshake_s,
            )
            self._servers.append(server)

    async def drain(self) -> None:
        """Stops accepting, ends idle connections now and the others with their answer; returns when all are gone."""
        self.is_draining = True
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in list(self._connections):
            connection.drain()
        if self._connections:
            self._drained = asyncio.Event()
            await self._drained.wait()

    def abort(self) -> None:
        """Breaks off every connection that is left."""
        for connection in list(self._connections):
            connection.abort()

    async def adopt(self, descriptor: int) -> None:
        """Takes over an idle connection of another process. Owns ``descriptor`` from here on."""
        received = socket.socket(fileno=descriptor)
        received.setblocking(False)  # noqa: FBT003  # the only way to say it
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: ServerConnection(self, is_adopted=True), received
        )

    def give_up_idle(self) -> list[int]:
        """Lets go of every idle plain connection; returns duplicates of their descriptors for another process.

        The other process sees exactly what its caller sends next: this one has stopped reading and has no byte left.
        """
        self.outbox.flush()
        descriptors = []
        for connection in [connection for connection in self._connections if connection.is_idle]:
            transport = connection.transport
            if transport.get_extra_info("sslcontext") is None:
                transport.pause_reading()
                descriptors.append(os.dup(transport.get_extra_info("socket").fileno()))
                connection.abort()
        return descriptors

    def admit(self, connection: ServerConnection) -> bool:
        """Whether there is room for one more connection, which is counted if so."""
        if len(self._connections) >= self.limits.max_connections:
            self.turned_away += 1
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: ServerConnection) -> None:
        """Forgets a connection that has ended."""
        self._connections.discard(connection)
        self.deadlines.forget(connection)
        if self._drained is not None and not self._connections:
            self._drained.set()
