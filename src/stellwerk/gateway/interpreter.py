"""One request between a caller of one dialect and providers of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import judge
from stellwerk.core.media import Link, inline, links
from stellwerk.core.part import InlineSource
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.wire import WireRequest
from stellwerk.errors import MediaUnavailable
from stellwerk.gateway.dialect import ChatDialect
from stellwerk.gateway.translation import Translation

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route


class Interpreter:
    """Translates a request for the target of the moment, and its answer for the caller.

    The request is read whole once, however many targets are asked.
    """

    __slots__ = ("_asked", "_dialect", "_envelope", "_identity", "_links", "_media", "dropped")

    def __init__(self, dialect: ChatDialect, envelope: Envelope, identity: str) -> None:
        self._dialect = dialect
        self._envelope = envelope
        self._identity = identity
        """Names the answer where the provider's dialect has no ids."""
        self._asked: ChatRequest | None = None
        self._links: tuple[Link, ...] = ()
        """Media of the request behind URLs."""
        self._media: dict[Link, InlineSource | MediaUnavailable] = {}
        """What has been learnt of them."""
        self.dropped: tuple[str, ...] = ()
        """What of the request the target of the moment is not told."""

    def missing(self, route: Route) -> tuple[Link, ...]:
        """Media that a target takes by value alone, and that are still to be fetched.

        Raises ``InvalidRequest``: as ``MediaUnavailable`` for such as cannot be had.
        """
        if self._asked is None:
            self._asked = self._dialect.decode(self._envelope)
            self._links = links(self._asked)
        if not self._links:
            return ()
        wanted = tuple(link for link in self._links if not route.provider.takes_url(link))
        for link in wanted:
            fault = self._media.get(link)
            if isinstance(fault, MediaUnavailable):
                raise fault
        return tuple(link for link in wanted if link not in self._media)

    def learn(self, found: Mapping[Link, InlineSource | MediaUnavailable]) -> None:
        """Takes note of what lies behind links, or why that cannot be had."""
        self._media.update(found)

    def prepare(self, route: Route, trace: bytes) -> WireRequest:
        """The request for a target of which nothing is missing.

        Raises ``InvalidRequest`` for what it cannot be without, by name.
        """
        self._asked = asked = msgspec.structs.replace(self._request, model=route.target.model)
        if self._media:
            asked = inline(asked, self._at_hand(route))
        self.dropped = (*judge(self._dialect.bound, asked), *judge(route.provider.losses, asked))
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

    def _at_hand(self, route: Route) -> dict[Link, InlineSource]:
        """What was fetched of the media that a target takes by value alone."""
        return {
            link: source
            for link, source in self._media.items()
            if isinstance(source, InlineSource) and not route.provider.takes_url(link)
        }

    @property
    def _request(self) -> ChatRequest:
        if self._asked is None:
            raise AssertionError("unreachable: an answer follows a request")
        return self._asked
