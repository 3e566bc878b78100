"""Files, batches, stored responses, fine-tuning, pictures and sound: passed through to a provider that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stellwerk.core.envelope import Envelope
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.openai_errors import encode_error
from stellwerk.dialects.openai_passage.envelope import Passage, read_passage
from stellwerk.dialects.openai_passage.operation import Operation, find
from stellwerk.dialects.openai_passage.reply import read_facts
from stellwerk.errors import InvalidRequest, StellwerkError
from stellwerk.gateway.dialect import Ids, Interpretation, Relay

if TYPE_CHECKING:
    from stellwerk.http.request import Request


class PassageDialect:
    """One operation as callers ask for it. Errors are OpenAI's."""

    ids = Ids.KEPT

    def __init__(self, operation: Operation, limits: LimitsSpec) -> None:
        self.name = operation.dialect
        self.methods = operation.methods
        self._max_depth = limits.max_json_depth

    def read(self, request: Request) -> Passage:
        """Reads a request as far as every request needs it. Raises ``InvalidRequest``."""
        place = find(request.path.decode("latin-1"))
        if place is None:
            raise InvalidRequest("Unknown path.")
        return read_passage(
            request.body,
            place,
            method=request.method,
            query=request.query,
            content_type=request.headers.get(b"content-type", b""),
            max_depth=self._max_depth,
        )

    def facts(self, body: bytes) -> ReplyFacts:
        """What was used, where the answer says so."""
        return read_facts(body)

    def interpret(self, envelope: Envelope, identity: str) -> Interpretation | None:
        """Only hosts of this dialect have these."""
        del envelope, identity
        return None

    def relay(self, envelope: Envelope) -> Relay:
        """Never called: answers are taken whole."""
        raise AssertionError(envelope.dialect)

    def stream_type(self, envelope: Envelope) -> bytes:
        """None: answers are taken whole."""
        del envelope
        return b""

    def stream_fields(self, envelope: Envelope) -> bytes:
        """Never called: answers are taken whole."""
        raise AssertionError(envelope.dialect)

    def error(self, error: StellwerkError) -> bytes:
        """OpenAI's error body."""
        return encode_error(error)

    def error_fields(self, error: StellwerkError) -> bytes:
        """None: all is in the body."""
        del error
        return b""

    def stream_error(self, error: StellwerkError, envelope: Envelope, *, close_half_event: bool) -> bytes:
        """Never called: answers are taken whole."""
        raise AssertionError(error, envelope.dialect, close_half_event)
