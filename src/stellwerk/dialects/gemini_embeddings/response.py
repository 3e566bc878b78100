"""Replies with embeddings between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.embedding import EmbeddingReply
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.usage import MOST_TOKENS, Usage
from stellwerk.dialects.whole_reading import complaint, read_loosely
from stellwerk.errors import UpstreamInvalid

__all__ = ["ReplyFacts", "decode", "encode", "read_usage"]


class _Values(msgspec.Struct, gc=False):
    values: tuple[float, ...]


class _Reply(msgspec.Struct, gc=False):
    embedding: _Values | None = None
    embeddings: list[_Values] | None = None
    usage: Any = msgspec.field(name="usageMetadata", default=None)


class _Skipped(msgspec.Struct, gc=False):
    """Vectors that are not looked into."""


class _Thin(msgspec.Struct, gc=False):
    embedding: _Skipped | None = None
    embeddings: list[_Skipped] | None = None
    usage: Any = msgspec.field(name="usageMetadata", default=None)


_read = msgspec.json.Decoder(_Reply).decode
_read_thin = msgspec.json.Decoder(_Thin).decode


def read_usage(body: bytes) -> ReplyFacts:
    """What accounting needs of a reply that is passed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    try:
        wire = _read_thin(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _unreadable(body) from None
    if wire.embedding is None and wire.embeddings is None:
        raise _unreadable(body)
    return ReplyFacts(_usage(wire.usage))


def decode(body: bytes, *, model: str) -> EmbeddingReply:
    """Reads a reply whole, of one text or of a batch. Raises ``UpstreamInvalid``."""
    try:
        wire = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _unreadable(body) from None
    if wire.embedding is None and wire.embeddings is None:
        raise _unreadable(body)
    entries = wire.embeddings if wire.embedding is None else [wire.embedding]
    return EmbeddingReply(model, tuple(entry.values for entry in entries or ()), _usage(wire.usage))


def encode(reply: EmbeddingReply, *, is_batch: bool) -> bytes:
    """The body that a caller of ``embedContent`` reads, or one of ``batchEmbedContents``."""
    entries = [{"values": vector} for vector in reply.vectors]
    wire: dict[str, Any] = {"embeddings": entries} if is_batch or not entries else {"embedding": entries[0]}
    if reply.usage is not None:
        wire["usageMetadata"] = {"promptTokenCount": reply.usage.input_tokens}
    return msgspec.json.encode(wire)


def _usage(wire: Any) -> Usage | None:
    tokens = wire.get("promptTokenCount") if type(wire) is dict else None
    return Usage(tokens) if type(tokens) is int and 0 <= tokens <= MOST_TOKENS else None


def _unreadable(body: bytes) -> UpstreamInvalid:
    return complaint(read_loosely(body), "a reply with embeddings")
