"""Bedrock as it is asked with AWS credentials: prepared by the dialect, signed as it leaves."""

from __future__ import annotations

from stellwerk.cloud.aws_credentials import Credentials
from stellwerk.cloud.refreshing import Refreshing, Renewed
from stellwerk.cloud.sigv4 import Signer
from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import Origin, WireRequest
from stellwerk.dialects.bedrock_converse.guarding import NativeGuardrail
from stellwerk.dialects.bedrock_converse.upstream import BedrockUpstream

SERVICE = "bedrock"
"""The name that requests to Bedrock's runtime are signed for."""

_COVERED = ((b"content-type", b"application/json"),)


class SignedUpstream(Renewed, BedrockUpstream):
    """A host that takes an API key, or requests signed with ``credentials``.

    ``bearer`` is the API key of the environment: a request that is prepared with one of its own goes under that.
    """

    def __init__(
        self,
        base_url: str,
        region: str,
        bearer: str = "",
        credentials: Refreshing[Credentials] | None = None,
        origins: tuple[Origin, ...] = (),
        guardrail: NativeGuardrail | None = None,
    ) -> None:
        super().__init__(base_url, guardrail)
        self._bearer = bearer
        self.holder = credentials
        self.origins = origins
        self._signer = Signer(region, SERVICE)
        self._host = self.origin.authority.encode()

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """As ``BedrockUpstream`` does it; without a credential the request is to be signed."""
        return super().prepare(envelope, target, credential or self._bearer, trace)

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """As ``BedrockUpstream`` does it; without a credential the request is to be signed."""
        return super().prepare_chat(request, target, credential or self._bearer, trace)

    def sign(self, request: WireRequest, now: float) -> WireRequest:
        """The request with the header lines that prove who sends it; as it is where an API key does that.

        Trace context and what the HTTP engine adds are not covered. Raises ``UpstreamCredentials`` while there are no
        credentials.
        """
        if self.holder is None:
            return request
        credentials: Credentials = self.holder.current()
        lines = self._signer.sign(
            request.method, self._host, request.path, b"", _COVERED, request.body, credentials, now
        )
        return WireRequest(request.path, request.fields + lines, request.body, request.method)
