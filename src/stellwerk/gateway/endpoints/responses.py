"""``POST /v1/responses``: OpenAI's Responses dialect."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.openai_responses import request, response, stream
from stellwerk.dialects.openai_responses.errors import encode_error, encode_stream_error
from stellwerk.dialects.openai_responses.losses import BOUND
from stellwerk.dialects.openai_responses.types import DIALECT
from stellwerk.gateway.dialect import Ids
from stellwerk.gateway.endpoints.event_stream import EventStreamChat

if TYPE_CHECKING:
    from stellwerk.core.chat import ChatRequest


def dialect(limits: LimitsSpec) -> EventStreamChat:
    """The dialect as callers of this gateway speak it."""
    max_event_bytes = limits.max_event_bytes
    return EventStreamChat(
        name=DIALECT,
        reader=partial(request.read_envelope, max_depth=limits.max_json_depth),
        facts=response.read_usage,
        relay=lambda _envelope: stream.PassThrough(max_event_bytes=max_event_bytes),
        error=encode_error,
        stream_error_writer=encode_stream_error,
        decoder=request.decode,
        values_decoder=_decode_values,
        reply_encoder=response.encode,
        stream_encoder=lambda _envelope: stream.EventEncoder(),
        bound=BOUND,
        ids=Ids.KEPT,
    )


def _decode_values(values: dict[str, Any]) -> ChatRequest:
    from stellwerk.dialects.openai_responses.values import decode_values  # for the cache alone

    return decode_values(values)
