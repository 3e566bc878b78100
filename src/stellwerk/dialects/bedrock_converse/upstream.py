"""How Bedrock is asked, and how its refusals are read."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.media import Link
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, WireRequest
from stellwerk.dialects.base_url import COMMON_FIELDS, read_base_url
from stellwerk.dialects.bedrock_converse.errors import read_failure
from stellwerk.dialects.bedrock_converse.guarding import NativeGuardrail, guard
from stellwerk.dialects.bedrock_converse.losses import LOSSES
from stellwerk.dialects.bedrock_converse.request import encode, rewrite
from stellwerk.dialects.bedrock_converse.types import DIALECT
from stellwerk.http.fields import render

_SUFFIXES = (("cn-", "amazonaws.com.cn"), ("eusc-", "amazonaws.eu"), ("", "amazonaws.com"))
_MOST_PATHS = 1024


def endpoint(region: str, service: str = "bedrock-runtime") -> str:
    """The base URL of Bedrock's runtime, or of another of AWS's services, in a region."""
    suffix = next(suffix for prefix, suffix in _SUFFIXES if region.startswith(prefix))
    return f"https://{service}.{region}.{suffix}"


class BedrockUpstream:
    """A host under ``base_url`` (without a version, as boto3 takes it) that serves ``/model/{model}/converse``.

    Every request goes under ``guardrail``, where there is one.
    """

    dialect = DIALECT
    losses = LOSSES

    def __init__(self, base_url: str, guardrail: NativeGuardrail | None = None) -> None:
        self._guardrail = guardrail
        self.origin, below = read_base_url(base_url)
        self._prefix = below.encode() + b"/model/"
        self._fields = render(COMMON_FIELDS)
        self._authorized: tuple[str, bytes] = ("", self._fields)
        self._paths: dict[tuple[str, bool], bytes] = {}

    def speaks(self, dialect: str) -> bool:
        """Whether it serves that dialect: only its own."""
        return dialect == self.dialect

    def takes_url(self, link: Link) -> bool:
        """Never: what it reads itself lies in S3."""
        del link
        return False

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's body as it is, under our own credential.

        ``credential`` is an API key for Bedrock; without one the request is yet to be signed.
        """
        return self._ask(target, credential, trace, rewrite(envelope, target.model), is_stream=envelope.is_stream)

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """A request of another dialect, translated for the target's model; ``credential`` as for ``prepare``."""
        body = encode(msgspec.structs.replace(request, model=target.model))
        return self._ask(target, credential, trace, body, is_stream=request.is_stream)

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads the dialect's error body, or whatever stands in its place."""
        return read_failure(status, headers, body, now=now)

    def _ask(self, target: Target, credential: str, trace: bytes, body: bytes, *, is_stream: bool) -> WireRequest:
        if self._guardrail is not None:
            body = guard(body, self._guardrail, is_stream=is_stream)
        known, fields = self._authorized
        if known != credential:
            fields = self._fields + render(((b"authorization", b"Bearer " + credential.encode()),))
            self._authorized = (credential, fields)
        return WireRequest(self._path(target.model, is_stream=is_stream), fields + trace if trace else fields, body)

    def _path(self, model: str, *, is_stream: bool) -> bytes:
        path = self._paths.get((model, is_stream))
        if path is None:
            path = (
                self._prefix + quote(model, safe="-._~").encode() + (b"/converse-stream" if is_stream else b"/converse")
            )
            if len(self._paths) < _MOST_PATHS:
                self._paths[model, is_stream] = path
        return path
