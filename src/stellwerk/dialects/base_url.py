"""The address of a provider as configurations give it, and what every request to one says of itself."""

from __future__ import annotations

from urllib.parse import urlsplit

from stellwerk.core.wire import Origin

COMMON_FIELDS = (
    (b"content-type", b"application/json"),
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"stellwerk"),
)
"""Header fields of every request to a provider: answers are read and handed on as they are."""

_PORTS = {"http": 80, "https": 443}


def read_base_url(base_url: str) -> tuple[Origin, str]:
    """Where it is, and its path without a slash at the end. Raises ``ValueError`` for what is no such URL."""
    url = urlsplit(base_url)
    if url.scheme not in _PORTS or not url.hostname or url.query or url.fragment or url.username is not None:
        msg = f"expected an http(s) URL without query, fragment and user, found {base_url!r}"
        raise ValueError(msg)
    return Origin(url.scheme, url.hostname, url.port or _PORTS[url.scheme]), url.path.rstrip("/")
