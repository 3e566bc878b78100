"""Hosts: one text for each, whatever way it was written; what programs disagree on is marked or refused."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from stellwerk.core.hostname import Host, canonical, literal, shown


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("api.openai.com", "api.openai.com"),
        ("API.OpenAI.COM", "api.openai.com"),
        ("api.openai.com.", "api.openai.com"),
        ("localhost", "localhost"),
        ("my_service", "my_service"),
        ("_dns.resolver-1.example", "_dns.resolver-1.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example.", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("xn--fa-hia.example", "xn--fa-hia.example"),
        ("xn--abc.example", "xn--abc.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("1e3", "1e3"),
        ("0xg", "0xg"),
        ("1.2.3.x4", "1.2.3.x4"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (".".join(["a" * 49] * 5) + ".abc", ".".join(["a" * 49] * 5) + ".abc"),
    ],
)
def test_a_name_has_one_form(text: str, name: str) -> None:
    assert canonical(text) == Host(name)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0x7f.1", "127.0.0.1"),
        ("0X7F.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.0.0.01", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0x", "0.0.0.0"),
        ("1.2.65535", "1.2.255.255"),
        ("1.16777215", "1.255.255.255"),
        ("4294967295", "255.255.255.255"),
        ("0xA9FEA9FE", "169.254.169.254"),
    ],
)
def test_numbers_are_the_address_that_the_c_library_makes_of_them(text: str, address: str) -> None:
    assert canonical(text) == Host(address, IPv4Address(address), is_plain=False)


@pytest.mark.parametrize("text", ["127.0.0.1", "8.8.8.8", "0.0.0.0", "255.255.255.255", "::1", "2606:4700::1111"])
def test_an_address_in_its_usual_form_is_plain(text: str) -> None:
    assert canonical(text) == Host(text, ip_address(text))


def test_an_ipv6_address_has_one_text() -> None:
    assert canonical("2001:DB8:0:0:0:0:0:1") == Host("2001:db8::1", IPv6Address("2001:db8::1"))


@pytest.mark.parametrize("text", ["::ffff:127.0.0.1", "::FFFF:7f00:1", "0:0:0:0:0:ffff:127.0.0.1"])
def test_an_ipv4_mapped_address_is_the_other_one_in_disguise(text: str) -> None:
    assert canonical(text) == Host("127.0.0.1", IPv4Address("127.0.0.1"), is_plain=False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to 253"),
        (".", "1 to 253"),
        ("a" * 254, "1 to 253"),
        ("ü" * 253, "no part of a host name"),
        (".".join(["ü" * 40] * 6), "no host name"),
        ("a..b", "no host name"),
        (".a", "no host name"),
        ("a" * 64, "no host name"),
        ("-a", "no host name"),
        ("a-", "no host name"),
        ("a b", "no host name"),
        ("a\x00", "no host name"),
        ("a%2e", "no host name"),
        ("[a]", "no host name"),
        ("*.a", "no host name"),
        ("a\n", "no host name"),
        ("1.2.3.4.5", "no IPv4 address"),
        ("256.0.0.1", "no IPv4 address"),
        ("1.256.1", "no IPv4 address"),
        ("1.2.65536", "no IPv4 address"),
        ("4294967296", "no IPv4 address"),
        ("08", "no part of an IPv4 address"),
        ("0x1.0xg.1", "no part of an IPv4 address"),
        ("example.1", "no part of an IPv4 address"),
        ("1.2.3.4:80", "no IPv6 address"),
        ("::g", "no IPv6 address"),
        ("1:2:3:4:5:6:7:8:9", "no IPv6 address"),
        (":" * 300, "no IPv6 address"),
        ("fe80::1%eth0", "scope id"),
        ("2606:4700::1%1", "scope id"),
        ("faß.example", "that all programs agree on"),
        ("a\u200db.example", "that all programs agree on"),
        ("a\xadb.example", "that all programs agree on"),
        ("ａ.example", "that all programs agree on"),  # noqa: RUF001
        ("a。b", "that all programs agree on"),
        ("\u212a.example", "that all programs agree on"),
        ("\udcff.example", "that all programs agree on"),
        ("xn--ü.example", "that all programs agree on"),
        ("xn--.example", "no host name"),
        ("xn--99999999.example", "no encoded part"),
        ("xn--a_.example", "no encoded part"),
    ],
    ids=ascii,
)
def test_what_is_no_host_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        canonical(text)
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("text", "is_localhost"),
    [("localhost", True), ("a.localhost", True), ("alocalhost", False), ("localhost.example", False), ("::1", False)],
)
def test_localhost_is_this_machine_by_definition(text: str, is_localhost: bool) -> None:
    assert canonical(text).is_localhost is is_localhost


@pytest.mark.parametrize("text", ["127.1", "0x7f.0.0.1", "localhost", "", "1.2.3.04", "::1 ", "[::1]"])
def test_a_literal_is_an_address_in_its_usual_notation_alone(text: str) -> None:
    assert literal(text) is None


def test_what_is_shown_is_short_and_visible() -> None:
    assert shown("a\r\n\u202eb") == r"'a\r\n\u202eb'"
    assert len(shown("x" * 10_000)) < 100
