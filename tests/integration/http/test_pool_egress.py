"""The pool under the egress guard: names that turn inward, mixed answers, peers that were not asked for."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Literal

import pytest

from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import EgressSpec
from stellwerk.core.wire import Origin
from stellwerk.egress.guard import INWARD, Guard
from stellwerk.egress.resolver import GuardedResolver
from stellwerk.errors import EgressDenied
from stellwerk.http.pool import Pool
from tests.integration.http.certificates import Authority
from tests.integration.http.loop import Clock, eventually, on_loop
from tests.integration.http.provider import Provider, Recorder, make_call, make_pool
from tests.integration.http.test_tls import providing_tls

NAME = "provider.test"
ALLOWED, INWARD_ADDRESS, PUBLIC = "127.0.0.1", "127.0.0.2", "93.184.215.14"
"""Loopback stands in for what a name may be (a pair permits it) and for what it may not be."""


class NameService:
    """Like DNS under an attacker's hand: each look-up gets the next answer, the last one again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        """The next answer."""
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def policy(
    provider: Provider, mode: Literal["enforce", "report", "off"] = "enforce", *, is_paired: bool = True
) -> Policy:
    """Allows the provider under its name, at one loopback address."""
    private = (f"{NAME}={ALLOWED}",) if is_paired else ()
    return Policy.of(EgressSpec(mode, (f"{NAME}:{provider.port}",), private), ())


def guarded(provider: Provider, service: NameService, current: Policy | None = None) -> tuple[Pool, Guard]:
    """A pool whose connections the guard decides on."""
    clock = Clock()
    guard = Guard(current if current is not None else policy(provider), clock)
    return make_pool(clock, resolver=GuardedResolver(service, guard), check=guard.check), guard


async def answered(pool: Pool, provider: Provider, host: str = NAME) -> None:
    """One call, answered over a new connection, which stays."""
    sink = Recorder()
    pool.lane(Origin("http", host, provider.port)).send(make_call(sink))
    upstream = await provider.connection()
    await upstream.request()
    await upstream.reply(b"reached")
    assert await sink.ending() == "answer"


async def refused(pool: Pool, provider: Provider, host: str = NAME) -> EgressDenied:
    """One call, refused by the policy without a byte to anybody."""
    sink = Recorder()
    pool.lane(Origin("http", host, provider.port)).send(make_call(sink))
    error = await sink.failed()
    assert isinstance(error, EgressDenied)
    assert not provider.has_waiting_connection
    return error


async def end(pool: Pool, provider: Provider) -> None:
    """Closes both sides."""
    pool.close()
    for upstream in provider.connections:
        upstream.close()
    provider.socket.close()
    await eventually(lambda: pool.connections == 0)


@on_loop
async def test_a_name_that_was_allowed_and_then_turns_inward_is_refused() -> None:
    provider = Provider()
    pool, guard = guarded(provider, NameService([ALLOWED], [INWARD_ADDRESS]))
    await answered(pool, provider)
    provider.connections[0].close()
    await eventually(lambda: pool.connections == 0)
    error = await refused(pool, provider)
    assert INWARD in error.message
    assert INWARD_ADDRESS not in error.message
    assert guard.denials[0].address == INWARD_ADDRESS
    await end(pool, provider)


@on_loop
async def test_the_connection_goes_to_the_address_that_was_judged_and_not_to_the_name_again() -> None:
    provider = Provider()
    service = NameService([ALLOWED], [INWARD_ADDRESS])
    pool, _ = guarded(provider, service)
    await answered(pool, provider)
    assert service.asked == [(NAME, provider.port)]
    await end(pool, provider)


@pytest.mark.parametrize("answer", [[ALLOWED, INWARD_ADDRESS], [INWARD_ADDRESS, ALLOWED], [ALLOWED, "169.254.169.254"]])
@on_loop
async def test_an_answer_with_one_inward_address_is_not_used_at_all(answer: list[str]) -> None:
    provider = Provider()
    pool, guard = guarded(provider, NameService(answer))
    await refused(pool, provider)
    assert guard.denied == 1
    await end(pool, provider)


@on_loop
async def test_a_name_without_a_pair_may_not_be_inward() -> None:
    provider = Provider()
    pool, _ = guarded(provider, NameService([ALLOWED]), policy(provider, is_paired=False))
    await refused(pool, provider)
    await end(pool, provider)


@on_loop
async def test_what_is_not_listed_is_neither_looked_up_nor_connected_to() -> None:
    provider = Provider()
    service = NameService([ALLOWED])
    pool, _ = guarded(provider, service)
    error = await refused(pool, provider, "other.test")
    assert f"other.test:{provider.port} is not listed" in error.message
    await refused(pool, provider, ALLOWED)
    assert service.asked == []
    await end(pool, provider)


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "127.1", "0177.0.0.1", "::ffff:127.0.0.1", "localhost"])
@on_loop
async def test_no_disguise_leads_to_a_connection(host: str) -> None:
    provider = Provider()
    anywhere = Policy.of(EgressSpec(allow=("*", f"*:{provider.port}")), ())
    pool, _ = guarded(provider, NameService(["127.0.0.1"]), anywhere)
    await refused(pool, provider, host)
    await end(pool, provider)


