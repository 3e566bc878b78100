"""How addresses, networks, origins, URLs and names are written."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.config import notation

GOOD: dict[Callable[[str], str], list[str]] = {
    notation.address: ["127.0.0.1:0", "[::1]:8080", "[::]:65535", "localhost:80", "a-b.example.:1", "[fe80::1%eth0]:1"],
    notation.network: ["10.0.0.0/8", "fd00::/8", "0.0.0.0/0"],
    notation.origin: ["*", "https://app.example.com", "http://127.0.0.1:3000", "http://[::1]:1", "app+x://localhost"],
    notation.url: ["http://h", "HTTPS://h.example:8443/v1/", "http://[::1]:9/", "http://10.0.0.1/a%20b", "http://h/@"],
    notation.provider_name: ["a", "A-1._x", "9" * 64],
    notation.model_name: ["gpt-5.2", "eu.anthropic.claude-v1:0", "org/model@1+2~3", "_x", "x" * 256],
    notation.upstream_model: ["a", "a b", "arn:aws:bedrock:eu-central-1:1:inference-profile/x", "~" * 512],
    notation.label: ["web", "Größe 2", "x" * 128],
    notation.capability: ["vision", "json_schema", "x1"],
    notation.token: ["sk-1", "~!"],
    notation.one_line: ["", "ü b"],
    notation.pem: ["-----BEGIN X-----"],
}

BAD: dict[Callable[[str], str], list[str]] = {
    notation.address: [
        "", "localhost", ":80", "*:80", "::1:80", "[::1]", "[]:1", "[1.2.3.4]:1", "[x:y]:1", "h:", "h:x", "h:65536",
        "h:-1", "h:+1", "h:٣", "1.2.3:4", "1.2.3.4.5:6", "256.0.0.1:1", "a..b:1", "-a:1", "a b:1", f"{'x' * 64}:1",
        "http://h:1", "h:1\n", "ü:1",
    ],
    notation.network: ["", "10.0.0.0/33", "10.0.0.1/8", "10/8", "x", "10.0.0.0/8 "],
    notation.origin: [
        "", "null", "https://", "https://a/", "https://A", "https://a:443", "http://a:80", "https://a:65536",
        "a.example", "https://a?b", "https://u@a", "https://*.a", "https://a\n",
    ],
    notation.url: [
        "", "foo", "ftp://h", "http://", "http:///x", "http://u@h", "http://u:p@h", "http://h?q", "http://h#f", "http://h:0",
        "http://h:65536", "http://h:", "http://h:x", "http://h/a b", "http://h/ü", "http://ü", "http://[::1]x", "http://[]",
        "http://[1.2.3.4]", "http://1.2.3", "//h", "http://h\n", "http://-h",
    ],
    notation.provider_name: ["", "a/b", "-a", "a b", "ü", "x" * 65, "a\n"],
    notation.model_name: ["", "*", "a b", "-a", "a,b", "ü", "x" * 257, "a\n"],
    notation.upstream_model: ["", " a", "a ", "a\r", "ü", "x" * 513, "a\n"],
    notation.label: ["", " a", "a ", "a\n", "a\u202e", "x" * 129],
    notation.capability: ["", "Vision", "1x", "a-b", "a\n"],
    notation.token: ["", "a b", "a\n", "ü", "\x7f"],
    notation.one_line: ["a\n", "\x1b[1m"],
    notation.pem: ["", "/etc/key.pem"],
}  # fmt: skip

PAIRS = [(function, text) for function, texts in GOOD.items() for text in texts]
FAULTS = [(function, text) for function, texts in BAD.items() for text in texts]


@pytest.mark.parametrize(("function", "text"), PAIRS, ids=range(len(PAIRS)))
def test_what_is_written_well_is_taken_as_it_is(function: Callable[[str], str], text: str) -> None:
    assert function(text) == text


@pytest.mark.parametrize(("function", "text"), FAULTS, ids=range(len(FAULTS)))
def test_what_is_written_otherwise_is_refused(function: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z"):
        function(text)


@given(st.text(), st.sampled_from(list(GOOD)))
def test_any_text_is_taken_or_refused(text: str, function: Callable[[str], str]) -> None:
    try:
        taken = function(text)
    except ValueError:
        return
    assert function(taken) == taken


def test_addresses_are_split_into_host_and_port() -> None:
    assert notation.split_address("[::1]:80") == ("::1", 80)
    assert notation.split_address("localhost:0") == ("localhost", 0)


def test_a_single_address_is_a_network_of_one() -> None:
    assert notation.network("192.0.2.1") == "192.0.2.1/32"
    assert notation.network("::1") == "::1/128"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_loopback_is_known(host: str) -> None:
    assert notation.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "gateway"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not notation.is_loopback(host)


def test_wildcards_stand_for_every_address() -> None:
    assert notation.is_wildcard("0.0.0.0")
    assert notation.is_wildcard("::")
    assert not notation.is_wildcard("127.0.0.1")
    assert not notation.is_wildcard("localhost")
