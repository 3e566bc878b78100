"""TLS on both sides: callers are served over it, providers must prove who they are."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stellwerk.core.wire import Origin
from stellwerk.errors import UpstreamTimeout, UpstreamUnavailable
from stellwerk.http.call import Patience
from stellwerk.http.tls import client_context, server_context
from tests.integration.http.application import Scene, echo, listener, serving
from tests.integration.http.caller import calling, chunked, get, post
from tests.integration.http.certificates import Authority
from tests.integration.http.loop import Clock, eventually, on_loop, settled
from tests.integration.http.provider import Literal, Recorder, make_call, make_pool, reply

AUTHORITY = Authority()
NAME = "gateway.test"


@contextlib.asynccontextmanager
async def calling_tls(
    port: int, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection over TLS that trusts the tests' authority."""
    trusting = context if context is not None else ssl.create_default_context(cadata=AUTHORITY.pem)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=NAME)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class SecureProvider:
    """Answers every connection over TLS, and remembers for which name it was asked."""

    def __init__(self, certificate: tuple[str, str]) -> None:
        self.context = server_context(*certificate)
        self.context.sni_callback = self._note
        self.names: list[str | None] = []
        self.requests: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers requests without a body until the connection ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(reply(b"%d" % len(self.requests)))
        writer.close()

    def _note(self, _: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        self.names.append(name)


@contextlib.asynccontextmanager
async def providing_tls(certificate: tuple[str, str]) -> AsyncIterator[SecureProvider]:
    """A provider over TLS."""
    provider = SecureProvider(certificate)
    bound = listener()
    provider.port = bound.getsockname()[1]
    server = await asyncio.start_server(provider.serve, sock=bound, ssl=provider.context)
    async with server:
        yield provider


async def call_provider(port: int, name: str, calls: int = 1) -> list[Recorder]:
    """Calls made one after the other to a name that resolves to loopback."""
    pool = make_pool(Clock(), resolver=Literal("127.0.0.1"))
    lane = pool.lane(Origin("https", name, port))
    sinks = []
    for _ in range(calls):
        sink = Recorder()
        sinks.append(sink)
        lane.send(make_call(sink))
        await sink.ending()
    pool.close()
    await eventually(lambda: pool.connections == 0)
    return sinks


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Makes the tests' authority the one that the system trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY.save(tmp_path)))


@on_loop
async def test_callers_are_served_over_tls() -> None:
    scene = Scene()
    async with (
        serving(scene, Clock(), server_context(*AUTHORITY.issue(NAME))) as (front, port),
        calling_tls(port) as (reader, writer),
    ):
        writer.write(post(b"/a", b"x" * 100_000) + chunked(b"/b", b"y") + get(b"/stream?100") + get(b"/c"))
        received = b""
        while echo(b"GET", b"/c") not in received:
            received += await reader.read(65_536)
        assert received.count(b"HTTP/1.1 200 OK\r\n") == 4
        assert b"%08d" % 100 * 128 in received
        assert scene.seen[0] == (b"POST", b"/a", b"x" * 100_000)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() is None
        assert front.connections == 1


@on_loop
async def test_http_1_1_is_the_protocol_that_is_negotiated() -> None:
    offering = ssl.create_default_context(cadata=AUTHORITY.pem)
    offering.set_alpn_protocols(["h2", "http/1.1"])
    async with (
        serving(Scene(), Clock(), server_context(*AUTHORITY.issue(NAME))) as (_, port),
        calling_tls(port, offering) as (_, writer),
    ):
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"


@on_loop
async def test_an_owner_hears_that_a_caller_over_tls_went() -> None:
    scene = Scene()
    async with serving(scene, Clock(), server_context(*AUTHORITY.issue(NAME))) as (front, port):
        for turn, is_polite in enumerate((True, False)):
            async with calling_tls(port) as (_, writer):
                writer.write(get(b"/held") + get(b"/behind"))
                await scene.holds(turn + 1)
                if is_polite:
                    writer.close()
                else:
                    writer.transport.abort()
                await eventually(lambda: scene.watches[-1].gone == 1)
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_a_refused_request_over_tls_is_answered_and_the_connection_ends() -> None:
    async with (
        serving(Scene(), Clock(), server_context(*AUTHORITY.issue(NAME))) as (front, port),
        calling_tls(port) as (reader, writer),
    ):
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_plain_http_and_silence_on_a_tls_port_end_without_harm() -> None:
    async with serving(Scene(), Clock(), server_context(*AUTHORITY.issue(NAME)), header_timeout_s=0.2) as (front, port):
        async with calling(port) as caller, calling(port) as silent:
            await caller.send(get(b"/"))
            assert not (await caller.rest()).startswith(b"HTTP/")
            assert await silent.rest() == b""
        async with calling_tls(port) as (reader, writer):
            writer.write(get(b"/a", b"Connection: close"))
            assert (await reader.read()).endswith(echo(b"GET", b"/a"))
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_connections_over_tls_are_never_given_away() -> None:
    async with (
        serving(Scene(), Clock(), server_context(*AUTHORITY.issue(NAME))) as (front, port),
        calling_tls(port) as (reader, writer),
    ):
        writer.write(get(b"/a"))
        await reader.readuntil(echo(b"GET", b"/a"))
        assert front.give_up_idle() == []
        writer.write(get(b"/b"))
        await reader.readuntil(echo(b"GET", b"/b"))


@pytest.mark.usefixtures("trusted")
@on_loop
async def test_a_provider_is_asked_by_its_name_and_the_connection_is_used_again() -> None:
    async with providing_tls(AUTHORITY.issue("provider.test")) as provider:
        sinks = await call_provider(provider.port, "provider.test", calls=3)
        assert [sink.body for sink in sinks] == [b"1", b"2", b"3"]
        assert provider.names == ["provider.test"]


@pytest.mark.usefixtures("trusted")
@on_loop
async def test_a_certificate_for_another_name_is_refused() -> None:
    async with providing_tls(AUTHORITY.issue("other.test")) as provider:
        (sink,) = await call_provider(provider.port, "provider.test")
        error = await sink.failed()
        assert isinstance(error, UpstreamUnavailable)
        assert "certificate is not trusted" in str(error)
        assert "provider.test" in str(error)
        assert provider.requests == []


@on_loop
async def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    async with providing_tls(AUTHORITY.issue("provider.test")) as provider:
        (sink,) = await call_provider(provider.port, "provider.test")
        assert "certificate is not trusted" in str(await sink.failed())
        assert provider.requests == []


@pytest.mark.usefixtures("trusted")
@on_loop
async def test_a_certificate_that_has_expired_is_refused() -> None:
    async with providing_tls(AUTHORITY.issue("provider.test", days=-1)) as provider:
        (sink,) = await call_provider(provider.port, "provider.test")
        assert "expired" in str(await sink.failed())
        assert provider.requests == []


@on_loop
async def test_a_provider_that_speaks_no_tls_is_reported_as_that() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(reply(b"plain"))
        writer.close()

    bound = listener()
    async with await asyncio.start_server(plain, sock=bound):
        (sink,) = await call_provider(bound.getsockname()[1], "provider.test")
        error = await sink.failed()
        assert isinstance(error, UpstreamUnavailable)
        assert "TLS failed" in str(error)


@on_loop
async def test_a_handshake_that_never_ends_is_a_timeout() -> None:
    clock = Clock()
    bound = listener()
    pool = make_pool(clock, resolver=Literal("127.0.0.1"))
    sink = Recorder()
    lane = pool.lane(Origin("https", "provider.test", bound.getsockname()[1]))
    lane.send(make_call(sink, patience=Patience(connect_s=0.3)))
    await settled()
    clock.advance(0.4)
    assert isinstance(await sink.failed(), UpstreamTimeout)
    await eventually(lambda: pool.connections == 0)
    bound.close()


@on_loop
async def test_small_requests_leave_at_once_over_tls_too() -> None:
    async with providing_tls(AUTHORITY.issue("provider.test")) as provider:
        pool = make_pool(
            Clock(), resolver=Literal("127.0.0.1"), tls=lambda: ssl.create_default_context(cadata=AUTHORITY.pem)
        )
        sink = Recorder()
        lane = pool.lane(Origin("https", "provider.test", provider.port))
        lane.send(make_call(sink))
        assert await sink.ending() == "answer"
        (connection,) = lane._members
        used = connection.transport.get_extra_info("socket")
        assert used.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        pool.close()
        await eventually(lambda: pool.connections == 0)


def test_old_versions_of_tls_are_off() -> None:
    for context in (client_context(), server_context(*AUTHORITY.issue(NAME))):
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert client_context().check_hostname
    assert client_context().verify_mode is ssl.CERT_REQUIRED


def test_a_key_that_does_not_belong_to_its_certificate_is_refused() -> None:
    certificate, _ = AUTHORITY.issue(NAME)
    _, key = AUTHORITY.issue(NAME)
    with pytest.raises(ssl.SSLError):
        server_context(certificate, key)
