"""``POST /model/{model}/converse`` and ``/converse-stream``: Bedrock's dialect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import Loss
from stellwerk.core.reply import Reply, ReplyFacts
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.bedrock_converse import response
from stellwerk.dialects.bedrock_converse.errors import encode_error, encode_stream_error, error_type
from stellwerk.dialects.bedrock_converse.request import decode, read_envelope
from stellwerk.dialects.bedrock_converse.stream import FrameEncoder, PassThrough
from stellwerk.dialects.bedrock_converse.types import DIALECT
from stellwerk.errors import InvalidRequest, StellwerkError
from stellwerk.gateway.dialect import POST, Ids
from stellwerk.gateway.interpreter import Interpreter

if TYPE_CHECKING:
    from stellwerk.http.request import Request

PATH = re.compile(rb"/model/([^/]+)/converse(-stream)?")
FIELDS = b"content-type: application/vnd.amazon.eventstream\r\n"


def dialect(limits: LimitsSpec) -> Converse:
    """The dialect as callers of this gateway speak it."""
    return Converse(limits)


class Converse:
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
        found = PATH.fullmatch(request.path)
        try:
            model = unquote_to_bytes(found[1] if found else b"").decode()
        except UnicodeDecodeError:
            raise InvalidRequest("The model in the path is not UTF-8.", param="modelId") from None
        is_stream = bool(found and found[2])
        return read_envelope(request.body, model=model, is_stream=is_stream, max_depth=self._max_depth)

    def facts(self, body: bytes) -> ReplyFacts:
        """Reads a whole answer that is handed on."""
        return response.read_usage(body)

    def interpret(self, envelope: Envelope, identity: str) -> Interpreter:
        """As chat: every dialect of chat has the neutral form in common."""
        return Interpreter(self, envelope, identity)

    def relay(self, envelope: Envelope) -> PassThrough:
        """Hands a stream on, frame by frame."""
        del envelope
        return PassThrough(max_event_bytes=self._max_event_bytes)

    def stream_type(self, envelope: Envelope) -> bytes:
        """An event stream."""
        del envelope
        return b"application/vnd.amazon.eventstream"

    def stream_fields(self, envelope: Envelope) -> bytes:
        """An event stream."""
        del envelope
        return FIELDS

    def error(self, error: StellwerkError) -> bytes:
        """The message."""
        return encode_error(error)

    def error_fields(self, error: StellwerkError) -> bytes:
        """The exception's name, by which clients choose its class."""
        return b"x-amzn-errortype: %b\r\n" % error_type(error).encode()

    def stream_error(self, error: StellwerkError, envelope: Envelope, *, close_half_event: bool) -> bytes:
        """An exception as a frame; frames are whole, so there is nothing to close."""
        del envelope
        return encode_stream_error(error, close_half_event=close_half_event)

    def decode(self, envelope: Envelope) -> ChatRequest:
        """The whole request."""
        return decode(envelope.body, model=envelope.model, is_stream=envelope.is_stream)

    def encode(self, reply: Reply, envelope: Envelope) -> bytes:
        """A whole answer."""
        del envelope
        return response.encode(reply)

    def encoder(self, envelope: Envelope) -> FrameEncoder:
        """Writes a stream."""
        del envelope
        return FrameEncoder()
