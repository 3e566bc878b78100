"""``POST /v1/embeddings``: vectors of texts, from providers of either dialect that has them."""

from __future__ import annotations

from functools import partial

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.openai_embeddings.envelope import read_envelope
from stellwerk.dialects.openai_embeddings.errors import encode_error
from stellwerk.dialects.openai_embeddings.request import decode
from stellwerk.dialects.openai_embeddings.response import encode, read_usage
from stellwerk.dialects.openai_embeddings.types import DIALECT
from stellwerk.gateway.embedding import EmbeddingInterpreter
from stellwerk.gateway.endpoints.event_stream import EventStreamDialect
from stellwerk.gateway.endpoints.unstreamed import no_event, no_relay


def dialect(limits: LimitsSpec) -> EventStreamDialect:
    """The dialect as callers of this gateway speak it."""
    return EventStreamDialect(
        name=DIALECT,
        reader=partial(read_envelope, max_depth=limits.max_json_depth),
        facts=read_usage,
        relay=no_relay,
        error=encode_error,
        stream_error_writer=no_event,
        interpreter=lambda envelope, _identity: EmbeddingInterpreter(
            lambda: decode(envelope.body),
            lambda reply, asked: encode(reply, is_base64=asked.is_base64 or False),
        ),
    )
