"""One request for vectors between a caller of one dialect and providers of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.embedding import EmbeddingReply, EmbeddingRequest
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.gemini_embeddings import losses as gemini_losses
from stellwerk.dialects.gemini_embeddings import response as gemini_response
from stellwerk.dialects.openai_embeddings import losses as openai_losses
from stellwerk.dialects.openai_embeddings import response as openai_response
from stellwerk.errors import InvalidRequest, UpstreamInvalid
from stellwerk.gateway.dialect import Relay
from stellwerk.ports.provider import Embedding

if TYPE_CHECKING:
    from stellwerk.core.media import Link
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.media import Found

_JUDGES: dict[str, Callable[[EmbeddingRequest], tuple[str, ...]]] = {
    "gemini_embeddings": gemini_losses.judge,
    "openai_embeddings": openai_losses.judge,
}


class EmbeddingInterpreter:
    """Translates a request for the target of the moment, and its answer for the caller."""

    __slots__ = ("_asked", "_decode", "_encode", "warning")

    def __init__(
        self,
        decode: Callable[[], EmbeddingRequest],
        encode: Callable[[EmbeddingReply, EmbeddingRequest], bytes],
    ) -> None:
        self._decode = decode
        self._encode = encode
        self._asked: EmbeddingRequest | None = None
        self.warning = ""
        """What of the request the target of the moment is not told."""

    def missing(self, route: Route) -> tuple[Link, ...]:
        """Nothing: texts are in the request."""
        del route
        return ()

    def learn(self, found: Found) -> None:
        """Never called: nothing is fetched."""
        raise AssertionError(found)

    def prepare(self, route: Route, trace: bytes) -> WireRequest:
        """The request for a target. Raises ``InvalidRequest`` for what it cannot be without, or by all means."""
        provider = route.provider
        if not isinstance(provider, Embedding):
            message = f"The model's provider '{route.target.provider}' makes no embeddings."
            raise InvalidRequest(message, param="model")
        asked = self._request
        dropped = _JUDGES[provider.embedding_dialect](asked)
        self.warning = f"dropped {', '.join(dropped)}" if dropped else ""
        return provider.prepare_embedding(asked, route.target, route.credential, trace)

    def answer(self, route: Route, body: bytes) -> tuple[bytes, ReplyFacts]:
        """A whole answer for the caller. Raises ``UpstreamInvalid``, also where vectors are missing."""
        asked, provider = self._request, route.provider
        if isinstance(provider, Embedding) and provider.embedding_dialect == "gemini_embeddings":
            reply = gemini_response.decode(body, model=route.target.model)
        else:
            reply = openai_response.decode(body)
        if len(reply.vectors) != len(asked.inputs):
            found = f"{len(reply.vectors)} vectors for {len(asked.inputs)} texts"
            raise UpstreamInvalid(f"The provider's answer is not whole: {found}.")
        return self._encode(msgspec.structs.replace(reply, opaque=None), asked), ReplyFacts(reply.usage)

    def stream(self, route: Route) -> Relay:
        """Never called: vectors are not streamed."""
        raise AssertionError(route)

    @property
    def _request(self) -> EmbeddingRequest:
        if self._asked is None:
            self._asked = self._decode()
        return self._asked
