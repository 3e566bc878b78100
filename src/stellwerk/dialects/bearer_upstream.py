"""Hosts that are asked with JSON under a bearer key, and refuse as OpenAI's does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, WireRequest
from stellwerk.dialects.base_url import COMMON_FIELDS, read_base_url
from stellwerk.dialects.openai_errors import read_failure
from stellwerk.http.fields import render


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
        self.dialect = dialect
        self._rewrite = rewrite
        self.origin, below = read_base_url(base_url)
        self._below = below.encode()
        self._path = self._below + path.encode()
        self._fields = render(
            (
                *COMMON_FIELDS,
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

    def get(self, path: bytes, credential: str) -> WireRequest:
        """Asks for what lies under another path, without a body."""
        asked = self.ask(b"", credential, b"")
        return msgspec.structs.replace(asked, path=self._below + path, method=b"GET")

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads the dialect's error body, or whatever stands in its place."""
        return read_failure(status, headers, body, now=now)
