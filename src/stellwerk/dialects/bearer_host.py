"""A host that is asked with JSON under a bearer key, as OpenAI's and the many that follow it are."""

from __future__ import annotations

from urllib.parse import urlsplit

from stellwerk.core.wire import Origin, WireRequest
from stellwerk.http.fields import render

_PORTS = {"http": 80, "https": 443}


class BearerHost:
    """A path under ``base_url``, which is what the host's own SDK takes. Raises ``ValueError`` for another URL."""

    def __init__(self, base_url: str, path: str, *, fields: tuple[tuple[str, str], ...] = ()) -> None:
        url = urlsplit(base_url)
        if url.scheme not in _PORTS or not url.hostname or url.query or url.fragment or url.username is not None:
            msg = f"expected an http(s) URL without query, fragment and user, found {base_url!r}"
            raise ValueError(msg)
        self.origin = Origin(url.scheme, url.hostname, url.port or _PORTS[url.scheme])
        self._path = url.path.rstrip("/").encode() + path.encode()
        self._fields = render(
            (
                (b"content-type", b"application/json"),
                (b"accept-encoding", b"identity"),
                (b"user-agent", b"stellwerk"),
                *((name.encode(), value.encode()) for name, value in fields),
            )
        )
        self._authorized: tuple[str, bytes] = ("", self._fields)

    def ask(self, body: bytes, credential: str, trace: bytes) -> WireRequest:
        """The request for this body. ``trace`` is a header block to go with it, or empty."""
        known, fields = self._authorized
        if known != credential:
            fields = self._fields + render(((b"authorization", b"Bearer " + credential.encode()),))
            self._authorized = (credential, fields)
        return WireRequest(self._path, fields + trace if trace else fields, body)