@on_loop
async def test_report_lets_pass_and_records() -> None:
    provider = Provider()
    pool, guard = guarded(provider, NameService([ALLOWED]), policy(provider, "report", is_paired=False))
    await answered(pool, provider)
    (denial,) = guard.denials
    assert (denial.host, denial.address, denial.is_enforced) == (NAME, ALLOWED, False)
    await end(pool, provider)


@on_loop
async def test_off_lets_pass_and_records_nothing() -> None:
    provider = Provider()
    pool, guard = guarded(provider, NameService([ALLOWED]), policy(provider, "off", is_paired=False))
    await answered(pool, provider)
    assert guard.denied == 0
    await end(pool, provider)


@pytest.mark.parametrize("spelling", ["localhost", "127.1", "0x7f000001"])
@on_loop
async def test_the_peer_of_a_connection_is_judged_too(spelling: str) -> None:
    """A resolver that hands out something else than addresses has them resolved behind the check's back."""
    provider = Provider()
    asked: list[str] = []

    def check(host: str, address: str, port: int) -> str | None:
        del host, port
        asked.append(address)
        return "it is this machine" if address in {"127.0.0.1", "::1"} else None

    pool = make_pool(Clock(), resolver=NameService([spelling]), check=check)
    sink = Recorder()
    pool.lane(Origin("http", NAME, provider.port)).send(make_call(sink))
    assert "it is this machine" in str(await sink.failed())
    assert asked == [spelling, "127.0.0.1"]
    assert pool.connections == 0
    assert provider.has_waiting_connection
    with suppress(ConnectionResetError):
        # Not a byte was sent. The loop may still have to close its end: it must not be held up.
        assert await asyncio.to_thread(provider.connections[0].socket.recv, 1) == b""
    await end(pool, provider)


@on_loop
async def test_a_policy_that_changes_ends_resting_connections_that_it_does_not_allow() -> None:
    provider = Provider()
    pool, guard = guarded(provider, NameService([ALLOWED]))
    await answered(pool, provider)
    pool.reconsider()
    assert pool.connections == 1
    guard.adopt(policy(provider, is_paired=False))
    pool.reconsider()
    await eventually(lambda: pool.connections == 0)
    await refused(pool, provider)
    await end(pool, provider)


@on_loop
async def test_a_connection_with_a_call_under_way_ends_with_it() -> None:
    provider = Provider()
    pool, guard = guarded(provider, NameService([ALLOWED]))
    lane, sink = pool.lane(Origin("http", NAME, provider.port)), Recorder()
    lane.send(make_call(sink))
    upstream = await provider.connection()
    await upstream.request()
    guard.adopt(policy(provider, is_paired=False))
    pool.reconsider()
    assert pool.connections == 1
    await upstream.reply(b"whole")
    assert await sink.ending() == "answer"
    assert sink.body == b"whole"
    await eventually(lambda: pool.connections == 0)
    await end(pool, provider)


@on_loop
async def test_addresses_of_both_families_are_judged() -> None:
    try:
        bound = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    bound.setblocking(False)
    provider = Provider()
    provider.socket.close()
    provider.socket, provider.port = bound, bound.getsockname()[1]
    allowed = Policy.of(EgressSpec(allow=(f"{NAME}:{provider.port}",), private=(f"{NAME}=::1",)), ())
    pool, _ = guarded(provider, NameService(["::1"], ["::1", "127.0.0.1"]), allowed)
    await answered(pool, provider)
    provider.connections[0].close()
    await eventually(lambda: pool.connections == 0)
    await refused(pool, provider)
    await end(pool, provider)


@on_loop
async def test_a_policy_that_changes_while_a_connection_is_opened_holds_for_it() -> None:
    provider = Provider()
    pool, guard = guarded(provider, NameService([ALLOWED]))
    changes = iter([policy(provider, is_paired=False)])

    def check(host: str, address: str, port: int) -> str | None:
        """Permits the address, and changes the policy before it can be connected to."""
        refusal = guard.check(host, address, port)
        for changed in changes:
            guard.adopt(changed)
            pool.reconsider()
        return refusal

    pool.check = check
    sink = Recorder()
    pool.lane(Origin("http", NAME, provider.port)).send(make_call(sink))
    assert isinstance(await sink.failed(), EgressDenied)
    await end(pool, provider)


@on_loop
async def test_the_peer_of_an_encrypted_connection_is_known_too() -> None:
    authority = Authority()
    async with providing_tls(authority.issue(NAME)) as provider:
        clock = Clock()
        allowed = Policy.of(EgressSpec("enforce", (f"{NAME}:{provider.port}",), (f"{NAME}={ALLOWED}",)), ())
        guard = Guard(allowed, clock)
        pool = make_pool(
            clock,
            resolver=GuardedResolver(NameService([ALLOWED]), guard),
            check=guard.check,
            tls=lambda: ssl.create_default_context(cadata=authority.pem),
        )
        sink = Recorder()
        pool.lane(Origin("https", NAME, provider.port)).send(make_call(sink))
        assert await sink.ending() == "answer"
        guard.adopt(Policy())
        pool.reconsider()
        await eventually(lambda: pool.connections == 0)
        assert guard.denied == 1
