"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.rerank.types import DIALECT
from stellwerk.dialects.rewriting import rewrite
from stellwerk.dialects.thin_reading import UNSET, Value, counted, missing, read_thin, wrong

__all__ = ["read_envelope", "rewrite"]

_ACTED_ON = ("model",)
_NOTHING = msgspec.Raw(b"")


def read_envelope(body: bytes, *, max_depth: int) -> Envelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    Raises ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper than ``max_depth``, without query or
    documents, or without one model.
    """
    wire = read_thin(body, _decode, _ACTED_ON, max_depth=max_depth)
    model: Any = wire.model
    if type(model) is not str:
        raise wrong("model", "a string", model)
    for name in ("query", "documents"):
        if getattr(wire, name) == _NOTHING:
            raise missing(name)
    return Envelope(DIALECT, model, is_stream=False, body=body)


class _Wire(msgspec.Struct, gc=False):
    model: Value = UNSET
    query: msgspec.Raw = _NOTHING
    documents: msgspec.Raw = _NOTHING


_decode = msgspec.json.Decoder(_Wire, dec_hook=counted).decode
