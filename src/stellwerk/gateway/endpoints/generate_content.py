"""``POST /v1beta/models/{model}:generateContent`` and ``:streamGenerateContent``: Gemini's dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import Loss
from stellwerk.core.reply import Reply, ReplyFacts
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.gemini import response
from stellwerk.dialects.gemini.errors import encode_error, encode_stream_error
from stellwerk.dialects.gemini.paths import GENERATE, STREAM, Operation, read_path
from stellwerk.dialects.gemini.request import GeminiEnvelope, decode, read_envelope
from stellwerk.dialects.gemini.stream import ChunkEncoder, PassThrough
from stellwerk.dialects.gemini.types import DIALECT
from stellwerk.errors import StellwerkError
from stellwerk.gateway.dialect import POST, Ids
from stellwerk.gateway.endpoints.event_stream import FIELDS
from stellwerk.gateway.interpreter import Interpreter

if TYPE_CHECKING:
    from stellwerk.http.request import Request

ARRAY = b"content-type: application/json; charset=utf-8\r\n"


def dialect(limits: LimitsSpec) -> GenerateContent:
    """The dialect as callers of this gateway speak it."""
    return GenerateContent(limits)


class GenerateContent:
    """Model and streaming are in the path; the rest is in the body."""

    name = DIALECT
    methods = POST
    ids = Ids.NONE
    bound: tuple[Loss, ...] = ()

    def __init__(self, limits: LimitsSpec) -> None:
        self._max_depth = limits.max_json_depth
        self._max_event_bytes = limits.max_event_bytes

    def read(self, request: Request) -> Envelope:
        """Reads a request as far as every request needs it; model and streaming are in the path."""
        found = read_path(request.path.decode("latin-1"), request.query.decode("latin-1")) or Operation("", GENERATE)
        return read_envelope(
            request.body,
            model=found.model,
            is_stream=found.action == STREAM,
            is_sse=found.is_sse,
            max_depth=self._max_depth,
        )

    def facts(self, body: bytes) -> ReplyFacts:
        """Reads a whole answer that is handed on."""
        return response.read_usage(body)

    def interpret(self, envelope: Envelope, identity: str) -> Interpreter:
        """As chat: every dialect of chat has the neutral form in common."""
        return Interpreter(self, envelope, identity)

    def relay(self, envelope: Envelope) -> PassThrough:
        """Hands a stream on, as events or as an array."""
        return PassThrough(is_sse=_is_sse(envelope), max_event_bytes=self._max_event_bytes)

    def stream_type(self, envelope: Envelope) -> bytes:
        """Server-sent events, or JSON."""
        return b"text/event-stream" if _is_sse(envelope) else b"application/json"

    def stream_fields(self, envelope: Envelope) -> bytes:
        """Server-sent events, or JSON."""
        return FIELDS if _is_sse(envelope) else ARRAY

    def error(self, error: StellwerkError) -> bytes:
        """Google's error body."""
        return encode_error(error)

    def error_fields(self, error: StellwerkError) -> bytes:
        """None: all is in the body."""
        del error
        return b""

    def stream_error(self, error: StellwerkError, envelope: Envelope, *, close_half_event: bool) -> bytes:
        """Google's error as an event, or as the array's last element."""
        return encode_stream_error(error, close_half_event=close_half_event, is_sse=_is_sse(envelope))

    def decode(self, envelope: Envelope) -> ChatRequest:
        """The whole request."""
        return decode(envelope.body, model=envelope.model, is_stream=envelope.is_stream)

    def encode(self, reply: Reply, envelope: Envelope) -> bytes:
        """A whole answer."""
        del envelope
        return response.encode(reply)

    def encoder(self, envelope: Envelope) -> ChunkEncoder:
        """Writes a stream."""
        return ChunkEncoder(is_sse=_is_sse(envelope))


def _is_sse(envelope: Envelope) -> bool:
    return not isinstance(envelope, GeminiEnvelope) or envelope.is_sse
