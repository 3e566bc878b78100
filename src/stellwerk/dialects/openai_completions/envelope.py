"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.openai_completions.types import DIALECT
from stellwerk.dialects.rewriting import rewrite_stream
from stellwerk.dialects.thin_reading import (
    UNSET,
    Value,
    count,
    counted,
    flag,
    missing,
    read_thin,
    refuse_duplicates,
    wants_usage,
    wrong,
)

_ACTED_ON = ("model", "stream", "stream_options", "max_tokens", "n", "best_of")
_NOTHING = msgspec.Raw(b"")


class CompletionsEnvelope(Envelope, frozen=True, gc=False):
    """An envelope that also remembers whether its body has a ``stream_options`` member."""

    has_stream_options: bool = True


def read_envelope(body: bytes, *, max_depth: int) -> CompletionsEnvelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    Its choices are all answers that are made, also those of which only the best is handed out. Raises
    ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper than ``max_depth``, without prompt, of
    wrong types where the gateway acts on a member, or for such a member that stands twice.
    """
    wire = read_thin(body, _decode, _ACTED_ON, max_depth=max_depth)
    model: Any = wire.model
    options: Any = wire.stream_options
    if type(model) is not str:
        raise wrong("model", "a string", model)
    if wire.prompt == _NOTHING:
        raise missing("prompt")
    if body.count(b'"prompt"') > 1 or b"\\u00" in body:
        refuse_duplicates(body, ("prompt",))
    best_of, n = count("best_of", wire.best_of, 1) or 1, count("n", wire.n, 1) or 1
    is_stream, has_options = flag("stream", wire.stream), options is not UNSET
    asks_usage = wants_usage(options) if has_options else False
    return CompletionsEnvelope(
        DIALECT,
        model,
        is_stream,
        body,
        asks_usage or not is_stream,
        count("max_tokens", wire.max_tokens, 0),
        max(best_of, n) * _prompts(bytes(wire.prompt)),
        has_options,
    )


def _prompts(prompt: bytes) -> int:
    """How many prompts there are, each of which has answers of its own: texts, or lists of tokens."""
    if not prompt.startswith(b"["):
        return 1
    several = [one for one in _decode_array(prompt) if bytes(one).startswith((b'"', b"["))]
    return max(len(several), 1)


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for an upstream of this dialect that knows the model as ``model``: the same object where it may be.

    A stream whose caller did not ask for usage asks for it all the same: it is accounted, then stripped.
    """
    has_options = not isinstance(envelope, CompletionsEnvelope) or envelope.has_stream_options
    return rewrite_stream(envelope, model, has_options=has_options)


class _Wire(msgspec.Struct, gc=False):
    model: Value = UNSET
    prompt: msgspec.Raw = _NOTHING
    stream: Value = UNSET
    stream_options: Value = UNSET
    max_tokens: Value = UNSET
    n: Value = UNSET
    best_of: Value = UNSET


_decode = msgspec.json.Decoder(_Wire, dec_hook=counted).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
