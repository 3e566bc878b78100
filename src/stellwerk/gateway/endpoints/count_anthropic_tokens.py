"""``POST /v1/messages/count_tokens``: how many tokens a request of Anthropic's dialect is."""

from __future__ import annotations

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.anthropic_messages import request, response
from stellwerk.dialects.anthropic_messages.errors import encode_error
from stellwerk.dialects.anthropic_messages.types import COUNT_DIALECT
from stellwerk.gateway.endpoints.event_stream import EventStreamDialect
from stellwerk.gateway.endpoints.unstreamed import no_event, no_relay
from stellwerk.gateway.token_count import TokenCount, counted


def dialect(limits: LimitsSpec) -> EventStreamDialect:
    """The operation as callers of this gateway ask for it."""

    def read(body: bytes) -> Envelope:
        found = request.read_envelope(body, max_depth=limits.max_json_depth)
        return msgspec.structs.replace(found, dialect=COUNT_DIALECT, is_stream=False)

    return EventStreamDialect(
        name=COUNT_DIALECT,
        reader=read,
        facts=lambda body: counted(response.decode_count(body)),
        relay=no_relay,
        error=encode_error,
        stream_error_writer=no_event,
        interpreter=lambda envelope, _identity: TokenCount(
            lambda: request.decode(envelope.body, is_count=True), response.encode_answered_count
        ),
    )
