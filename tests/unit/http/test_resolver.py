"""Name resolution: asked once in a while, never for what is an address already, forgiving when name service is away."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from stellwerk.http.resolver import MOST_NAMES, TTL_S, SystemResolver
from tests.integration.http.loop import Clock


class NameService(asyncio.SelectorEventLoop):
    """An event loop whose system's name service says what the test wants."""

    def __init__(self, *addresses: str) -> None:
        super().__init__()
        self.addresses = list(addresses)
        self.asked = 0

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> list[Any]:
        """The addresses, or an error when there are none."""
        del host
        assert options["type"] == socket.SOCK_STREAM
        self.asked += 1
        if not self.addresses:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]


def resolve(service: NameService, resolver: SystemResolver, host: str, port: int = 80) -> list[str]:
    """Asks the resolver on the loop of the name service."""
    return service.run_until_complete(resolver.resolve(host, port))


@pytest.fixture
def service() -> Any:
    """A name service that knows two addresses, one of them twice."""
    loop = NameService("10.0.0.1", "10.0.0.2", "10.0.0.1")
    yield loop
    loop.close()


@pytest.mark.parametrize("literal", ["127.0.0.1", "::1", "2001:db8::1"])
def test_an_address_is_its_own_answer(service: NameService, literal: str) -> None:
    assert resolve(service, SystemResolver(Clock()), literal) == [literal]
    assert service.asked == 0


def test_a_name_has_its_addresses_in_order_and_each_once(service: NameService) -> None:
    assert resolve(service, SystemResolver(Clock()), "a.test") == ["10.0.0.1", "10.0.0.2"]


def test_an_answer_is_remembered_for_a_while(service: NameService) -> None:
    clock = Clock()
    resolver = SystemResolver(clock)
    for _ in range(3):
        resolve(service, resolver, "a.test")
    assert service.asked == 1
    clock.advance(TTL_S + 1)
    service.addresses = ["10.0.0.3"]
    assert resolve(service, resolver, "a.test") == ["10.0.0.3"]
    assert service.asked == 2
    resolve(service, resolver, "b.test")
    assert service.asked == 3


def test_the_last_answer_holds_while_name_service_is_away(service: NameService) -> None:
    clock = Clock()
    resolver = SystemResolver(clock)
    resolve(service, resolver, "a.test")
    service.addresses = []
    for _ in range(3):
        clock.advance(TTL_S + 1)
        assert resolve(service, resolver, "a.test") == ["10.0.0.1", "10.0.0.2"]
    service.addresses = ["10.0.0.9"]
    assert resolve(service, resolver, "a.test") == ["10.0.0.9"]


def test_a_name_that_never_resolved_is_an_error(service: NameService) -> None:
    service.addresses = []
    with pytest.raises(OSError, match="Temporary failure"):
        resolve(service, SystemResolver(Clock()), "a.test")


def test_only_so_many_names_are_remembered_and_the_oldest_is_forgotten(service: NameService) -> None:
    resolver = SystemResolver(Clock())
    for number in range(MOST_NAMES + 1):
        resolve(service, resolver, f"{number}.test")
    asked = service.asked
    resolve(service, resolver, "1.test")
    assert service.asked == asked
    resolve(service, resolver, "0.test")
    assert service.asked == asked + 1
