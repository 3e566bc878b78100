"""A provider at the level of bytes, told step by step what to send, and a sink that hears what became of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from stellwerk.core.wire import Origin
from stellwerk.errors import UpstreamError
from stellwerk.http.call import Call, Patience
from stellwerk.http.chunk_passer import ChunkPasser
from stellwerk.http.deadlines import NEVER
from stellwerk.http.fields import Headers
from stellwerk.http.outbox import Outlet
from stellwerk.http.pool import AddressCheck, Lane, Pool, Resolver
from stellwerk.http.tls import client_context
from stellwerk.http.upstream import UpstreamConnection
from tests.integration.http.application import listener
from tests.integration.http.caller import Caller
from tests.integration.http.loop import Clock, at_end, eventually


class Provider:
    """A listening socket whose connections are played by the test."""

    def __init__(self) -> None:
        self.socket = listener()
        self.port: int = self.socket.getsockname()[1]
        self.connections: list[Upstream] = []

    @property
    def origin(self) -> Origin:
        """Where it is."""
        return Origin("http", "127.0.0.1", self.port)

    async def connection(self) -> Upstream:
        """The next connection that the pool opens."""
        accepted, _ = await asyncio.get_running_loop().sock_accept(self.socket)
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        upstream = Upstream(accepted)
        self.connections.append(upstream)
        return upstream

    @property
    def has_waiting_connection(self) -> bool:
        """Whether the pool has opened a connection that was not taken yet."""
        try:
            accepted, _ = self.socket.accept()
        except BlockingIOError:
            return False
        self.connections.append(Upstream(accepted))
        return True


class Upstream(Caller):
    """The provider's end of one connection."""

    async def request(self) -> bytes:
        """Reads one request: its head and a body of Content-Length."""
        head = await self._until(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return head + await self._take(length)

    async def reply(self, body: bytes, *fields: bytes, status: int = 200) -> None:
        """A sound answer with a length."""
        await self.send(reply(body, *fields, status=status))


def reply(body: bytes, *fields: bytes, status: int = 200) -> bytes:
    """A sound answer with a length."""
    lines = b"".join(line + b"\r\n" for line in fields)
    return b"HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\n%b\r\n%b" % (status, len(body), lines, body)


class Recorder:
    """An answer sink that keeps all it hears, in order, and may act at any step."""

    def __init__(self, *, streams: bool = True) -> None:
        self.streams = streams
        self.status = 0
        self.headers: Headers = {}
        self.pieces: list[bytes] = []
        self.chunks: list[bytes] = []
        self.endings: list[str] = []
        self.failure: UpstreamError | None = None
        self.on_step: Callable[[str], None] = lambda _: None

    @property
    def body(self) -> bytes:
        """What came so far."""
        return b"".join(self.pieces)

    @property
    def is_done(self) -> bool:
        """Whether the last word was spoken."""
        return bool(self.endings)

    async def ending(self) -> str:
        """Waits for the last word and returns it."""
        await eventually(lambda: self.endings)
        return self.endings[0]

    async def reaches(self, size: int) -> None:
        """Waits until so many bytes of the body have come."""
        await eventually(lambda: len(self.body) >= size)

    async def failed(self) -> UpstreamError:
        """Waits for the failure that must come."""
        assert await self.ending() == "failure"
        assert self.failure is not None
        return self.failure

    def on_head(self, status: int, headers: Headers) -> bool:
        """Keeps it."""
        assert not self.endings
        self.status, self.headers = status, headers
        self.on_step("head")
        return self.streams

    def on_body(self, data: bytes) -> None:
        """Keeps it."""
        assert not self.endings
        self.pieces.append(data)
        self.on_step("body")

    def hearer(self, connection: UpstreamConnection, idle_s: float) -> Callable[[bytes], None]:
        """Keeps whole chunks, and what they carry apart."""
        nowhere = Outlet(self.pieces.append, [None], -1, bool, int, self.pieces.append)
        return ChunkPasser(connection, nowhere, idle_s, self._keep_chunk).hearer()

    def _keep_chunk(self, chunk: bytes, carried: bytes) -> None:
        assert not self.endings
        self.pieces.append(carried)
        self.chunks.append(chunk)
        self.on_step("chunk")

    def on_end(self) -> None:
        """Keeps it."""
        self.endings.append("end")
        self.on_step("end")

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Keeps it."""
        self.status, self.headers = status, headers
        self.pieces.append(body)
        self.endings.append("answer")
        self.on_step("answer")

    def on_failure(self, error: UpstreamError) -> None:
        """Keeps it."""
        self.failure = error
        self.endings.append("failure")
        self.on_step("failure")


class Literal:
    """A resolver that gives the addresses it was made with, or the host itself."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[tuple[str, int]] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses."""
        self.asked.append((host, port))
        return list(self.addresses) or [host]


def permit(host: str, address: str, port: int) -> str | None:
    """An address check without objections."""
    del host, address, port
    return None


def make_pool(
    clock: Clock,
    *,
    connections: int = 8,
    max_reply_bytes: int = 1 << 20,
    resolver: Resolver | None = None,
    check: AddressCheck = permit,
    tls: Callable[[], ssl.SSLContext] = client_context,
) -> Pool:
    """A pool on the clock. Whatever is left of it when the test is over is broken off."""
    pool = Pool(
        clock.deadlines,
        resolver if resolver is not None else Literal(),
        check,
        tls,
        connections_per_origin=connections,
        max_reply_bytes=max_reply_bytes,
    )
    at_end(lambda: _break_off(pool))
    return pool


def _break_off(pool: Pool) -> None:
    pool.close()
    for lane in pool._lanes:
        for connection in list(lane._members):
            connection.transport.abort()


def make_call(
    sink: Recorder,
    body: bytes = b"",
    *,
    path: bytes = b"/",
    is_streamed: bool = False,
    patience: Patience | None = None,
    expires: float = NEVER,
) -> Call:
    """A call with a sound request."""
    head = b"POST %b HTTP/1.1\r\nhost: provider\r\ncontent-length: %d\r\n\r\n" % (path, len(body))
    return Call(
        head,
        body,
        sink,
        is_streamed=is_streamed,
        patience=patience if patience is not None else Patience(),
        expires=expires,
        hearer=sink.hearer if expires == NEVER else None,
    )


@asynccontextmanager
async def providing(clock: Clock | None = None, **options: int) -> AsyncIterator[tuple[Provider, Lane]]:
    """A provider and the lane to it. When the test is over, no connection may be left that nobody answers for."""
    provider = Provider()
    pool = make_pool(clock if clock is not None else Clock(), **options)  # type: ignore[arg-type]
    try:
        yield provider, pool.lane(provider.origin)
    finally:
        provider.socket.close()
        pool.close()
        for upstream in provider.connections:
            upstream.close()
        await eventually(lambda: pool.connections == 0)
