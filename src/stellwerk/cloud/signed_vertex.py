"""Vertex AI as it is asked with access tokens that expire."""

from __future__ import annotations

from stellwerk.cloud.refreshing import Bearing, Refreshing, Token
from stellwerk.core.wire import Origin
from stellwerk.dialects.gemini.safety import SafetySettings
from stellwerk.dialects.gemini.upstream import VertexUpstream


class SignedVertex(Bearing, VertexUpstream):
    """One location of a project; without ``tokens`` a request goes under the credential that it is prepared with."""

    def __init__(
        self,
        base_url: str,
        *,
        project: str,
        location: str,
        tokens: Refreshing[Token] | None = None,
        origins: tuple[Origin, ...] = (),
        safety_settings: SafetySettings | None = None,
    ) -> None:
        super().__init__(base_url, project=project, location=location, safety_settings=safety_settings)
        self.holder = tokens
        self.origins = origins
