"""How a host is asked for what is passed through."""

from __future__ import annotations

from urllib.parse import quote

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.bearer_upstream import BearerUpstream
from stellwerk.dialects.openai_passage.envelope import Passage, rewrite
from stellwerk.http.fields import render

_JSON = b"content-type: application/json\r\n"


class PassageUpstream(BearerUpstream):
    """A host under ``base_url`` (with ``/v1``, as its own SDK takes it)."""

    def __init__(self, base_url: str, *, fields: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__("openai_passage", base_url, "", rewrite, fields=fields)

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's method, path, query and body, under our own credential."""
        wire = super().prepare(envelope, target, credential, trace)
        if not isinstance(envelope, Passage):
            return wire
        path = f"{envelope.before}{quote(envelope.id, safe='-._~:')}{envelope.after}".encode()
        query = b"?" + envelope.query if envelope.query else b""
        fields = wire.fields.replace(_JSON, b"", 1)
        if envelope.content_type:
            fields = render(((b"content-type", envelope.content_type),)) + fields
        return WireRequest(wire.path + path + query, fields, wire.body, envelope.method)
