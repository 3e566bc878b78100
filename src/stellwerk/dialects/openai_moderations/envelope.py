"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.openai_moderations.types import DEFAULT_MODEL, DIALECT
from stellwerk.dialects.thin_reading import UNSET, Value, counted, missing, read_thin, text

_ACTED_ON = ("model",)
_NOTHING = msgspec.Raw(b"")


def read_envelope(body: bytes, *, max_depth: int) -> Envelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    Raises ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper than ``max_depth``, or without input.
    """
    wire = read_thin(body, _decode, _ACTED_ON, max_depth=max_depth)
    model: Any = wire.model
    named = text("model", model)
    if wire.input == _NOTHING:
        raise missing("input")
    return Envelope(DIALECT, DEFAULT_MODEL if named is None else named, is_stream=False, body=body)


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for an upstream that knows the model as ``model``; one that names none is left so for the default."""
    if model == envelope.model:
        return envelope.body
    return json_splice.put(envelope.body, "model", msgspec.json.encode(model))


class _Wire(msgspec.Struct, gc=False):
    model: Value = UNSET
    input: msgspec.Raw = _NOTHING


_decode = msgspec.json.Decoder(_Wire, dec_hook=counted).decode
