"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.gemini_embeddings.types import DIALECT
from stellwerk.dialects.thin_reading import UNSET, Value, counted, missing, read_thin

_REQUESTS = "requests"
_CONTENT = "content"
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


class EmbeddingEnvelope(Envelope, frozen=True, gc=False):
    """An envelope that also knows whether it is one text or a batch of requests."""

    is_batch: bool = False


def read_envelope(body: bytes, *, model: str, is_batch: bool, max_depth: int) -> EmbeddingEnvelope:
    """Reads a request as far as every request needs it; the model stands in the path.

    Raises ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper than ``max_depth``, or without content.
    """
    wire = read_thin(body, _decode, _ACTED_ON, max_depth=max_depth)
    name, value = (_REQUESTS, wire.requests) if is_batch else (_CONTENT, wire.content)
    found: Any = value
    if found is UNSET or found is None:
        raise missing(name)
    return EmbeddingEnvelope(DIALECT, model, is_stream=False, body=body, is_batch=is_batch)


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for an upstream of this dialect: wherever it names its model, it names ours instead."""
    body = envelope.body
    named = msgspec.json.encode(model if "/" in model else f"models/{model}")
    if not isinstance(envelope, EmbeddingEnvelope) or not envelope.is_batch:
        return body if json_splice.find(body, "model") is None else json_splice.put(body, "model", named)
    member = json_splice.locate(body, _REQUESTS)
    try:
        raws = _split(body[member.start : member.end])
    except msgspec.ValidationError:
        return body  # no list: the provider says so
    entries = [bytes(raw) for raw in raws]
    renamed = [json_splice.put(entry, "model", named) if entry.startswith(b"{") else entry for entry in entries]
    return json_splice.replace(body, member, b"[" + b",".join(renamed) + b"]")


class _Wire(msgspec.Struct, gc=False):
    requests: Value = UNSET
    content: Value = UNSET


_ACTED_ON = (_REQUESTS, _CONTENT)
_decode = msgspec.json.Decoder(_Wire, dec_hook=counted).decode
