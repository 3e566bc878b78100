"""A small application behind a real front: it echoes, waits to be told, streams with backpressure, and refuses."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.errors import AuthenticationFailed, RequestError
from stellwerk.http.front import Application, Front
from stellwerk.http.request import BodySink, Request
from tests.integration.http.loop import Clock, eventually

SERVED = b"x-served-by: front\r\n"
MARK = b"x-served-by"


class Watch:
    """An owner that remembers what it was told about its caller."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.is_paused = False
        self.pauses = 0
        self.resumes = 0
        self.gone = 0
        self.gone_at = 0.0

    def on_gone(self) -> None:
        """Counts, and takes the time."""
        self.gone += 1
        self.gone_at = time.monotonic()

    def on_pause(self) -> None:
        """Remembers."""
        self.is_paused = True
        self.pauses += 1

    def on_resume(self) -> None:
        """Remembers."""
        self.is_paused = False
        self.resumes += 1


class Producer(Watch):
    """Streams ``/stream?count`` numbered blocks of 1 KB, as fast as the caller reads."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.sent = 0
        self.count = int(request.query or b"10")
        request.owner = self
        request.start(200, SERVED)
        self._produce()

    def on_resume(self) -> None:
        """Goes on."""
        super().on_resume()
        self._produce()

    def _produce(self) -> None:
        while self.sent < self.count and not self.is_paused and self.request.is_open:
            self.sent += 1
            self.request.send(b"%08d" % self.sent * 128)
        if self.sent == self.count:
            self.request.end()


class Pieces:
    """A body sink that keeps every piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def on_piece(self, piece: bytes) -> None:
        """Keeps it."""
        self.pieces.append(piece)


class Scene:
    """The application.

    ``/held…`` is answered by the test, ``/stream`` by a producer, ``/unwanted`` is refused before its body comes,
    ``/broken`` is an error, everything else is echoed.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, bytes, bytes]] = []
        self.requests: list[Request] = []
        self.held: list[Request] = []
        self.watches: list[Watch] = []
        self.sink: BodySink | None = None
        self.accepted: list[Request] = []
        self.refused: list[RequestError] = []

    def handle(self, request: Request) -> None:
        """Serves."""
        self.seen.append((request.method, request.path, request.body))
        self.requests.append(request)
        if request.path.startswith(b"/held"):
            self.held.append(request)
            request.owner = self._watch(Watch(request))
        elif request.path == b"/stream":
            self._watch(Producer(request))
        elif request.path == b"/broken":
            request.respond(500, SERVED, b"broken")
        else:
            request.respond(200, SERVED, echo(request.method, request.path, request.body))

    def accept(self, request: Request) -> BodySink | None:
        """Refuses ``/unwanted`` and lets the test take the body of ``/taken``."""
        self.accepted.append(request)
        if request.path == b"/unwanted":
            raise AuthenticationFailed("No key.")
        return self.sink if request.path == b"/taken" else None

    def refusal(self, error: RequestError, request: Request) -> tuple[bytes, bytes]:
        """The message, in plain words."""
        del request
        self.refused.append(error)
        return b"content-type: text/plain\r\n", str(error).encode()

    async def holds(self, count: int) -> None:
        """Waits until so many requests have come that the test answers."""
        await eventually(lambda: len(self.watches) >= count)

    def _watch(self, watch: Watch) -> Watch:
        self.watches.append(watch)
        return watch


def echo(method: bytes, path: bytes, body: bytes = b"") -> bytes:
    """What the application answers."""
    return b"%b %b %d:%b" % (method, path, len(body), body)


def listener() -> socket.socket:
    """A listening socket on a free loopback port."""
    bound = socket.create_server(("127.0.0.1", 0), backlog=1024)
    bound.setblocking(False)
    return bound


@asynccontextmanager
async def serving(
    application: Application,
    clock: Clock,
    tls: ssl.SSLContext | None = None,
    make: Callable[[Application, LimitsSpec, Clock], Front] | None = None,
    **limits: float,
) -> AsyncIterator[tuple[Front, int]]:
    """A front on a loopback port: the front and the port. ``limits`` replace single fields of ``LimitsSpec``."""
    spec = msgspec.convert({**msgspec.structs.asdict(LimitsSpec()), **limits}, LimitsSpec)
    front = make(application, spec, clock) if make is not None else Front(application, spec, clock.deadlines)
    bound = listener()
    port = bound.getsockname()[1]
    await front.listen(bound, tls)
    try:
        yield front, port
    finally:
        front.abort()
        await front.drain()
