"""Fetching on real sockets: what comes back, what is refused, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from stellwerk.core.egress_policy import Policy
from stellwerk.core.wire import Origin
from stellwerk.egress.fetch import Fetcher
from stellwerk.egress.guard import Guard
from stellwerk.egress.resolver import GuardedResolver
from stellwerk.errors import EgressDenied, UpstreamInvalid, UpstreamTimeout, UpstreamUnavailable
from stellwerk.http.pool import Pool
from tests.integration.http.loop import Clock, eventually, on_loop, settled
from tests.integration.http.provider import Literal, Provider, Recorder, Upstream, make_call, make_pool


class Fetching:
    """A fetcher that may reach one server, and that server."""

    def __init__(self, *origins: Origin) -> None:
        self.server = Provider()
        self.clock = Clock()
        self.guard = Guard(Policy().with_origins(origins or (self.server.origin,)), self.clock)
        self.pool: Pool = make_pool(
            self.clock, resolver=GuardedResolver(Literal(), self.guard), check=self.guard.check, max_reply_bytes=10
        )
        self.fetcher = Fetcher(self.pool, self.guard)

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.server.port}"

    def begin(self, path: str = "/", body: bytes = b"", **limits: float) -> asyncio.Task[tuple[int, bytes]]:
        """A fetch that runs beside the test."""
        timeout_s, max_bytes = limits.get("timeout_s", 5.0), int(limits.get("max_bytes", 100))
        asked = self.fetcher.fetch(
            "PUT" if body else "GET", self.url + path, {"x-a": "b"}, body, timeout_s=timeout_s, max_bytes=max_bytes
        )
        return asyncio.get_running_loop().create_task(asked)

    async def asked(self) -> tuple[Upstream, bytes]:
        """The server's end of the next connection, and what came over it."""
        upstream = await self.server.connection()
        return upstream, await upstream.request()


@asynccontextmanager
async def fetching(*origins: Origin) -> AsyncIterator[Fetching]:
    """Afterwards there is neither a connection nor a lane nor a deadline."""
    made = Fetching(*origins)
    yield made
    await eventually(lambda: made.pool.connections == 0)
    await settled()
    gc.collect()
    assert not made.pool._lanes
    assert not made.clock.deadlines._members
    for upstream in made.server.connections:
        upstream.close()
    made.server.socket.close()


@pytest.mark.parametrize("body", [b"", b"a body"])
@on_loop
async def test_status_and_body_come_back_and_the_connection_is_given_up(body: bytes) -> None:
    async with fetching() as made:
        task = made.begin("/a?b=c%20d#e", body)
        upstream, request = await made.asked()
        head, _, sent = request.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert lines[0] == (b"PUT" if body else b"GET") + b" /a?b=c%20d HTTP/1.1"
        assert {b"host: 127.0.0.1:%d" % made.server.port, b"x-a: b", b"accept-encoding: identity"} <= set(lines)
        assert sent == body
        await upstream.reply(b"the answer, which is longer than a reply may be", status=404)
        assert await task == (404, b"the answer, which is longer than a reply may be")
        assert await upstream.rest() == b""


@on_loop
async def test_a_path_is_made_of_what_a_request_line_can_hold() -> None:
    async with fetching() as made:
        task = made.begin("?ä=1")
        upstream, request = await made.asked()
        assert request.startswith(b"GET /?%C3%A4=1 HTTP/1.1\r\n")
        await upstream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert await task == (200, b"abcde")


@on_loop
async def test_a_redirection_is_not_followed() -> None:
    async with fetching() as made:
        task = made.begin()
        upstream, _ = await made.asked()
        await upstream.reply(b"", b"Location: http://169.254.169.254/")
        assert await task == (200, b"")
        task = made.begin()
        upstream, _ = await made.asked()
        await upstream.reply(b"", b"Location: http://169.254.169.254/", status=302)
        assert await task == (302, b"")
        assert len(made.server.connections) == 2


