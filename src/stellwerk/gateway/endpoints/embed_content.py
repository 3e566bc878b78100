"""``POST /v1beta/models/{model}:embedContent`` and ``:batchEmbedContents``: vectors of texts in Gemini's dialect."""

from __future__ import annotations

from stellwerk.core.embedding import EmbeddingReply, EmbeddingRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.gemini.errors import encode_error
from stellwerk.dialects.gemini.paths import EMBED, EMBED_BATCH, Operation, read_path
from stellwerk.dialects.gemini_embeddings import request, response
from stellwerk.dialects.gemini_embeddings.envelope import EmbeddingEnvelope, read_envelope
from stellwerk.dialects.gemini_embeddings.types import DIALECT
from stellwerk.gateway.embedding import EmbeddingInterpreter
from stellwerk.gateway.endpoints.event_stream import NamedInPath
from stellwerk.gateway.endpoints.unstreamed import no_event, no_relay


def dialect(limits: LimitsSpec) -> NamedInPath:
    """The dialect as callers of this gateway speak it."""

    def read(body: bytes, path: bytes) -> Envelope:
        found = read_path(path.decode("latin-1")) or Operation("", EMBED)
        is_batch = found.action == EMBED_BATCH
        return read_envelope(body, model=found.model, is_batch=is_batch, max_depth=limits.max_json_depth)

    return NamedInPath(
        name=DIALECT,
        facts=response.read_usage,
        relay=no_relay,
        error=encode_error,
        stream_error_writer=no_event,
        interpreter=_interpret,
        path_reader=read,
    )


def _interpret(envelope: Envelope, identity: str) -> EmbeddingInterpreter:
    del identity
    is_batch = isinstance(envelope, EmbeddingEnvelope) and envelope.is_batch
    decode = request.decode_batch if is_batch else request.decode

    def encode(reply: EmbeddingReply, asked: EmbeddingRequest) -> bytes:
        del asked
        return response.encode(reply, is_batch=is_batch)

    return EmbeddingInterpreter(lambda: decode(envelope.body, model=envelope.model), encode)
