"""One request between a caller of one dialect and providers of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import judge
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.wire import WireRequest
from stellwerk.gateway.dialect import ChatDialect
from stellwerk.gateway.translation import Translation

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route


class Interpreter:
    """Translates a request for the target of the moment, and its answer for the caller.

    The request is read whole once, however many targets are asked.
    """

    __slots__ = ("_asked", "_dialect", "_envelope", "_identity", "warning")

    def __init__(self, dialect: ChatDialect, envelope: Envelope, identity: str) -> None:
        self._dialect = dialect
        self._envelope = envelope
        self._identity = identity
        """Names the answer where the provider's dialect has no ids."""
        self._asked: ChatRequest | None = None
        self.warning = ""
        """What of the request the target of the moment is not told."""

    def prepare(self, route: Route, trace: bytes) -> WireRequest:
        """The request for a target. Raises ``InvalidRequest`` for what it cannot be without, by name."""
        asked = self._asked if self._asked is not None else self._dialect.decode(self._envelope)
        self._asked = asked = msgspec.structs.replace(asked, model=route.target.model)
        dropped = (*judge(self._dialect.bound, asked), *judge(route.provider.losses, asked))
        self.warning = f"dropped {', '.join(dropped)}" if dropped else ""
        return route.provider.prepare_chat(asked, route.target, route.credential, trace)

    def answer(self, route: Route, body: bytes) -> tuple[bytes, ReplyFacts]:
        """A whole answer for the caller. Raises ``UpstreamInvalid``."""
        reply = route.speech.decode(body, self._request, self._identity)
        finish = reply.candidates[0].finish if reply.candidates else None
        facts = ReplyFacts(reply.usage, finish.reason.value if finish is not None else "", reply.id)
        return self._dialect.encode(reply, self._envelope), facts

    def stream(self, route: Route) -> Translation:
        """A transducer for a streamed answer."""
        decoder = route.speech.decoder(self._request, self._identity)
        return Translation(decoder, self._dialect.encoder(self._envelope))

    @property
    def _request(self) -> ChatRequest:
        if self._asked is None:
            raise AssertionError("unreachable: an answer follows a request")
        return self._asked
