"""Addresses: what each range is for, where credentials lie, and what an IPv6 address may carry."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from stellwerk.core.address import bare, carried_version_4, is_metadata, objection

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::",
    "2001:200::",
    "2001:4860:4860::8888",
    "2003::",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "3ffd:ffff::",
    "3fff:1000::",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2606:4700::5efe:808:808",
)


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_has_nothing_against_it(text: str) -> None:
    assert objection(ip_address(text)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "of this network"),
        ("10.0.0.0", "private"),
        ("10.255.255.255", "private"),
        ("100.64.0.0", "carrier-grade NAT"),
        ("100.127.255.255", "carrier-grade NAT"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("169.254.0.0", "link-local"),
        ("172.16.0.0", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.9", "of protocol assignments"),
        ("192.0.2.1", "for documentation"),
        ("192.31.196.1", "anycast of AS112"),
        ("192.52.193.1", "anycast of AMT"),
        ("192.88.99.2", "a 6to4 relay"),
        ("192.168.0.0", "private"),
        ("192.175.48.1", "anycast of AS112"),
        ("198.18.0.0", "for benchmarking"),
        ("198.19.255.255", "for benchmarking"),
        ("198.51.100.1", "for documentation"),
        ("203.0.113.1", "for documentation"),
        ("224.0.0.0", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.0", "reserved"),
        ("255.255.255.254", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::8.8.8.8", "IPv4-compatible"),
        ("::127.0.0.1", "IPv4-compatible for 127.0.0.1, which is loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:0:8.8.8.8", "IPv4-translated"),
        ("::ffff:0:127.0.0.1", "IPv4-translated for 127.0.0.1, which is loopback"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b:1::8.8.8.8", "of a local NAT64"),
        ("64:ff9b:1::10.0.0.1", "of a local NAT64 for 10.0.0.1, which is private"),
        ("64:ff9c::1", "outside of global unicast (2000::/3)"),
        ("100::1", "discard-only"),
        ("100:0:0:1::1", "outside of global unicast (2000::/3)"),
        ("2001::80ff:fefe", "Teredo for 127.0.1.1, which is loopback"),
        ("2001::f7f7:f7f7", "Teredo"),
        ("2001:1::1", "of protocol assignments"),
        ("2001:2::1", "for benchmarking"),
        ("2001:10::1", "ORCHID"),
        ("2001:2f::1", "ORCHID"),
        ("2001:db8::1", "for documentation"),
        ("2002:808:808::", "6to4"),
        ("2002:7f00:1::1", "6to4 for 127.0.0.1, which is loopback"),
        ("2606:4700::5efe:7f00:1", "ISATAP for 127.0.0.1, which is loopback"),
        ("2606:4700::200:5efe:a00:1", "ISATAP for 10.0.0.1, which is private"),
        ("2620:4f:8000::1", "anycast of AS112"),
        ("3ffe::1", "of the former 6bone"),
        ("3fff::1", "for documentation"),
        ("4000::", "outside of global unicast (2000::/3)"),
        ("5f00::1", "a segment routing identifier"),
        ("fc00::1", "unique local"),
        ("fdff::1", "unique local"),
        ("fe80::1", "link-local"),
        ("febf::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("2606:4700::1%eth0", "bound to one link by a scope id"),
        ("fe80::1%1", "bound to one link by a scope id"),
    ],
)
def test_every_other_address_has_its_reason(text: str, reason: str) -> None:
    assert objection(ip_address(text)) == reason


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:42::42",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::",
        "64:ff9b:1::a83f:8110",
    ],
)
def test_a_metadata_service_is_one_under_every_spelling(text: str) -> None:
    assert is_metadata(ip_address(text))
    assert objection(ip_address(text)) == "a cloud's metadata service"


def test_other_addresses_are_no_metadata_service() -> None:
    assert not any(is_metadata(ip_address(text)) for text in (*PUBLIC, "169.254.169.255", "fd00:ec2::255"))


def test_only_an_ipv4_mapped_address_is_the_same_as_another() -> None:
    assert bare(IPv6Address("::ffff:1.2.3.4")) == IPv4Address("1.2.3.4")
    assert bare(IPv6Address("64:ff9b::1.2.3.4")) == IPv6Address("64:ff9b::1.2.3.4")
    assert bare(IPv4Address("1.2.3.4")) == IPv4Address("1.2.3.4")


@pytest.mark.parametrize("text", ["::", "::1", "2606:4700::1", "fe80::1"])
def test_most_ipv6_addresses_carry_nothing(text: str) -> None:
    assert carried_version_4(IPv6Address(text)) is None
