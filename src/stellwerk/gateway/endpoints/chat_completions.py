"""``POST /v1/chat/completions``: the OpenAI chat dialect."""

from __future__ import annotations

from stellwerk.core.envelope import Envelope
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.openai_chat.errors import encode_error, encode_stream_error
from stellwerk.dialects.openai_chat.request import read_envelope
from stellwerk.dialects.openai_chat.response import ReplyFacts, read_usage
from stellwerk.dialects.openai_chat.stream import PassThrough
from stellwerk.errors import StellwerkError

PATH = b"/v1/chat/completions"


class OpenAIChat:
    """The dialect as callers of this gateway speak it."""

    name = "openai_chat"

    def __init__(self, limits: LimitsSpec) -> None:
        self._max_depth = limits.max_json_depth
        self._max_event_bytes = limits.max_event_bytes

    def read(self, body: bytes) -> Envelope:
        """Reads a request as far as every request needs it."""
        return read_envelope(body, max_depth=self._max_depth)

    def facts(self, body: bytes) -> ReplyFacts:
        """Reads a provider's whole answer."""
        return read_usage(body)

    def relay(self, envelope: Envelope) -> PassThrough:
        """Hands a stream on as it comes; usage that the caller did not ask for is taken out."""
        return PassThrough(strip_usage=not envelope.wants_usage, max_event_bytes=self._max_event_bytes)

    def error(self, error: StellwerkError) -> bytes:
        """OpenAI's error body."""
        return encode_error(error)

    def stream_error(self, error: StellwerkError, *, close_half_event: bool) -> bytes:
        """OpenAI's error event."""
        return encode_stream_error(error, close_half_event=close_half_event)
