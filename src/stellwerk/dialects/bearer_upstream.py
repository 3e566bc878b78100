"""Hosts that are asked with JSON under a bearer key, and refuse as OpenAI's does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, Origin, WireRequest
from stellwerk.dialects.openai_errors import read_failure
from stellwerk.http.fields import render

_PORTS = {"http": 80, "https": 443}


class BearerUpstream:
    """A host under ``base_url`` (with ``/v1``, as its own SDK takes it) that serves ``path`` below it.

    ``rewrite`` gives the body for a target's model. Raises ``ValueError`` for what is no such URL.
    """

    def __init__(
        self,
        dialect: str,
        base_url: str,
        path: str,
        rewrite: Callable[[Envelope, str], bytes],
        *,
        fields: tuple[tuple[str, str], ...] = (),
    ) -> None:
        url = urlsplit(base_url)
        if url.scheme not in _PORTS or not url.hostname or url.query or url.fragment or url.username is not None:
            msg = f"expected an http(s) URL without query, fragment and user, found {base_url!r}"
            raise ValueError(msg)
        self.dialect = dialect
        self._rewrite = rewrite
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

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's body with the target's model in it, under our own credential."""
        return self.ask(self._rewrite(envelope, target.model), credential, trace)

    def ask(self, body: bytes, credential: str, trace: bytes) -> WireRequest:
        """A request with this body."""
        known, fields = self._authorized
        if known != credential:
            fields = self._fields + render(((b"authorization", b"Bearer " + credential.encode()),))
            self._authorized = (credential, fields)
        return WireRequest(self._path, fields + trace if trace else fields, body)

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads the dialect's error body, or whatever stands in its place."""
        return read_failure(status, headers, body, now=now)
