"""A whole request between this dialect and the neutral form; its thin reading is in ``envelope``."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.embedding import Embeddable, EmbeddingRequest
from stellwerk.dialects.members import INTEGER, STRING, merge, refuse_request, without_nulls
from stellwerk.dialects.openai_embeddings.envelope import read_envelope, rewrite
from stellwerk.dialects.openai_embeddings.types import DIALECT, Members
from stellwerk.dialects.thin_reading import refuse_any_duplicate
from stellwerk.dialects.whole_reading import read_request

__all__ = ["decode", "encode", "read_envelope", "rewrite"]

_TOKENS = msgspec.json.Decoder(tuple[int, ...])
_MANY = msgspec.json.Decoder(tuple[str | tuple[int, ...], ...])
_FORMATS = {"float": False, "base64": True}


def decode(body: bytes) -> EmbeddingRequest:
    """Reads a request whole. Raises ``InvalidRequest`` with what is wrong and where."""
    return read_request(body, lambda: _decode(Members(body, refuse=refuse_request), body))


def encode(request: EmbeddingRequest) -> bytes:
    """The body that asks a host of this dialect. What only other dialects can say is left out."""
    is_base64 = request.is_base64
    wire: dict[str, Any] = {
        "model": request.model,
        "input": request.inputs[0] if request.is_single and len(request.inputs) == 1 else request.inputs,
        "dimensions": request.dimensions,
        "encoding_format": None if is_base64 is None else "base64" if is_base64 else "float",
        "user": request.user,
    }
    return msgspec.json.encode(merge(without_nulls(wire), request.opaque, DIALECT))


def _decode(body: Members, raw: bytes) -> EmbeddingRequest:
    refuse_any_duplicate(raw, body)
    model = body.need("model", STRING)
    inputs, is_single = _inputs(body)
    format_ = body.take("encoding_format", STRING)
    if format_ is not None and format_ not in _FORMATS:
        body.fail(f"Invalid value: '{format_[:64]}'. Supported values are: 'float', 'base64'.", "encoding_format")
    return EmbeddingRequest(
        model,
        inputs,
        is_single,
        body.take("dimensions", INTEGER),
        is_base64=None if format_ is None else _FORMATS[format_],
        user=body.take("user", STRING),
        opaque=body.opaque(),
    )


def _inputs(body: Members) -> tuple[tuple[Embeddable, ...], bool]:
    """A text, the tokens of one, or a list of either."""
    raw = bytes(body.peek("input"))
    if not raw.startswith(b"["):
        return (body.need("input", STRING),), True
    if raw[1:].lstrip()[:1] in _DIGITS:
        return (body.need("input", _TOKENS),), True
    return body.need("input", _MANY), False


_DIGITS = {bytes((digit,)) for digit in b"-0123456789"}
