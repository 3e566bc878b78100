"""Azure OpenAI: hosts of OpenAI's kind, one below each deployment or one for all, under a key or an access token."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from stellwerk.cloud.refreshing import Bearing, Refreshing, Token
from stellwerk.core.chat import ChatRequest
from stellwerk.core.embedding import EmbeddingRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import Loss
from stellwerk.core.media import Link
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, Origin, WireRequest
from stellwerk.dialects.openai_host import OpenAIHost
from stellwerk.errors import InvalidRequest
from stellwerk.http.fields import render

BESIDE_DEPLOYMENTS = ("openai_completions", "openai_embeddings")
BESIDE_V1 = (*BESIDE_DEPLOYMENTS, "openai_responses")
KEPT_BESIDE_DEPLOYMENTS = frozenset({"openai_files", "openai_batches", "openai_fine_tuning"})
"""What a resource keeps for all of its deployments, and is asked for beside them."""
NOT_BESIDE_DEPLOYMENTS = frozenset({"openai_stored_responses"})
MOST_HOSTS = 1_024
"""Deployments are few and configured, but nothing may grow without a bound."""


class AzureHost(Bearing):
    """A resource under ``base_url``. A target's model is the name of a deployment.

    With ``is_v1`` that name stands in the body, else in the path. A credential goes into ``api-key``; without one a
    request is to be signed.
    """

    dialect = OpenAIHost.dialect
    embedding_dialect = OpenAIHost.embedding_dialect
    losses: tuple[Loss, ...] = OpenAIHost.losses

    def __init__(
        self,
        base_url: str,
        *,
        api_version: str,
        is_v1: bool,
        tokens: Refreshing[Token] | None = None,
        origins: tuple[Origin, ...] = (),
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._is_v1 = is_v1
        self._beside = BESIDE_V1 if is_v1 else BESIDE_DEPLOYMENTS
        self._query = f"?api-version={api_version}".encode() if api_version else b""
        # The base URL is judged as it stands: what is appended to it below could make sense of what is none.
        self.origin = OpenAIHost(base_url, beside=()).origin
        self._whole = OpenAIHost(f"{self._base_url}/openai/v1", beside=self._beside)
        self._keeper = self._whole if is_v1 else OpenAIHost(f"{self._base_url}/openai", beside=())
        self._hosts: dict[str, OpenAIHost] = {}
        self._keyed: tuple[str, bytes] = ("", b"")
        self.holder = tokens
        self.origins = origins

    def speaks(self, dialect: str) -> bool:
        """Whether it serves that dialect's path."""
        return self._whole.speaks(dialect) and (self._is_v1 or dialect not in NOT_BESIDE_DEPLOYMENTS)

    def takes_url(self, link: Link) -> bool:
        """As every host of OpenAI's kind: pictures are fetched by Azure."""
        return self._whole.takes_url(link)

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's body with the deployment as its model, asked of that deployment."""
        host = self._keeper if envelope.dialect in KEPT_BESIDE_DEPLOYMENTS else self._host(target)
        return self._addressed(host.prepare(envelope, target, "", trace), credential)

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The request of a caller who speaks another dialect."""
        return self._addressed(self._host(target).prepare_chat(request, target, "", trace), credential)

    def prepare_embedding(
        self, request: EmbeddingRequest, target: Target, credential: str, trace: bytes
    ) -> WireRequest:
        """The request for vectors of a caller who speaks another dialect."""
        return self._addressed(self._host(target).prepare_embedding(request, target, "", trace), credential)

    def prepare_probe(self, credential: str) -> WireRequest:
        """Asks for the models of the resource, which costs nothing."""
        return self._addressed(self._keeper.prepare_probe(""), credential)

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads the error body, which is OpenAI's."""
        return self._whole.classify(status, headers, body, now)

    def _host(self, target: Target) -> OpenAIHost:
        if self._is_v1:
            return self._whole
        host = self._hosts.get(target.model)
        if host is None:
            if not target.model:
                message = "Deployments of this provider are asked by their names: a model is needed."
                raise InvalidRequest(message, param="model")
            url = f"{self._base_url}/openai/deployments/{quote(target.model, safe='')}"
            host = OpenAIHost(url, beside=self._beside)
            if len(self._hosts) < MOST_HOSTS:
                self._hosts[target.model] = host
        return host

    def _addressed(self, request: WireRequest, credential: str) -> WireRequest:
        known, line = self._keyed
        if known != credential:
            line = render(((b"api-key", credential.encode()),))
            self._keyed = (credential, line)
        query = self._query
        if query and b"?" in request.path:
            query = b"&" + query[1:]
        return WireRequest(request.path + query, request.fields + line, request.body, request.method)
