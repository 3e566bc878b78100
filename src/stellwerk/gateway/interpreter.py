"""One request between a caller of one dialect and providers of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import judge
from stellwerk.core.media import Link
from stellwerk.core.reply import Reply, ReplyFacts
from stellwerk.core.stream import RefusalDelta, StreamEvent, TextDelta
from stellwerk.core.wire import WireRequest
from stellwerk.gateway.dialect import ChatDialect, Decoder
from stellwerk.gateway.linked_media import LinkedMedia
from stellwerk.gateway.translation import Translation

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.media import Found


class Watch(Protocol):
    """Looks at an answer in its neutral form."""

    def reply(self, reply: Reply) -> Reply:
        """A whole answer as the caller may see it."""
        ...

    def decoder(self, decoder: Decoder) -> Decoder:
        """A transducer over another one, which yields what of a streamed answer the caller may see."""
        ...


class Interpreter:
    """Translates a request for the target of the moment, and its answer for the caller.

    The request is read whole once, however many targets are asked.
    """

    __slots__ = (
        "_asked",
        "_decoded",
        "_dialect",
        "_envelope",
        "_identity",
        "_media",
        "is_weighing",
        "warning",
        "watch",
    )

    def __init__(self, dialect: ChatDialect, envelope: Envelope, identity: str) -> None:
        self._dialect = dialect
        self._envelope = envelope
        self._identity = identity
        """Names the answer where the provider's dialect has no ids."""
        self._asked: ChatRequest | None = None
        self._media: LinkedMedia | None = None
        self._decoded: tuple[bytes, Reply] | None = None
        self.is_weighing = False
        """Whether the target is asked how sure it is of its words, which the caller does not want to know."""
        self.watch: Watch | None = None
        """Looks at answers before they are put into the caller's dialect."""
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
        if self.is_weighing:
            asked = _weighing(asked, route)
        return route.provider.prepare_chat(asked, route.target, route.credential, trace)

    def decoded(self, route: Route, body: bytes) -> Reply:
        """A whole answer in its neutral form, which is remembered for ``answer``. Raises ``UpstreamInvalid``."""
        reply = route.speech.decode(body, self._request, self._identity)
        if self.is_weighing:
            reply = _discreet(reply)
        self._decoded = body, reply
        return reply

    def answer(self, route: Route, body: bytes) -> tuple[bytes, ReplyFacts]:
        """A whole answer for the caller. Raises ``UpstreamInvalid``."""
        known, self._decoded = self._decoded, None
        if known is not None and known[0] is body:
            reply = known[1]
        else:
            reply = self.decoded(route, body)
            self._decoded = None
        if self.watch is not None:
            reply = self.watch.reply(reply)
        finish = reply.candidates[0].finish if reply.candidates else None
        facts = ReplyFacts(reply.usage, finish.reason.value if finish is not None else "", reply.id)
        return self._dialect.encode(reply, self._envelope), facts

    def stream(self, route: Route) -> Translation:
        """A transducer for a streamed answer."""
        decoder: Decoder = route.speech.decoder(self._request, self._identity)
        if self.is_weighing:
            decoder = _Discreet(decoder)
        if self.watch is not None:
            decoder = self.watch.decoder(decoder)
        return Translation(decoder, self._dialect.encoder(self._envelope))

    @property
    def _request(self) -> ChatRequest:
        if self._asked is None:
            raise AssertionError("unreachable: an answer follows a request")
        return self._asked


class _Discreet:
    """A decoder without the log-probabilities that the caller did not ask for."""

    __slots__ = ("_decoder",)

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that these bytes complete. Raises ``UpstreamInvalid``."""
        return [event for event in map(_without, self._decoder.feed(data)) if event is not None]

    def flush(self) -> list[StreamEvent]:
        """The stream has ended."""
        return [event for event in map(_without, self._decoder.flush()) if event is not None]


def _without(event: StreamEvent) -> StreamEvent | None:
    if not isinstance(event, TextDelta | RefusalDelta) or event.logprobs is None:
        return event
    return msgspec.structs.replace(event, logprobs=None) if event.text else None


def _discreet(reply: Reply) -> Reply:
    candidates = tuple(msgspec.structs.replace(candidate, logprobs=None) for candidate in reply.candidates)
    return msgspec.structs.replace(reply, candidates=candidates)


def _weighing(asked: ChatRequest, route: Route) -> ChatRequest:
    """The request with log-probabilities, where the target's dialect has them."""
    weighing = msgspec.structs.replace(asked, wants_logprobs=True)
    has_none = any(loss.field == "wants_logprobs" and loss.occurs(weighing) for loss in route.provider.losses)
    return asked if has_none else weighing
