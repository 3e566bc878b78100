"""What the dialects have in common that are JSON at one path and stream server-sent events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import Loss
from stellwerk.core.reply import Reply, ReplyFacts
from stellwerk.errors import StellwerkError
from stellwerk.gateway.dialect import POST, Encoder, Ids, Interpretation, Relay
from stellwerk.gateway.interpreter import Interpreter

if TYPE_CHECKING:
    from stellwerk.http.request import Request

FIELDS = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"


class StreamError(Protocol):
    """Writes an error event; an empty line first closes an event that was begun, where that is so."""

    def __call__(self, error: StellwerkError, *, close_half_event: bool) -> bytes:
        """The event."""
        ...


def no_reader(body: bytes) -> Envelope:
    """Never called: stands in where requests are read with their path."""
    raise AssertionError(body)


def alone(envelope: Envelope, identity: str) -> Interpretation | None:
    """A dialect that has nothing in common with others."""
    del envelope, identity
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStreamDialect:
    """A dialect as callers speak it, put together from the functions of its folder."""

    name: str
    reader: Callable[[bytes], Envelope] = no_reader
    facts: Callable[[bytes], ReplyFacts]
    relay: Callable[[Envelope], Relay]
    error: Callable[[StellwerkError], bytes]
    stream_error_writer: StreamError
    interpreter: Callable[[Envelope, str], Interpretation | None] = alone
    methods: frozenset[bytes] = POST
    ids: Ids = Ids.NONE

    def read(self, request: Request) -> Envelope:
        """Reads a request as far as every request needs it."""
        return self.reader(request.body)

    def interpret(self, envelope: Envelope, identity: str) -> Interpretation | None:
        """How a request reaches providers of other dialects."""
        return self.interpreter(envelope, identity)

    def stream_type(self, envelope: Envelope) -> bytes:
        """Server-sent events."""
        del envelope
        return b"text/event-stream"

    def stream_fields(self, envelope: Envelope) -> bytes:
        """Server-sent events."""
        del envelope
        return FIELDS

    def error_fields(self, error: StellwerkError) -> bytes:
        """None: all is in the body."""
        del error
        return b""

    def stream_error(self, error: StellwerkError, envelope: Envelope, *, close_half_event: bool) -> bytes:
        """The event that tells of an error after the stream has begun."""
        del envelope
        return self.stream_error_writer(error, close_half_event=close_half_event)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedInPath(EventStreamDialect):
    """One whose requests name their model in the path."""

    path_reader: Callable[[bytes, bytes], Envelope]
    """The thin reading of a body and a path."""

    def read(self, request: Request) -> Envelope:
        """Reads a request as far as every request needs it."""
        return self.path_reader(request.body, request.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStreamChat(EventStreamDialect):
    """One of chat, whose callers can be served by providers of other dialects."""

    decoder: Callable[[bytes], ChatRequest]
    reply_encoder: Callable[[Reply], bytes]
    stream_encoder: Callable[[Envelope], Encoder]
    values_decoder: Callable[[dict[str, Any]], ChatRequest] | None = None
    """Of a body that has been read into values; without it, all is read again."""
    bound: tuple[Loss, ...] = ()

    def interpret(self, envelope: Envelope, identity: str) -> Interpreter:
        """As chat: every dialect of chat has the neutral form in common."""
        return Interpreter(self, envelope, identity)

    def decode(self, envelope: Envelope) -> ChatRequest:
        """The whole request in the neutral form."""
        return self.decoder(envelope.body)

    def decode_values(self, values: Any, envelope: Envelope) -> ChatRequest:
        """The same of a body that has been read: how numbers and spaces were written in it is lost."""
        decode = self.values_decoder
        return self.decode(envelope) if decode is None or type(values) is not dict else decode(values)

    def encode(self, reply: Reply, envelope: Envelope) -> bytes:
        """A whole answer."""
        del envelope
        return self.reply_encoder(reply)

    def encoder(self, envelope: Envelope) -> Encoder:
        """A transducer for one stream that is translated."""
        return self.stream_encoder(envelope)
