"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.openai_chat.types import DIALECT
from stellwerk.dialects.rewriting import rewrite_stream
from stellwerk.dialects.thin_reading import (
    UNSET,
    Value,
    check_utf8,
    count,
    counted,
    missing,
    refusal,
    refuse_duplicates,
    tick,
    too_deep,
    wants_usage,
    wrong,
)

_ACTED_ON = ("model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n")


class ChatEnvelope(Envelope, frozen=True, gc=False):
    """An envelope that also remembers whether its body has a ``stream_options`` member."""

    has_stream_options: bool = True


def read_envelope(body: bytes, *, max_depth: int) -> Envelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    Raises ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper than ``max_depth``, of wrong types where
    the gateway acts on a member, or for such a member that stands twice.
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
    options, n = wire.stream_options, wire.n
    cap: Any = wire.max_completion_tokens
    old_cap: Any = wire.max_tokens
    if taken + (model, stream, options, n, cap, old_cap).count(UNSET) != len(_ACTED_ON):
        refuse_duplicates(body, _ACTED_ON)
    if type(model) is not str:
        raise wrong("model", "a string", model)
    if wire.messages is UNSET:
        raise missing("messages")
    if body.count(b"[") + body.count(b"{") > max_depth and json_splice.is_deeper(body, max_depth):
        raise too_deep(max_depth)
    is_stream = stream is True
    if not (is_stream or stream is UNSET or stream is False or stream is None):
        raise wrong("stream", "a boolean", stream)
    has_options = options is not UNSET
    asks_usage = wants_usage(options) if has_options else False
    output_cap = None if cap is UNSET else count("max_completion_tokens", cap, 0)
    if old_cap is not UNSET:
        old_cap = count("max_tokens", old_cap, 0)
        if old_cap is not None:
            output_cap = old_cap if output_cap is None else max(output_cap, old_cap)
    choices = 1 if n is UNSET else count("n", n, 1) or 1
    return ChatEnvelope(DIALECT, model, is_stream, body, asks_usage or not is_stream, output_cap, choices, has_options)


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for an upstream of this dialect that knows the model as ``model``: the same object where it may be.

    A stream whose caller did not ask for usage asks for it all the same: it is accounted, then stripped.
    """
    has_options = not isinstance(envelope, ChatEnvelope) or envelope.has_stream_options
    return rewrite_stream(envelope, model, has_options=has_options)


class _Array(msgspec.Struct, array_like=True, gc=False):
    """An array whose elements are skipped."""


class _Wire(msgspec.Struct, gc=False):
    model: Value = UNSET
    messages: _Array | msgspec.UnsetType = UNSET
    stream: Value = UNSET
    stream_options: Value = UNSET
    max_tokens: Value = UNSET
    max_completion_tokens: Value = UNSET
    n: Value = UNSET


_decode = msgspec.json.Decoder(_Wire, dec_hook=counted).decode
