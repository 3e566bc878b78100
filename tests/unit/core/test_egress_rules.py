"""Entries and pairs: how they are written, and what they become."""

from ipaddress import ip_network

import pytest

from stellwerk.core.egress_rules import Entry, Pair, canonical_entry, canonical_pair, entry, pair


@pytest.mark.parametrize(
    ("text", "meant", "canonical"),
    [
        ("api.openai.com", Entry("api.openai.com"), "api.openai.com"),
        ("API.OpenAI.com.", Entry("api.openai.com"), "api.openai.com"),
        ("api.openai.com:443", Entry("api.openai.com"), "api.openai.com"),
        ("api.openai.com:8443", Entry("api.openai.com", 8443), "api.openai.com:8443"),
        ("bücher.example", Entry("xn--bcher-kva.example"), "xn--bcher-kva.example"),
        ("*.amazonaws.com", Entry("*.amazonaws.com"), "*.amazonaws.com"),
        ("*.Amazonaws.com:80", Entry("*.amazonaws.com", 80), "*.amazonaws.com:80"),
        ("*", Entry("*"), "*"),
        ("*:80", Entry("*", 80), "*:80"),
        ("8.8.8.8", Entry("8.8.8.8"), "8.8.8.8"),
        ("8.8.8.8:53", Entry("8.8.8.8", 53), "8.8.8.8:53"),
        ("2606:4700:0::1", Entry("2606:4700::1"), "[2606:4700::1]"),
        ("[2606:4700::1]", Entry("2606:4700::1"), "[2606:4700::1]"),
        ("[2606:4700::1]:8443", Entry("2606:4700::1", 8443), "[2606:4700::1]:8443"),
        ("localhost:11434", Entry("localhost", 11434), "localhost:11434"),
    ],
)
def test_an_entry_is_a_host_and_a_port(text: str, meant: Entry, canonical: str) -> None:
    assert entry(text) == meant
    assert canonical_entry(text) == canonical
    assert entry(canonical) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "https://api.openai.com",
        "api.openai.com/v1",
        "api.openai.com:",
        "api.openai.com:0",
        "api.openai.com:65536",
        "api.openai.com:https",
        "*api.openai.com",
        "api.*.com",
        "*.*.com",
        "**",
        "*.",
        "*:",
        "*:0",
        "*.8.8.8.8",
        "*.[::1]",
        "10.0.0.0/8",
        "user@api.openai.com",
        "a..b",
        "fe80::1%eth0",
    ],
)
def test_what_is_no_entry_is_refused_with_what_is_one(text: str) -> None:
    with pytest.raises(ValueError, match=r'a host, "\*\.suffix", an address or "\*"'):
        entry(text)


@pytest.mark.parametrize("text", ["127.1", "0x7f.0.0.1:80", "[::ffff:127.0.0.1]"])
def test_an_address_in_disguise_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"written plainly, here 127\.0\.0\.1"):
        entry(text)


@pytest.mark.parametrize(
    ("text", "meant", "canonical"),
    [
        (
            "models.internal=10.0.0.0/24",
            Pair("models.internal", ip_network("10.0.0.0/24")),
            "models.internal=10.0.0.0/24",
        ),
        ("Models.internal.=fd00::/8", Pair("models.internal", ip_network("fd00::/8")), "models.internal=fd00::/8"),
        ("10.0.0.5=10.0.0.5", Pair("10.0.0.5", ip_network("10.0.0.5/32")), "10.0.0.5=10.0.0.5/32"),
        ("fd00::1=fd00::/64", Pair("fd00::1", ip_network("fd00::/64")), "[fd00::1]=fd00::/64"),
        ("[fd00::1]=fd00::/64", Pair("fd00::1", ip_network("fd00::/64")), "[fd00::1]=fd00::/64"),
    ],
)
def test_a_pair_is_a_host_and_a_network(text: str, meant: Pair, canonical: str) -> None:
    assert pair(text) == meant
    assert canonical_pair(text) == canonical
    assert pair(canonical) == meant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("models.internal", "such as"),
        ("models.internal=", "such as"),
        ("=10.0.0.0/8", "such as"),
        ("models.internal=private", "such as"),
        ("models.internal=10.0.0.1/8", "here 10.0.0.0/8"),
        ("models.internal:443=10.0.0.0/8", "without a port"),
        ("10.1.0.1=10.0.0.0/24", "must hold the address"),
        ("10.1.0.1=fd00::/8", "must hold the address"),
        ("*.internal=10.0.0.0/8", "such as"),
        ("127.1=127.0.0.0/8", "written plainly"),
    ],
)
def test_what_is_no_pair_is_refused_with_what_is_one(text: str, why: str) -> None:
    with pytest.raises(ValueError, match='a pair "host=network"') as refused:
        pair(text)
    assert why in str(refused.value)
