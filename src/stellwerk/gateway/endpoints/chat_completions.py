"""``POST /v1/chat/completions``: the OpenAI chat dialect."""

from __future__ import annotations

from functools import partial

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.openai_chat import request, response, stream
from stellwerk.dialects.openai_chat.errors import encode_error, encode_stream_error
from stellwerk.dialects.openai_chat.types import DIALECT
from stellwerk.gateway.dialect import Ids
from stellwerk.gateway.endpoints.event_stream import EventStreamChat

PATH = b"/v1/chat/completions"


def dialect(limits: LimitsSpec) -> EventStreamChat:
    """The dialect as callers of this gateway speak it."""
    max_event_bytes = limits.max_event_bytes
    return EventStreamChat(
        name=DIALECT,
        reader=partial(request.read_envelope, max_depth=limits.max_json_depth),
        facts=response.read_usage,
        relay=lambda envelope: stream.PassThrough(
            strip_usage=not envelope.wants_usage, max_event_bytes=max_event_bytes
        ),
        error=encode_error,
        stream_error_writer=encode_stream_error,
        decoder=request.decode,
        reply_encoder=response.encode,
        ids=Ids.NAMED,
        stream_encoder=lambda envelope: stream.ChunkEncoder(include_usage=envelope.wants_usage),
    )
