"""A whole reply: its thin reading for accounting, and the way between this dialect and the neutral form."""

from __future__ import annotations

import binascii
import struct
from typing import Any

import msgspec

from stellwerk.core.embedding import EmbeddingReply
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.usage import Usage
from stellwerk.dialects.excerpt import excerpt
from stellwerk.dialects.members import INTEGER, RAW, RAWS, STRING, merge, refuse_reply
from stellwerk.dialects.openai_embeddings.types import DIALECT, Members
from stellwerk.dialects.openai_usage import decode_usage
from stellwerk.dialects.whole_reading import complaint, read_loosely, read_reply
from stellwerk.errors import UpstreamInvalid

__all__ = ["ReplyFacts", "decode", "encode", "read_usage"]

_FLOAT_BYTES = 4
_VECTOR: msgspec.json.Decoder[str | tuple[float, ...]] = msgspec.json.Decoder(str | tuple[float, ...])


def read_usage(body: bytes) -> ReplyFacts:
    """What accounting needs of a reply that is passed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    try:
        if not body.isascii():
            body.decode()
        wire = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _unreadable(body) from None
    return ReplyFacts(_usage(wire.usage))


def decode(body: bytes) -> EmbeddingReply:
    """Reads a reply whole, vectors as numbers or as base64. Raises ``UpstreamInvalid``."""
    return read_reply(body, lambda: _decode(Members(body, refuse=refuse_reply)))


def encode(reply: EmbeddingReply, *, is_base64: bool = False) -> bytes:
    """The body that a caller of this dialect reads, with vectors in the form that it asked for."""
    usage = reply.usage or Usage()
    wire: dict[str, Any] = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _base64(vector) if is_base64 else vector}
            for index, vector in enumerate(reply.vectors)
        ],
        "model": reply.model,
        "usage": {"prompt_tokens": usage.input_tokens, "total_tokens": usage.total_tokens},
    }
    return msgspec.json.encode(merge(wire, reply.opaque, DIALECT))


class _Skipped(msgspec.Struct, gc=False):
    """A vector that is not looked into."""


class _Reply(msgspec.Struct, gc=False):
    data: list[_Skipped]
    usage: Any = None


_read = msgspec.json.Decoder(_Reply).decode


def _usage(wire: Any) -> Usage | None:
    return decode_usage(wire) if type(wire) is dict else None


def _unreadable(body: bytes) -> UpstreamInvalid:
    return complaint(read_loosely(body), "a list of embeddings: it has no data")


def _decode(body: Members) -> EmbeddingReply:
    body.take("object", STRING)
    found: dict[int, tuple[float, ...]] = {}
    raws = body.need("data", RAWS)
    for number, raw in enumerate(raws):
        entry = Members(raw, f"data[{number}]", refuse_reply)
        index = entry.take("index", INTEGER)
        found[number if index is None else index] = _vector(entry)
    if sorted(found) != list(range(len(raws))):
        raise UpstreamInvalid("The provider's answer cannot be read. Its embeddings are not numbered from 0.")
    vectors = tuple(found[index] for index in range(len(found)))
    raw_usage = body.take("usage", RAW)
    usage = None if raw_usage is None else _usage(msgspec.json.decode(raw_usage))
    return EmbeddingReply(body.take("model", STRING) or "", vectors, usage, body.opaque())


def _vector(entry: Members) -> tuple[float, ...]:
    value = entry.need("embedding", _VECTOR)
    if not isinstance(value, str):
        return value
    try:
        packed = binascii.a2b_base64(value, strict_mode=True)
        return struct.unpack(f"<{len(packed) // _FLOAT_BYTES}f", packed)
    except (ValueError, struct.error):
        raise UpstreamInvalid(f"The provider's answer cannot be read. No vector: {excerpt(value[:64])}") from None


def _base64(vector: tuple[float, ...]) -> str:
    return binascii.b2a_base64(struct.pack(f"<{len(vector)}f", *vector), newline=False).decode()
