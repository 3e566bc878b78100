"""How providers of a dialect answer requests that were translated for them. Only dialects in use are loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stellwerk.core.chat import ChatRequest
from stellwerk.core.reply import Reply
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.errors import ConfigurationError
from stellwerk.gateway.dialect import Decoder

EVENTS = b"text/event-stream"


@dataclass(frozen=True, slots=True)
class Speech:
    """One dialect as providers answer in it. ``identity`` names an answer where the dialect has no ids."""

    stream_type: bytes
    """Media type of a stream."""
    decode: Callable[[bytes, ChatRequest, str], Reply]
    """A whole answer to a request. Raises ``UpstreamInvalid``."""
    decoder: Callable[[ChatRequest, str], Decoder]
    """A transducer for a streamed answer to a request."""
    decode_count: Callable[[bytes], int] | None = None
    """The number of tokens in an answer to a request to count them. Raises ``UpstreamInvalid``."""


def speech_of(dialect: str, limits: LimitsSpec) -> Speech:
    """The speech of a dialect. Raises ``ConfigurationError`` for one that is not known here."""
    make = _SPEECHES.get(dialect)
    if make is None:
        raise ConfigurationError((f"a provider speaks {dialect!r}, from which nothing can be translated",))
    return make(limits.max_event_bytes)


def is_spoken(dialect: str) -> bool:
    """Whether answers in a dialect can be taken apart."""
    return dialect in _SPEECHES


def _openai_chat(max_event_bytes: int) -> Speech:
    from stellwerk.dialects.openai_chat import response
    from stellwerk.dialects.openai_chat.stream import ChunkDecoder

    return Speech(
        EVENTS,
        lambda body, _asked, _id: response.decode(body),
        lambda _asked, _id: ChunkDecoder(max_event_bytes=max_event_bytes),
    )


def _openai_responses(max_event_bytes: int) -> Speech:
    from stellwerk.dialects.openai_responses import response
    from stellwerk.dialects.openai_responses.stream import EventDecoder

    return Speech(
        EVENTS,
        lambda body, _asked, _id: response.decode(body),
        lambda _asked, _id: EventDecoder(max_event_bytes=max_event_bytes),
    )


def _anthropic_messages(max_event_bytes: int) -> Speech:
    from stellwerk.dialects.anthropic_messages import response
    from stellwerk.dialects.anthropic_messages.stream import EventDecoder

    return Speech(
        EVENTS,
        lambda body, _asked, _id: response.decode(body),
        lambda _asked, _id: EventDecoder(max_event_bytes=max_event_bytes),
        response.decode_count,
    )


def _gemini(max_event_bytes: int) -> Speech:
    from stellwerk.dialects.gemini import response
    from stellwerk.dialects.gemini.counting import decode_count
    from stellwerk.dialects.gemini.stream import ChunkDecoder

    return Speech(
        EVENTS,
        lambda body, _asked, _id: response.decode(body),
        lambda _asked, _id: ChunkDecoder(max_event_bytes=max_event_bytes),
        decode_count,
    )


def _bedrock_converse(max_event_bytes: int) -> Speech:
    from stellwerk.dialects.bedrock_converse import response
    from stellwerk.dialects.bedrock_converse.request import neutral_names
    from stellwerk.dialects.bedrock_converse.stream import FrameDecoder

    return Speech(
        b"application/vnd.amazon.eventstream",
        lambda body, asked, identity: response.decode(
            body, model=asked.model, identity=identity, names=neutral_names(asked)
        ),
        lambda asked, identity: FrameDecoder(
            model=asked.model, identity=identity, names=neutral_names(asked), max_event_bytes=max_event_bytes
        ),
    )


_SPEECHES: dict[str, Callable[[int], Speech]] = {
    "openai_chat": _openai_chat,
    "openai_responses": _openai_responses,
    "anthropic_messages": _anthropic_messages,
    "gemini": _gemini,
    "bedrock_converse": _bedrock_converse,
}
