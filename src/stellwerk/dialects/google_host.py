"""Google's own host: one address that serves chat, and besides it vectors of texts."""

from __future__ import annotations

import msgspec

from stellwerk.core.embedding import EmbeddingRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.gemini.paths import EMBED, EMBED_BATCH
from stellwerk.dialects.gemini.upstream import GeminiUpstream

_EMBEDDINGS = "gemini_embeddings"


class GoogleHost(GeminiUpstream):
    """A host under ``base_url`` (without a version, as Google's SDK takes it)."""

    embedding_dialect = _EMBEDDINGS

    def speaks(self, dialect: str) -> bool:
        """Whether it serves that dialect."""
        return dialect == _EMBEDDINGS or super().speaks(dialect)

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's body, asked of the target's model, under our own credential."""
        if envelope.dialect != _EMBEDDINGS:
            return super().prepare(envelope, target, credential, trace)
        from stellwerk.dialects.gemini_embeddings.envelope import EmbeddingEnvelope, rewrite

        is_batch = isinstance(envelope, EmbeddingEnvelope) and envelope.is_batch
        body = rewrite(envelope, target.model)
        return self._embed(body, target, credential, trace, is_batch=is_batch)

    def prepare_embedding(
        self, request: EmbeddingRequest, target: Target, credential: str, trace: bytes
    ) -> WireRequest:
        """The request of a caller who speaks another dialect."""
        from stellwerk.dialects.gemini_embeddings.request import encode, is_batch

        body = encode(msgspec.structs.replace(request, model=target.model))
        return self._embed(body, target, credential, trace, is_batch=is_batch(request))

    def prepare_probe(self, credential: str) -> WireRequest:
        """Asks for a model that it has, which costs nothing."""
        return WireRequest(f"{self._prefix}models?pageSize=1".encode(), self._authorize(credential), b"", b"GET")

    def _embed(self, body: bytes, target: Target, credential: str, trace: bytes, *, is_batch: bool) -> WireRequest:
        path = self.path(target.model, EMBED_BATCH if is_batch else EMBED)
        return WireRequest(path, self._authorize(credential) + trace, body)
