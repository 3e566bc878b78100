"""What goes over the wire: authorities as the Host header wants them, and failures that another target may share."""

from __future__ import annotations

import msgspec
import pytest

from stellwerk.core.wire import Failure, FailureKind, Origin, WireRequest


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("https", "api.example.com", 443), "api.example.com"),
        (Origin("http", "api.example.com", 80), "api.example.com"),
        (Origin("https", "api.example.com", 80), "api.example.com:80"),
        (Origin("http", "api.example.com", 443), "api.example.com:443"),
        (Origin("https", "api.example.com", 8443), "api.example.com:8443"),
        (Origin("http", "::1", 80), "[::1]"),
        (Origin("https", "2001:db8::1", 8443), "[2001:db8::1]:8443"),
        (Origin("http", "127.0.0.1", 8000), "127.0.0.1:8000"),
    ],
    ids=str,
)
def test_an_authority_names_a_port_only_where_it_is_not_the_schemes_own(origin: Origin, authority: str) -> None:
    assert origin.authority == authority


def test_only_https_is_encrypted() -> None:
    assert Origin("https", "a", 1).is_tls
    assert not Origin("http", "a", 443).is_tls


def test_origins_are_keys() -> None:
    assert len({Origin("http", "a", 1), Origin("http", "a", 1), Origin("https", "a", 1), Origin("http", "a", 2)}) == 3


@pytest.mark.parametrize("kind", FailureKind)
def test_only_a_refusal_of_the_request_itself_is_final(kind: FailureKind) -> None:
    assert Failure(kind, "why").is_retryable is (kind is not FailureKind.REFUSED)


def test_a_request_is_a_post_unless_it_says_otherwise_and_cannot_change() -> None:
    request = WireRequest(b"/v1/x", b"", b"{}")
    assert request.method == b"POST"
    with pytest.raises(AttributeError):
        request.path = b"/other"  # type: ignore[misc]
    assert not hasattr(request, "__dict__")
    assert isinstance(request, msgspec.Struct)
