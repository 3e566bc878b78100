"""How Google is asked, through its own API and through Vertex AI, and how its refusals are read."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.media import Link
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, WireRequest
from stellwerk.dialects.base_url import COMMON_FIELDS, read_base_url
from stellwerk.dialects.gemini.counting import encode_count_request, rewrite_count_request
from stellwerk.dialects.gemini.errors import read_failure
from stellwerk.dialects.gemini.losses import LOSSES, READABLE, VERTEX_LOSSES
from stellwerk.dialects.gemini.paths import COUNT, GENERATE, STREAM, resource, write_path
from stellwerk.dialects.gemini.request import GeminiEnvelope, encode, rewrite
from stellwerk.dialects.gemini.safety import SafetySettings, secure
from stellwerk.dialects.gemini.types import COUNT_DIALECT
from stellwerk.http.fields import render

_LABEL = re.compile(r"[a-z0-9_-]{0,63}")


class GeminiUpstream:
    """A host under ``base_url`` (without a version, as Google's SDK takes it) that serves ``/v1beta/models``."""

    dialect = "gemini"
    losses = LOSSES
    _is_vertex = False

    def __init__(
        self, base_url: str, *, api_version: str = "v1beta", safety_settings: SafetySettings | None = None
    ) -> None:
        self._safety_settings = safety_settings
        self.origin, below = read_base_url(base_url)
        self._prefix = f"{below}/{api_version}/"
        self._fields = render(COMMON_FIELDS)
        self._authorized: tuple[str, bytes] = ("", self._fields)
        self._paths: dict[tuple[str, str, bool], bytes] = {}

    def speaks(self, dialect: str) -> bool:
        """Whether it serves that dialect: only its own, and its counting."""
        return dialect in {self.dialect, COUNT_DIALECT}

    def takes_url(self, link: Link) -> bool:
        """Only what lies in Google's own storage."""
        return link.url.startswith(READABLE)

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's body as it came, asked of the target's model, under our own credential."""
        if envelope.dialect == COUNT_DIALECT:
            body = rewrite_count_request(envelope.body, target.model, is_vertex=self._is_vertex)
            return WireRequest(self.path(target.model, COUNT), self._authorize(credential) + trace, body)
        action = STREAM if envelope.is_stream else GENERATE
        is_sse = not isinstance(envelope, GeminiEnvelope) or envelope.is_sse
        path = self.path(target.model, action, is_sse=is_sse)
        body = self._secured(rewrite(envelope, target.model))
        return WireRequest(path, self._authorize(credential) + trace, body)

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """A request of another dialect. Raises ``InvalidRequest`` where it cannot be written."""
        path = self.path(target.model, STREAM if request.is_stream else GENERATE)
        body = self._secured(encode(self._expressible(request, target.model)))
        return WireRequest(path, self._authorize(credential) + trace, body)

    def prepare_chat_count(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """Asks how many tokens it has. Raises ``InvalidRequest`` where it cannot be written."""
        body = encode_count_request(self._expressible(request, target.model), is_vertex=self._is_vertex)
        return WireRequest(self.path(target.model, COUNT), self._authorize(credential) + trace, body)

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads Google's error body, or whatever stands in its place."""
        return read_failure(status, headers, body, now=now)

    def path(self, model: str, action: str, *, is_sse: bool = True) -> bytes:
        """The request target of an action (see ``paths``) on a model."""
        known = self._paths.get((model, action, is_sse))
        if known is None:
            known = write_path(self._prefix, self._resource(model), action, is_sse=is_sse)
            if len(self._paths) < 1_024:  # models are few and configured, but nothing may grow without a bound
                self._paths[model, action, is_sse] = known
        return known

    def _secured(self, body: bytes) -> bytes:
        return secure(body, self._safety_settings) if self._safety_settings else body

    def _authorize(self, credential: str) -> bytes:
        known, fields = self._authorized
        if known != credential:
            fields = self._fields + render((self._credential(credential),))
            self._authorized = (credential, fields)
        return fields

    def _credential(self, credential: str) -> tuple[bytes, bytes]:
        return b"x-goog-api-key", credential.encode()

    def _resource(self, model: str) -> str:
        return resource(model)

    def _expressible(self, request: ChatRequest, model: str) -> ChatRequest:
        """The request with the target's model, and without what this host would refuse as unknown."""
        return msgspec.structs.replace(request, model=model, metadata=None)


class VertexUpstream(GeminiUpstream):
    """Vertex AI in one location of a project. The credential is an access token."""

    losses = VERTEX_LOSSES
    _is_vertex = True

    def __init__(
        self,
        base_url: str,
        *,
        project: str,
        location: str,
        api_version: str = "v1",
        safety_settings: SafetySettings | None = None,
    ) -> None:
        super().__init__(base_url, api_version=api_version, safety_settings=safety_settings)
        self._prefix += f"projects/{project}/locations/{location}/"

    def _credential(self, credential: str) -> tuple[bytes, bytes]:
        return b"authorization", b"Bearer " + credential.encode()

    def _resource(self, model: str) -> str:
        """Google's models by their bare name; others say whose they are, endpoints which they are."""
        return model if "/" in model else f"publishers/google/models/{model}"

    def _expressible(self, request: ChatRequest, model: str) -> ChatRequest:
        metadata = {
            name: value
            for name, value in (request.metadata or {}).items()
            if name and _LABEL.fullmatch(name) and _LABEL.fullmatch(value)
        }
        return msgspec.structs.replace(request, model=model, metadata=metadata or None)
