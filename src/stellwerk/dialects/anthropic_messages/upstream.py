"""How a host that speaks this dialect is asked, and how its refusals are read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.media import Link
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, WireRequest
from stellwerk.dialects.anthropic_messages.errors import read_failure
from stellwerk.dialects.anthropic_messages.losses import LOSSES
from stellwerk.dialects.anthropic_messages.request import encode, encode_count, rewrite
from stellwerk.dialects.anthropic_messages.types import COUNT_DIALECT, DIALECT
from stellwerk.dialects.base_url import COMMON_FIELDS, read_base_url
from stellwerk.http.fields import render

VERSION = "2023-06-01"
"""The version of the interface that this dialect is written for."""


class AnthropicUpstream:
    """A host under ``base_url`` (without ``/v1``, as its own SDK takes it) that serves ``/v1/messages``."""

    dialect = DIALECT
    losses = LOSSES

    def __init__(self, base_url: str, *, version: str = VERSION, fields: tuple[tuple[str, str], ...] = ()) -> None:
        self.origin, below = read_base_url(base_url)
        self._path = below.encode() + b"/v1/messages"
        self._count_path = self._path + b"/count_tokens"
        self._models_path = below.encode() + b"/v1/models?limit=1"
        self._fields = render(
            (
                *COMMON_FIELDS,
                (b"anthropic-version", version.encode()),
                *((name.encode(), value.encode()) for name, value in fields),
            )
        )
        self._authorized: tuple[str, bytes] = ("", self._fields)

    def speaks(self, dialect: str) -> bool:
        """Whether it serves that dialect: only its own, and its counting."""
        return dialect in {DIALECT, COUNT_DIALECT}

    def takes_url(self, link: Link) -> bool:
        """It fetches media itself."""
        del link
        return True

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's body with the target's model in it, under our own credential."""
        path = self._count_path if envelope.dialect == COUNT_DIALECT else self._path
        return self._request(path, rewrite(envelope, target.model), credential, trace)

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The request of a caller who speaks another dialect, or that was edited on its way."""
        return self._request(self._path, encode(_for(request, target)), credential, trace)

    def prepare_chat_count(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The same, asking how many tokens it is."""
        return self._request(self._count_path, encode_count(_for(request, target)), credential, trace)

    def prepare_probe(self, credential: str) -> WireRequest:
        """Asks for a model that it has, which costs nothing."""
        return msgspec.structs.replace(self._request(self._models_path, b"", credential, b""), method=b"GET")

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads the dialect's error body, or whatever stands in its place."""
        return read_failure(status, headers, body, now=now)

    def _request(self, path: bytes, body: bytes, credential: str, trace: bytes) -> WireRequest:
        known, fields = self._authorized
        if known != credential:
            fields = self._fields + render(((b"x-api-key", credential.encode()),))
            self._authorized = (credential, fields)
        return WireRequest(path, fields + trace if trace else fields, body)


def _for(request: ChatRequest, target: Target) -> ChatRequest:
    return msgspec.structs.replace(request, model=target.model)
