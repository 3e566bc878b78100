"""One request between a caller of one dialect and providers of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import judge
from stellwerk.core.media import Link
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.wire import WireRequest
from stellwerk.gateway.dialect import ChatDialect
from stellwerk.gateway.linked_media import LinkedMedia
from stellwerk.gateway.translation import Translation

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.media import Found


class Interpreter:
    """Translates a request for the target of the moment, and its answer for the caller.

    The request is read whole once, however many targets are asked.
    """

    __slots__ = ("_asked", "_dialect", "_envelope", "_identity", "_media", "warning")

    def __init__(self, dialect: ChatDialect, envelope: Envelope, identity: str) -> None:
        self._dialect = dialect
        self._envelope = envelope
        self._identity = identity
        """Names the answer where the provider's dialect has no ids."""
        self._asked: ChatRequest | None = None
        self._media: LinkedMedia | None = None
        self.warning = ""
        """What of the request the target of the moment is not told."""

    def missing(self, route: Route) -> tuple[Link, ...]:
        """Media that a target takes by value alone, and that are still to be fetched.

        Raises ``InvalidRequest``: as ``MediaUnavailable`` for such as cannot be had.
        """
        self.read()
        return () if self._media is None else self._media.missing(route)

    def read(self) -> ChatRequest:
        """The whole request. Raises ``InvalidRequest``."""
        if self._asked is None:
            self._asked = self._dialect.decode(self._envelope)
            self._media = LinkedMedia.of(self._asked)
        return self._asked

    def learn(self, found: Found) -> None:
        """Takes note of what lies behind links, or why that cannot be had."""
        if self._media is not None:
            self._media.learn(found)

    def prepare(self, route: Route, trace: bytes) -> WireRequest:
        """The request for a target of which nothing is missing.

        Raises ``InvalidRequest`` for what it cannot be without, by name.
        """
        self._asked = asked = msgspec.structs.replace(self._request, model=route.target.model)
        if self._media is not None:
            asked = self._media.put_in(asked, route)
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
