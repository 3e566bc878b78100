"""``POST /v1beta/models/{model}:countTokens``: how many tokens a request of Gemini's dialect is."""

from __future__ import annotations

from stellwerk.core.envelope import Envelope
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects.gemini import counting
from stellwerk.dialects.gemini.errors import encode_error
from stellwerk.dialects.gemini.paths import COUNT, Operation, read_path
from stellwerk.dialects.gemini.types import COUNT_DIALECT
from stellwerk.gateway.endpoints.event_stream import NamedInPath
from stellwerk.gateway.endpoints.unstreamed import no_event, no_relay
from stellwerk.gateway.token_count import TokenCount, counted


def dialect(limits: LimitsSpec) -> NamedInPath:
    """The operation as callers of this gateway ask for it."""

    def read(body: bytes, path: bytes) -> Envelope:
        found = read_path(path.decode("latin-1")) or Operation("", COUNT)
        return counting.read_count_envelope(body, model=found.model, max_depth=limits.max_json_depth)

    return NamedInPath(
        name=COUNT_DIALECT,
        facts=lambda body: counted(counting.decode_count(body)),
        relay=no_relay,
        error=encode_error,
        stream_error_writer=no_event,
        interpreter=lambda envelope, _identity: TokenCount(
            lambda: counting.decode_count_request(envelope.body, model=envelope.model), counting.encode_count
        ),
        path_reader=read,
    )