@pytest.mark.parametrize("is_chunked", [True, False])
@on_loop
async def test_an_answer_over_the_limit_is_not_read_to_its_end(is_chunked: bool) -> None:
    async with fetching() as made:
        task = made.begin(max_bytes=9)
        upstream, _ = await made.asked()
        head = b"HTTP/1.1 200 OK\r\n"
        framing = b"Transfer-Encoding: chunked\r\n\r\na\r\n" if is_chunked else b"Content-Length: 1000\r\n\r\n"
        await upstream.send(head + framing + b"0123456789")
        with pytest.raises(UpstreamInvalid, match="larger"):
            await task


@on_loop
async def test_an_answer_of_just_the_limit_is_taken() -> None:
    async with fetching() as made:
        task = made.begin(max_bytes=9)
        upstream, _ = await made.asked()
        await upstream.reply(b"012345678")
        assert await task == (200, b"012345678")


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0123"])
@on_loop
async def test_the_whole_is_bounded_in_time(begun: bytes) -> None:
    async with fetching() as made:
        task = made.begin(timeout_s=3.0)
        upstream, _ = await made.asked()
        if begun:
            await upstream.send(begun)
            await settled()
        made.clock.advance(2.9)
        await settled()
        assert not task.done()
        made.clock.advance(0.2)
        with pytest.raises(UpstreamTimeout):
            await task


@on_loop
async def test_an_answer_that_breaks_off_or_is_none_is_a_failure() -> None:
    async with fetching() as made:
        for wire in (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0123", b"SSH-2.0-OpenSSH\r\n"):
            task = made.begin()
            upstream, _ = await made.asked()
            await upstream.send(wire)
            upstream.close()
            with pytest.raises(UpstreamInvalid):
                await task


@on_loop
async def test_nobody_at_the_address_is_a_failure() -> None:
    async with fetching() as made:
        made.server.socket.close()
        with pytest.raises(UpstreamUnavailable, match="refused"):
            await made.begin()


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:1/",
        "http://169.254.169.254/latest/api/token",
        "https://example.com/",
        "http://127.0.0.1@evil.test/",
        "nonsense",
        "file:///etc/passwd",
        "http://2130706433/",
    ],
)
@on_loop
async def test_what_the_policy_does_not_permit_is_not_asked(url: str) -> None:
    async with fetching() as made:
        with pytest.raises(EgressDenied, match="not allowed"):
            await made.fetcher.fetch("GET", url, {}, b"")
        assert not made.server.has_waiting_connection
        assert made.guard.denied == 1


@on_loop
async def test_a_name_that_turns_inward_is_denied_when_it_has_been_resolved() -> None:
    async with fetching(Origin("https", "models.test", 443)) as made:
        made.pool.resolver = GuardedResolver(Literal("169.254.169.254"), made.guard)
        with pytest.raises(EgressDenied, match="does not permit its address"):
            await made.fetcher.fetch("GET", "https://models.test/", {}, b"")


@on_loop
async def test_who_is_cancelled_takes_the_connection_along() -> None:
    async with fetching() as made:
        task = made.begin()
        upstream, _ = await made.asked()
        assert made.pool.connections == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await upstream.rest() == b""


@on_loop
async def test_who_is_cancelled_before_there_is_a_connection_leaves_none() -> None:
    async with fetching() as made:
        task = made.begin()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        made.pool.close()


@on_loop
async def test_a_header_cannot_split_the_head() -> None:
    async with fetching() as made:
        with pytest.raises(ValueError, match="header"):
            await made.fetcher.fetch("GET", made.url, {"x-a": "b\r\nx-evil: 1"}, b"")


@on_loop
async def test_a_connection_that_rests_for_requests_is_left_to_them() -> None:
    async with fetching() as made:
        lane, sink = made.pool.lane(made.server.origin), Recorder()
        lane.send(make_call(sink))
        upstream, _ = await made.asked()
        await upstream.reply(b"")
        assert await sink.ending() == "answer"
        task = made.begin()
        other, _ = await made.asked()
        await other.reply(b"x")
        assert await task == (200, b"x")
        assert await other.rest() == b""
        assert lane.size == 1
        lane.close()
        del lane, sink
