"""How providers of each dialect answer requests that were translated for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stellwerk.core.chat import ChatRequest
from stellwerk.core.reply import Reply
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.anthropic_messages import response as anthropic
from stellwerk.dialects.anthropic_messages.stream import EventDecoder as AnthropicDecoder
from stellwerk.dialects.bedrock_converse import response as converse
from stellwerk.dialects.bedrock_converse.request import neutral_names
from stellwerk.dialects.bedrock_converse.stream import FrameDecoder
from stellwerk.dialects.gemini import response as gemini
from stellwerk.dialects.gemini.stream import ChunkDecoder as GeminiDecoder
from stellwerk.dialects.openai_chat import response as chat
from stellwerk.dialects.openai_chat.stream import ChunkDecoder
from stellwerk.dialects.openai_responses import response as responses
from stellwerk.dialects.openai_responses.stream import EventDecoder as ResponsesDecoder
from stellwerk.gateway.dialect import Decoder


@dataclass(frozen=True, slots=True)
class Speech:
    """One dialect as providers answer in it. ``identity`` names an answer where the dialect has no ids."""

    stream_type: bytes
    """Media type of a stream."""
    decode: Callable[[bytes, ChatRequest, str], Reply]
    """A whole answer to a request. Raises ``UpstreamInvalid``."""
    decoder: Callable[[ChatRequest, str], Decoder]
    """A transducer for a streamed answer to a request."""


EVENTS = b"text/event-stream"


def speeches(limits: LimitsSpec) -> dict[str, Speech]:
    """All of them, by the dialect's name."""
    limit = limits.max_event_bytes
    return {
        "openai_chat": Speech(
            EVENTS, lambda body, _asked, _id: chat.decode(body), lambda _asked, _id: ChunkDecoder(max_event_bytes=limit)
        ),
        "openai_responses": Speech(
            EVENTS,
            lambda body, _asked, _id: responses.decode(body),
            lambda _asked, _id: ResponsesDecoder(max_event_bytes=limit),
        ),
        "anthropic_messages": Speech(
            EVENTS,
            lambda body, _asked, _id: anthropic.decode(body),
            lambda _asked, _id: AnthropicDecoder(max_event_bytes=limit),
        ),
        "gemini": Speech(
            EVENTS,
            lambda body, _asked, _id: gemini.decode(body),
            lambda _asked, _id: GeminiDecoder(max_event_bytes=limit),
        ),
        "bedrock_converse": Speech(
            b"application/vnd.amazon.eventstream",
            lambda body, asked, identity: converse.decode(
                body, model=asked.model, identity=identity, names=neutral_names(asked)
            ),
            lambda asked, identity: FrameDecoder(
                model=asked.model, identity=identity, names=neutral_names(asked), max_event_bytes=limit
            ),
        ),
    }
