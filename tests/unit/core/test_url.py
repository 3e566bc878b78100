"""URLs: parts as they came, and no URL that two programs could read differently."""

import pytest

from stellwerk.core.hostname import Host, canonical
from stellwerk.core.url import Url, read, split_host
from stellwerk.core.wire import Origin


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.example", Url("https", Host("a.example"), 443, "")),
        ("http://a.example/", Url("http", Host("a.example"), 80, "/")),
        ("HTTPS://A.example:8443/B?c=d&e=@#f", Url("https", Host("a.example"), 8443, "/B?c=d&e=@")),
        ("https://a.example?x=1", Url("https", Host("a.example"), 443, "?x=1")),
        ("https://a.example#x", Url("https", Host("a.example"), 443, "")),
        ("https://[::1]:1/ü%20", Url("https", canonical("::1"), 1, "/ü%20")),
        ("https://127.0.0.1:65535/", Url("https", canonical("127.0.0.1"), 65_535, "/")),
    ],
)
def test_a_url_is_read_into_its_parts(text: str, url: Url) -> None:
    assert read(text) == url


def test_its_origin_is_where_a_connection_goes() -> None:
    assert read("https://A.example./x").origin == Origin("https", "a.example", 443)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://a.example/" + "x" * 20_000, "at most 16384 characters"),
        ("https://a.example/ x", "blank"),
        ("https://a.example\\x", "backslash"),
        ("https://a.example/\n", "cannot be seen"),
        ("a.example", "no absolute URL"),
        ("https:a.example", "no absolute URL"),
        ("", "no absolute URL"),
        ("ftp://a.example", "scheme is 'ftp'"),
        ("https://", "no host"),
        ("https:///x", "no host"),
        ("https://a@b.example", "user part"),
        ("https://a.example#@b.example", "user part"),
        ("https://a.example?@b.example/", "user part"),
        ("https://a.example:/", "no host and port"),
        ("https://a.example:0", "no host and port"),
        ("https://a.example:080", "no host and port"),
        ("https://a.example:65536", "no port 65536"),
        ("https://::1/", "no host and port"),
        ("https://[::1/", "no host and port"),
        ("https://[1.2.3.4]/", "brackets"),
        ("https://a..b/", "no host name"),
    ],
)
def test_what_could_be_misread_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(text)


def test_a_host_may_have_a_port() -> None:
    assert split_host("a.example") == (Host("a.example"), None)
    assert split_host("[::1]:80") == (canonical("::1"), 80)
