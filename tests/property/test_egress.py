"""The egress policy under anything: no disguise makes an inward address public, and every decision is one decision."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stellwerk.core import url
from stellwerk.core.address import bare, carried_version_4, is_metadata, objection
from stellwerk.core.egress_policy import Policy
from stellwerk.core.egress_rules import canonical_entry, canonical_pair
from stellwerk.core.hostname import canonical, literal
from stellwerk.core.snapshot import EgressSpec
from stellwerk.core.wire import Origin

ANYWHERE = Policy.of(EgressSpec(allow=("*", "*:80")), ())
LISTED = Policy.of(
    EgressSpec(allow=("a.example", "*.b.example", "c.example:8443", "10.0.0.5"), private=("a.example=10.0.0.0/8",)),
    [Origin("http", "127.0.0.1", 8000), Origin("https", "d.example", 443)],
)
OFF = Policy.of(EgressSpec("off"), ())
POLICIES = st.sampled_from([ANYWHERE, LISTED, OFF, Policy()])

INWARD_NETWORKS = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
INWARD = st.sampled_from(INWARD_NETWORKS).flatmap(
    lambda network: st.integers(int(network.network_address), int(network.broadcast_address)).map(IPv4Address)
)
VERSION_4 = st.integers(0, 2**32 - 1).map(IPv4Address)
VERSION_6 = st.one_of(
    st.integers(0, 2**128 - 1),
    st.integers(2**125, 2**126 - 1),
    st.sampled_from([0, 0xFFFF << 32, 0xFFFF << 48, 0x64FF9B << 96, 0x64FF9B0001 << 80]).flatmap(
        lambda high: st.integers(0, 2**32 - 1).map(lambda low: high | low)
    ),
).map(IPv6Address)
ADDRESSES = st.one_of(VERSION_4, VERSION_6)
ALPHABET = "aA0x179.:-_%@/\\?#[]* \t\n\x00\u3002\uff0eüßｅ\u212a\u200d\udcff"  # noqa: RUF001
TEXTS = st.one_of(st.text(max_size=40), st.text(ALPHABET, max_size=40))
URLS = st.one_of(
    TEXTS,
    st.tuples(st.sampled_from(["https://", "http://", "HTTPS://", "ftp://", "https:/"]), TEXTS).map("".join),
    st.tuples(
        st.just("https://"),
        st.sampled_from(["a.example", "x.b.example", "c.example:8443", "127.0.0.1", "8.8.8.8", "[::1]", "e.example"]),
        TEXTS,
    ).map("".join),
)


def _part(number: int, base: str) -> str:
    match base:
        case "hex":
            return f"0x{number:x}"
        case "HEX":
            return f"0X{number:X}"
        case "octal":
            return f"0{number:o}"
        case "padded":
            return f"000{number:o}"
        case _:
            return str(number)


@st.composite
def disguises(draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address]) -> tuple[str, IPv4Address]:
    """An IPv4 address in any spelling that the C library takes for it."""
    address = draw(addresses)
    count = draw(st.integers(1, 4))
    value = int(address)
    numbers = [value >> (24 - 8 * place) & 255 for place in range(count - 1)]
    numbers.append(value & (2 ** (8 * (5 - count)) - 1))
    bases = st.sampled_from(["hex", "HEX", "octal", "padded", "decimal"])
    return ".".join(_part(number, draw(bases)) for number in numbers), address


@given(disguises(VERSION_4))
def test_a_number_is_the_address_that_the_c_library_takes_it_for(spelling: tuple[str, IPv4Address]) -> None:
    text, address = spelling
    assert socket.inet_aton(text) == address.packed
    host = canonical(text)
    assert (host.text, host.address) == (str(address), address)
    assert host.is_plain is (text == str(address))


@given(st.text("0123456789abcdefxX.", max_size=20))
@example("0x")
@example("1.2.3.4.")
def test_whatever_the_c_library_takes_for_an_address_is_no_name_to_us(text: str) -> None:
    try:
        taken = socket.inet_aton(text)
    except OSError:
        return
    host = canonical(text)
    assert host.address is not None
    assert host.address.packed == taken


@given(disguises(INWARD), st.sampled_from(["", ".", ":443", ".:443", ":80"]), st.sampled_from(["https", "http"]))
def test_no_spelling_of_an_inward_address_is_public(
    spelling: tuple[str, IPv4Address], ending: str, scheme: str
) -> None:
    text, address = spelling
    assert not ANYWHERE.judge_url(f"{scheme}://{text}{ending}/").is_allowed
    assert not ANYWHERE.judge_host(text, 443).is_allowed
    assert not ANYWHERE.judge_address("e.example", str(address), 443).is_allowed
    assert not ANYWHERE.judge_address("e.example", text, 443).is_allowed


@given(INWARD, st.integers(0, 2**64 - 1), st.integers(0, 2**16 - 1))
def test_no_ipv6_address_that_carries_an_inward_one_is_public(address: IPv4Address, noise: int, subnet: int) -> None:
    value = int(address)
    for carrier in (
        value,
        0xFFFF << 32 | value,
        0xFFFF << 48 | value,
        0x64FF9B << 96 | value,
        0x64FF9B0001 << 80 | value,
        0x2002 << 112 | value << 80 | noise,
        0x20010000 << 96 | subnet << 32 | (value ^ 0xFFFF_FFFF),
        0x2606 << 112 | subnet << 64 | 0x5EFE << 32 | value,
        0x2606 << 112 | subnet << 64 | 0x02005EFE << 32 | value,
    ):
        found = IPv6Address(carrier)
        assert objection(found) is not None, found
        assert not ANYWHERE.judge_url(f"https://[{found}]/").is_allowed
        assert not ANYWHERE.judge_address("e.example", str(found), 443).is_allowed


@given(ADDRESSES)
@example(IPv6Address("fec0::1"))
@example(IPv6Address("3fff::1"))
def test_what_python_does_not_hold_for_global_is_not_public(address: IPv4Address | IPv6Address) -> None:
    plain = carried_version_4(address) if isinstance(address, IPv6Address) and objection(address) is None else None
    subject = plain or address
    if objection(subject) is None:
        assert subject.is_global
        kinds = (subject.is_multicast, subject.is_reserved, subject.is_private, subject.is_unspecified)
        assert not any(kinds)


@given(VERSION_4)
@example(IPv4Address("192.31.196.1"))
@example(IPv4Address("168.63.129.16"))
def test_what_python_holds_for_global_is_public_but_for_services_of_the_network(address: IPv4Address) -> None:
    if address.is_global and not address.is_multicast:
        assert objection(address) in {
            None,
            "a 6to4 relay",
            "a cloud's metadata service",
            "anycast of AMT",
            "anycast of AS112",
            "of protocol assignments",  # of which newer versions of Python except two
        }


@given(ADDRESSES)
def test_an_address_and_its_mapped_form_are_judged_alike(address: IPv4Address | IPv6Address) -> None:
    if isinstance(address, IPv4Address):
        mapped = IPv6Address(0xFFFF << 32 | int(address))
        assert bare(mapped) == address
        assert objection(mapped) == objection(address)
        assert is_metadata(mapped) == is_metadata(address)


@given(ADDRESSES)
def test_the_usual_notation_of_an_address_is_its_canonical_form(address: IPv4Address | IPv6Address) -> None:
    assert literal(str(address)) == address
    assert bare(canonical(str(address)).address or address) == bare(address)


@given(TEXTS)
def test_the_canonical_form_of_a_host_is_its_own(text: str) -> None:
    try:
        host = canonical(text)
    except ValueError:
        return
    again = canonical(host.text)
    assert (again.text, again.address) == (host.text, host.address)
    assert again.is_plain
    assert host.text == host.text.lower()
    assert host.text.isascii()
    assert not host.text.endswith(".")


@given(POLICIES, URLS)
def test_every_url_has_one_decision(policy: Policy, text: str) -> None:
    decision = policy.judge_url(text)
    assert decision == policy.judge_url(text)
    assert decision.reason
    if decision.is_allowed:
        assert decision.origin is not None
        again = policy.judge_url(f"{decision.origin.scheme}://{decision.origin.authority}/")
        assert (again.is_allowed, again.origin) == (True, decision.origin)


@given(URLS)
def test_a_second_parser_reads_the_same_host_from_what_we_read(text: str) -> None:
    try:
        found = url.read(text)
    except ValueError:
        return
    other = urlsplit(text)
    assert other.hostname is not None
    assert other.scheme == found.scheme
    assert other.username is None
    assert canonical(other.hostname) == found.host
    assert (other.port or url.DEFAULT_PORTS[found.scheme]) == found.port


@given(POLICIES, TEXTS, st.lists(st.one_of(TEXTS, ADDRESSES.map(str)), max_size=3), st.integers(0, 65_535))
def test_every_answer_has_one_decision_and_none_is_better_than_its_worst_part(
    policy: Policy, host: str, addresses: list[str], port: int
) -> None:
    decision = policy.judge_answer(host, addresses, port)
    assert decision == policy.judge_answer(host, addresses, port)
    parts = [policy.judge_address(host, address, port).is_allowed for address in addresses]
    assert decision.is_allowed is (all(parts) and policy.judge_host(host, port).is_allowed)


@given(TEXTS)
@example("*")
@example("*.a.example:1")
@example("::1")
def test_the_canonical_form_of_an_entry_is_its_own(text: str) -> None:
    try:
        entry = canonical_entry(text)
    except ValueError:
        return
    assert canonical_entry(entry) == entry
    Policy.of(EgressSpec(allow=(entry,)), ())


@given(st.one_of(TEXTS, st.tuples(TEXTS, st.sampled_from(["=10.0.0.0/8", "=::/0", "=", "=1.1.1.1"])).map("".join)))
@example("a.example=10.0.0.0/8")
def test_the_canonical_form_of_a_pair_is_its_own(text: str) -> None:
    try:
        pair = canonical_pair(text)
    except ValueError:
        return
    assert canonical_pair(pair) == pair
    Policy.of(EgressSpec(private=(pair,)), ())


@pytest.mark.parametrize("length", [10_000, 1_000_000])
def test_a_long_text_is_refused_at_once(length: int) -> None:
    for text in ("a" * length, "ü" * length, ":" * length, "1." * length, "https://" + "[" * length):
        assert not ANYWHERE.judge_host(text, 443).is_allowed
        assert not ANYWHERE.judge_url(text).is_allowed
