"""``POST /v1/moderations``: what a text may offend."""

from __future__ import annotations

from functools import partial

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.openai_moderations.envelope import read_envelope
from stellwerk.dialects.openai_moderations.errors import encode_error
from stellwerk.dialects.openai_moderations.response import read_usage
from stellwerk.dialects.openai_moderations.types import DIALECT
from stellwerk.gateway.endpoints.event_stream import EventStreamDialect
from stellwerk.gateway.endpoints.unstreamed import no_event, no_relay


def dialect(limits: LimitsSpec) -> EventStreamDialect:
    """The dialect as callers of this gateway speak it."""
    return EventStreamDialect(
        name=DIALECT,
        reader=partial(read_envelope, max_depth=limits.max_json_depth),
        facts=read_usage,
        relay=no_relay,
        error=encode_error,
        stream_error_writer=no_event,
    )
