"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.anthropic_messages.types import DIALECT
from stellwerk.dialects.rewriting import rewrite
from stellwerk.dialects.thin_reading import (
    MOST,
    UNSET,
    Value,
    check_utf8,
    count,
    counted,
    flag,
    missing,
    refusal,
    refuse_duplicates,
    tick,
    too_deep,
    wrong,
)

__all__ = ["MOST", "AnthropicEnvelope", "read_envelope", "rewrite"]

_ACTED_ON = ("model", "stream", "max_tokens")


class AnthropicEnvelope(Envelope, frozen=True, gc=False):
    """An envelope of this dialect: its streams always tell usage, and it has one answer."""


def read_envelope(body: bytes, *, max_depth: int) -> Envelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    It serves ``count_tokens`` too, so that a missing ``max_tokens`` is the provider's to refuse. Raises
    ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper than ``max_depth``, of wrong types where the
    gateway acts on a member, or for such a member that stands twice.
    """
    if not body.isascii():
        check_utf8(body)
    before = tick()
    try:
        wire = _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refusal(error, body, max_depth) from None
    taken = tick() - before - 1
    model: Any = wire.model
    stream: Any = wire.stream
    cap: Any = wire.max_tokens
    if taken + (model, stream, cap).count(UNSET) != len(_ACTED_ON):
        refuse_duplicates(body, _ACTED_ON)
    if type(model) is not str:
        raise wrong("model", "a string", model)
    if wire.messages is UNSET:
        raise missing("messages")
    if body.count(b"[") + body.count(b"{") > max_depth and json_splice.is_deeper(body, max_depth):
        raise too_deep(max_depth)
    is_stream = flag("stream", stream)
    output_cap = None if cap is UNSET else count("max_tokens", cap, 0)
    return AnthropicEnvelope(DIALECT, model, is_stream, body, True, output_cap)  # noqa: FBT003


class _Array(msgspec.Struct, array_like=True, gc=False):
    """An array whose elements are skipped."""


class _Wire(msgspec.Struct, gc=False):
    model: Value = UNSET
    messages: _Array | msgspec.UnsetType = UNSET
    stream: Value = UNSET
    max_tokens: Value = UNSET


_decode = msgspec.json.Decoder(_Wire, dec_hook=counted).decode
