"""A relay, front to pool to provider: as an application for tests, and as a process of its own to be measured.

``python relay.py PORT`` relays to that port on loopback and prints its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import uvloop

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.core.wire import Origin
from stellwerk.errors import RequestError, UpstreamError
from stellwerk.http.call import Call, Patience, frame
from stellwerk.http.chunk_passer import ChunkPasser
from stellwerk.http.deadlines import Deadlines
from stellwerk.http.fields import Headers, end_to_end, render
from stellwerk.http.front import Front
from stellwerk.http.pool import Lane, Pool
from stellwerk.http.request import BodySink, Request
from stellwerk.http.resolver import SystemResolver
from stellwerk.http.tls import client_context
from stellwerk.http.upstream import UpstreamConnection


class Relayed:
    """One request on its way to the provider, and its answer on the way back."""

    def __init__(self, request: Request, lane: Lane) -> None:
        self.request = request
        request.owner = self
        self.call = Call(
            frame(
                request.method,
                request.path,
                b"provider",
                render(end_to_end(request.headers).items()),
                len(request.body),
            ),
            request.body,
            self,
            is_streamed=request.path.startswith(b"/stream"),
            patience=Patience(),
            hearer=self.hearer,
        )
        self._has_begun = False
        lane.send(self.call)

    def on_head(self, status: int, headers: Headers) -> bool:
        """Begins the answer."""
        self._has_begun = True
        self.request.start(status, render(end_to_end(headers).items()))
        return True

    def on_body(self, data: bytes) -> None:
        """Hands bytes on."""
        self.request.send(data)

    def hearer(self, connection: UpstreamConnection, idle_s: float) -> Callable[[bytes], None] | None:
        """Hands whole chunks on as they come."""
        outlet = self.request.outlet
        if outlet is None:
            return None
        return ChunkPasser(connection, outlet, idle_s, lambda chunk, _: outlet.emit(chunk)).hearer()

    def on_end(self) -> None:
        """Ends the answer."""
        self.request.end()

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Answers."""
        self.request.respond(status, render(end_to_end(headers).items()), body)

    def on_failure(self, error: UpstreamError) -> None:
        """Says so, or breaks off what has begun."""
        if self._has_begun:
            self.request.abort()
        else:
            self.request.respond(error.status, b"", str(error).encode())

    def on_gone(self) -> None:
        """The caller went, and so does the call."""
        self.call.cancel()

    def on_pause(self) -> None:
        """The caller reads slowly, and so does the relay."""
        self.call.pause()

    def on_resume(self) -> None:
        """The caller has caught up."""
        self.call.resume()


class Relay:
    """Hands every request on."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane

    def handle(self, request: Request) -> None:
        """Hands it on."""
        Relayed(request, self.lane)

    def accept(self, request: Request) -> BodySink | None:
        """Collects every body."""
        del request
        return None

    def refusal(self, error: RequestError, request: Request) -> tuple[bytes, bytes]:
        """The message."""
        del request
        return b"", str(error).encode()


async def main(provider: int) -> None:
    """Relays until it is killed."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop.time, loop.call_at)
    pool = Pool(
        deadlines,
        SystemResolver(loop.time),
        lambda *_: None,
        client_context,
        connections_per_origin=100,
        max_reply_bytes=1 << 26,
    )
    front = Front(Relay(pool.lane(Origin("http", "127.0.0.1", provider))), LimitsSpec(), deadlines)
    from tests.integration.http.application import listener

    bound = listener()
    await front.listen(bound)
    print(bound.getsockname()[1], flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
