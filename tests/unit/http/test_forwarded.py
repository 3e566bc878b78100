"""Who is really calling: proxies are believed only where they are trusted, and only as far back as that goes."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from stellwerk.http.forwarded import client_address, is_local

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32"), ip_network("fd00::/8")]


def forwarded(value: str) -> dict[bytes, bytes]:
    """Headers of a request that came through proxies."""
    return {b"x-forwarded-for": value.encode("latin-1")}


@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.2.3.4", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.2.3.4,10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "10.2.3.4", "10.2.3.4"),
        ("10.0.0.1", "198.51.100.1,", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, , 10.2.3.4, ", "198.51.100.1"),
        ("fd00::1", "[2001:db8::7]", "2001:db8::7"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "", "fe80::1"),
    ],
)
def test_the_caller_is_the_nearest_address_that_no_trusted_proxy_has(peer: str, header: str, expected: str) -> None:
    assert client_address(peer, forwarded(header) if header else {}, TRUSTED) == ip_address(expected)


@pytest.mark.parametrize(
    "header", ["unknown", "198.51.100.1, _hidden", "198.51.100.1:80", "\xff", "999.1.1.1", ",", " "]
)
def test_a_caller_that_a_proxy_does_not_tell_is_nobody(header: str) -> None:
    assert client_address("10.0.0.1", forwarded(header), TRUSTED) is None


def test_a_unix_socket_has_no_address() -> None:
    assert client_address("", {}, TRUSTED) is None
    assert not is_local("", {}, TRUSTED)


def test_loopback_is_local() -> None:
    assert is_local("127.0.0.1", {}, [])
    assert is_local("::1", {}, [])
    assert is_local("::ffff:127.0.0.1", {}, [])
    assert not is_local("10.0.0.1", {}, [])


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via"])
def test_a_proxy_on_this_host_that_nobody_trusts_makes_nobody_local(name: bytes) -> None:
    assert not is_local("127.0.0.1", {name: b"127.0.0.1"}, [])


def test_a_trusted_proxy_on_this_host_says_who_is_local() -> None:
    assert is_local("127.0.0.1", forwarded("127.0.0.1"), TRUSTED)
    assert not is_local("127.0.0.1", forwarded("198.51.100.1"), TRUSTED)
    assert not is_local("198.51.100.1", forwarded("127.0.0.1"), TRUSTED)
