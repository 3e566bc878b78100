"""Who calls through proxies: nobody outside a trusted chain can make itself another, least of all this host."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.http.forwarded import client_address, is_local

PROXIES = (ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("::1/128"))
OUTSIDE = st.sampled_from(["203.0.113.9", "198.51.100.7", "2001:db8::7", "192.168.1.1"])
TRUSTED = st.sampled_from(["10.0.0.1", "10.2.3.4", "127.0.0.1", "::1"])
CLAIMED = st.sampled_from(["127.0.0.1", "::1", "10.0.0.1", "203.0.113.9", "nonsense", "", "1.2.3.4:80", "[::1]"])
NETWORKS = tuple[IPv4Network | IPv6Network, ...]


def forwarded(*hops: str) -> dict[bytes, bytes]:
    """The header as proxies write it."""
    return {b"x-forwarded-for": ", ".join(hops).encode()}


@given(st.lists(CLAIMED, max_size=4), OUTSIDE, st.lists(TRUSTED, max_size=3), TRUSTED)
def test_what_a_caller_claims_before_a_trusted_proxy_wrote_its_address_is_not_believed(
    claims: list[str], real: str, between: list[str], peer: str
) -> None:
    headers = forwarded(*claims, real, *between)
    assert str(client_address(peer, headers, PROXIES)) == real
    assert not is_local(peer, headers, PROXIES)


@given(st.lists(CLAIMED, max_size=4), OUTSIDE)
def test_an_untrusted_peer_is_itself_whatever_it_claims(claims: list[str], peer: str) -> None:
    assert str(client_address(peer, forwarded(*claims), PROXIES)) == peer
    assert not is_local(peer, forwarded(*claims), PROXIES)
    assert not is_local(peer, forwarded(*claims), ())


@given(
    st.sampled_from([b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via"]),
    st.binary(max_size=20),
    st.sampled_from(["127.0.0.1", "::1", "127.8.8.8", "::ffff:127.0.0.1"]),
)
def test_whoever_forwards_for_others_on_this_host_is_not_local_unless_trusted(
    name: bytes, value: bytes, peer: str
) -> None:
    assert not is_local(peer, {name: value}, ())
    assert is_local(peer, {}, ())


@pytest.mark.parametrize("name", [b"forwarded", b"x-real-ip", b"via"])
def test_a_trusted_proxy_that_tells_its_caller_in_another_way_makes_nobody_local(name: bytes) -> None:
    """Only X-Forwarded-For is read: where it is missing and somebody was forwarded, nobody knows who calls."""
    assert not is_local("127.0.0.1", {name: b"for=203.0.113.9"}, PROXIES)


@pytest.mark.parametrize("value", [b"203.0.113.9,", b"203.0.113.9, ,", b",", b" "])
def test_an_empty_place_in_the_list_does_not_end_it(value: bytes) -> None:
    assert not is_local("127.0.0.1", {b"x-forwarded-for": value}, PROXIES)


@given(st.text(max_size=30), st.binary(max_size=60), st.sampled_from([(), PROXIES]))
def test_nothing_that_can_be_sent_is_an_error(peer: str, value: bytes, trusted: NETWORKS) -> None:
    found = client_address(peer, {b"x-forwarded-for": value}, trusted)
    assert found is None or isinstance(found, IPv4Address | IPv6Address)
    is_local(peer, {b"x-forwarded-for": value}, trusted)
