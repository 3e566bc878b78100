"""How a host that speaks this dialect is asked, and how its refusals are read."""

from __future__ import annotations

from collections.abc import Mapping

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, WireRequest
from stellwerk.dialects.bearer_host import BearerHost
from stellwerk.dialects.openai_responses.envelope import rewrite
from stellwerk.dialects.openai_responses.errors import read_failure
from stellwerk.dialects.openai_responses.types import DIALECT


class ResponsesUpstream:
    """A host under ``base_url`` (with ``/v1``, as its own SDK takes it) that serves ``/responses``."""

    dialect = DIALECT

    def __init__(self, base_url: str, *, fields: tuple[tuple[str, str], ...] = ()) -> None:
        self._host = BearerHost(base_url, "/responses", fields=fields)
        self.origin = self._host.origin

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's body with the target's model in it, under our own credential."""
        return self._host.ask(rewrite(envelope, target.model), credential, trace)

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads the dialect's error body, or whatever stands in its place."""
        return read_failure(status, headers, body, now=now)
