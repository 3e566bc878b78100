"""Names and addresses: resolved by who was given for it, checked before every connection, tried in turn."""

from __future__ import annotations

import socket

import pytest

from stellwerk.core.wire import Origin
from stellwerk.errors import UpstreamUnavailable
from stellwerk.http.resolver import SystemResolver
from tests.integration.http.loop import Clock, eventually, on_loop
from tests.integration.http.provider import Literal, Provider, Recorder, make_call, make_pool

NOBODY = "127.0.0.9"
"""A loopback address where nobody listens on the provider's port."""


def forbid(*forbidden: str) -> tuple[list[tuple[str, str, int]], object]:
    """A check that refuses addresses, and what it was asked."""
    asked: list[tuple[str, str, int]] = []

    def check(host: str, address: str, port: int) -> str | None:
        asked.append((host, address, port))
        return f"{address} is private" if address in forbidden else None

    return asked, check


@on_loop
async def test_a_refused_address_is_never_connected_to() -> None:
    asked, check = forbid("127.0.0.1")
    provider = Provider()
    pool = make_pool(Clock(), resolver=Literal("127.0.0.1"), check=check)  # type: ignore[arg-type]
    for _ in range(3):
        sink = Recorder()
        pool.lane(Origin("http", "provider.test", provider.port)).send(make_call(sink))
        error = await sink.failed()
        assert isinstance(error, UpstreamUnavailable)
        assert "not allowed: 127.0.0.1 is private" in str(error)
    assert not provider.has_waiting_connection
    assert asked == [("provider.test", "127.0.0.1", provider.port)] * 3
    assert pool.connections == 0
    provider.socket.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
@on_loop
async def test_a_literal_address_is_checked_too(scheme: str) -> None:
    asked, check = forbid("127.0.0.1")
    provider = Provider()
    pool = make_pool(Clock(), resolver=SystemResolver(Clock()), check=check)  # type: ignore[arg-type]
    sink = Recorder()
    pool.lane(Origin(scheme, "127.0.0.1", provider.port)).send(make_call(sink))
    assert "not allowed" in str(await sink.failed())
    assert len(asked) == 1
    assert not provider.has_waiting_connection
    provider.socket.close()


@on_loop
async def test_addresses_are_tried_in_turn_and_refused_ones_passed_over() -> None:
    asked, check = forbid("127.0.0.2")
    provider = Provider()
    resolver = Literal("127.0.0.2", NOBODY, "127.0.0.1")
    pool = make_pool(Clock(), resolver=resolver, check=check)  # type: ignore[arg-type]
    sink = Recorder()
    pool.lane(Origin("http", "provider.test", provider.port)).send(make_call(sink))
    upstream = await provider.connection()
    await upstream.request()
    await upstream.reply(b"reached")
    assert await sink.ending() == "answer"
    assert [address for _, address, _ in asked] == ["127.0.0.2", NOBODY, "127.0.0.1"]
    assert resolver.asked == [("provider.test", provider.port)]
    pool.close()
    await eventually(lambda: pool.connections == 0)
    upstream.close()
    provider.socket.close()


@on_loop
async def test_where_no_address_answers_the_last_reason_is_given() -> None:
    provider = Provider()
    provider.socket.close()
    pool = make_pool(Clock(), resolver=Literal(NOBODY, "127.0.0.1"))
    sink = Recorder()
    pool.lane(Origin("http", "provider.test", provider.port)).send(make_call(sink))
    assert "connection refused" in str(await sink.failed())


@on_loop
async def test_a_resting_connection_is_used_without_resolving_again() -> None:
    provider = Provider()
    resolver = Literal("127.0.0.1")
    pool = make_pool(Clock(), resolver=resolver)
    lane = pool.lane(Origin("http", "provider.test", provider.port))
    for turn in range(3):
        sink = Recorder()
        lane.send(make_call(sink))
        upstream = provider.connections[0] if turn else await provider.connection()
        await upstream.request()
        await upstream.reply(b"")
        await sink.ending()
    assert len(resolver.asked) == 1
    pool.close()
    await eventually(lambda: pool.connections == 0)
    provider.connections[0].close()
    provider.socket.close()


@pytest.mark.parametrize(
    "host", ["does-not-exist.invalid", "a" * 64 + ".test", "a..b", ".leading.dot", "xn--" + "\udcff"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
@on_loop
async def test_a_name_that_cannot_be_resolved_is_reported_at_once(host: str, scheme: str) -> None:
    pool = make_pool(Clock(), resolver=SystemResolver(Clock()))
    sink = Recorder()
    pool.lane(Origin(scheme, host, 80)).send(make_call(sink))
    assert isinstance(await sink.failed(), UpstreamUnavailable)
    assert pool.connections == 0


@on_loop
async def test_a_name_that_tls_cannot_carry_is_reported_at_once() -> None:
    provider = Provider()
    for host in ("a" * 64 + ".test", ".leading.dot"):
        pool = make_pool(Clock(), resolver=Literal("127.0.0.1"))
        sink = Recorder()
        pool.lane(Origin("https", host, provider.port)).send(make_call(sink))
        assert isinstance(await sink.failed(), UpstreamUnavailable)
        assert pool.connections == 0
    provider.socket.close()


@on_loop
async def test_providers_are_reached_over_ipv6() -> None:
    try:
        bound = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    bound.setblocking(False)
    provider = Provider()
    provider.socket.close()
    provider.socket, provider.port = bound, bound.getsockname()[1]
    pool = make_pool(Clock(), resolver=SystemResolver(Clock()))
    sink = Recorder()
    pool.lane(Origin("http", "::1", provider.port)).send(make_call(sink))
    upstream = await provider.connection()
    await upstream.request()
    await upstream.reply(b"six")
    assert await sink.ending() == "answer"
    pool.close()
    await eventually(lambda: pool.connections == 0)
    upstream.close()
    bound.close()
