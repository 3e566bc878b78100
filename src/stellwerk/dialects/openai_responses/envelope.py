"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.openai_responses.types import DIALECT
from stellwerk.dialects.rewriting import rewrite
from stellwerk.dialects.thin_reading import UNSET, Value, count, counted, flag, read_thin, text, wrong

__all__ = ["ResponsesEnvelope", "read_envelope", "rewrite"]

_ACTED_ON = ("model", "stream", "max_output_tokens", "previous_response_id", "conversation", "background")


class ResponsesEnvelope(Envelope, frozen=True, gc=False):
    """An envelope that also knows what ties the request to a provider.

    ``previous_response_id`` and ``conversation`` are ids of what that provider stores, ``None`` where the request has
    none. With ``is_background`` the answer is fetched later, from the provider that was asked.
    """

    previous_response_id: str | None = None
    conversation: str | None = None
    is_background: bool = False


def read_envelope(body: bytes, *, max_depth: int) -> ResponsesEnvelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    Raises ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper than ``max_depth``, of wrong types where
    the gateway acts on a member, or for such a member that stands twice.
    """
    wire = read_thin(body, _decode, _ACTED_ON, max_depth=max_depth)
    model: Any = wire.model
    if type(model) is not str:
        raise wrong("model", "a string", model)
    return ResponsesEnvelope(
        DIALECT,
        model,
        flag("stream", wire.stream),
        body,
        output_cap=count("max_output_tokens", wire.max_output_tokens, 0),
        previous_response_id=text("previous_response_id", wire.previous_response_id),
        conversation=_conversation(wire.conversation),
        is_background=flag("background", wire.background),
    )


class _Wire(msgspec.Struct, gc=False):
    model: Value = UNSET
    stream: Value = UNSET
    max_output_tokens: Value = UNSET
    previous_response_id: Value = UNSET
    conversation: Value = UNSET
    background: Value = UNSET


_decode = msgspec.json.Decoder(_Wire, dec_hook=counted).decode


def _conversation(value: object) -> str | None:
    """Its id, which is given as such or in an object."""
    if type(value) is dict:
        return text("conversation.id", value.get("id", UNSET))
    return text("conversation", value)
