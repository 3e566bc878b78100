"""``POST /v1/chat/completions``: the OpenAI chat dialect.

What translates is loaded with the first request that needs it: most workers hand everything on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.chunk_facts import read_usage
from stellwerk.dialects.chunk_relay import PassThrough
from stellwerk.dialects.openai_chat.envelope import read_envelope
from stellwerk.dialects.openai_chat.errors import encode_error, encode_stream_error
from stellwerk.dialects.openai_chat.types import DIALECT
from stellwerk.gateway.dialect import Encoder, Ids
from stellwerk.gateway.endpoints.event_stream import EventStreamChat

if TYPE_CHECKING:
    from stellwerk.core.chat import ChatRequest
    from stellwerk.core.envelope import Envelope
    from stellwerk.core.reply import Reply

PATH = b"/v1/chat/completions"


def dialect(limits: LimitsSpec) -> EventStreamChat:
    """The dialect as callers of this gateway speak it."""
    max_event_bytes = limits.max_event_bytes
    return EventStreamChat(
        name=DIALECT,
        reader=partial(read_envelope, max_depth=limits.max_json_depth),
        facts=read_usage,
        relay=lambda envelope: PassThrough(strip_usage=not envelope.wants_usage, max_event_bytes=max_event_bytes),
        error=encode_error,
        stream_error_writer=encode_stream_error,
        decoder=_decode,
        values_decoder=_decode_values,
        reply_encoder=_encode,
        ids=Ids.NAMED,
        stream_encoder=_stream_encoder,
    )


def _decode(body: bytes) -> ChatRequest:
    from stellwerk.dialects.openai_chat.request import decode

    return decode(body)


def _decode_values(values: dict[str, Any]) -> ChatRequest:
    from stellwerk.dialects.openai_chat.values import decode_values

    return decode_values(values)


def _encode(reply: Reply) -> bytes:
    from stellwerk.dialects.openai_chat.response import encode

    return encode(reply)


def _stream_encoder(envelope: Envelope) -> Encoder:
    from stellwerk.dialects.openai_chat.chunk_encoder import ChunkEncoder

    return ChunkEncoder(include_usage=envelope.wants_usage)
