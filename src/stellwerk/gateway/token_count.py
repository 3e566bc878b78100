"""How many tokens a request is: asked of providers that count, else counted by the compute process, else estimated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.census import JOB, Census
from stellwerk.core.chat import ChatRequest
from stellwerk.core.loss import judge
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.tokens import estimate_in_steps
from stellwerk.core.usage import Usage
from stellwerk.core.vocabulary import vocabulary_of
from stellwerk.core.wire import WireRequest
from stellwerk.gateway.dialect import Relay
from stellwerk.gateway.errand import Work
from stellwerk.gateway.linked_media import LinkedMedia
from stellwerk.ports.provider import Counting

if TYPE_CHECKING:
    from stellwerk.core.media import Link
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.media import Found

ESTIMATED = "estimated"
"""The warning on a number that nobody has counted, with what was not where the rest was."""


def counted(tokens: int) -> ReplyFacts:
    """What accounting needs of an answer with a number of tokens: asking for it used none."""
    del tokens
    return ReplyFacts(Usage())


class TokenCount:
    """Asks the target of the moment, whatever its dialect, or has its request counted, or estimates it from above."""

    __slots__ = ("_asked", "_decode", "_encode", "_media", "_tokens", "warning")

    def __init__(self, decode: Callable[[], ChatRequest], encode: Callable[[int], bytes]) -> None:
        self._decode = decode
        self._encode = encode
        self._asked: ChatRequest | None = None
        self._tokens: int | None = None
        """As they were counted here; the provider is to be asked where there is no number."""
        self._media: LinkedMedia | None = None
        self.warning = ""
        """What of the request the target of the moment is not told, or what was not counted exactly."""

    def missing(self, route: Route) -> tuple[Link, ...]:
        """Media that a target counts by value alone; an estimate needs none. Raises ``InvalidRequest``."""
        if not isinstance(route.provider, Counting):
            return ()
        self._media = self._media or LinkedMedia.of(self._request)
        return () if self._media is None else self._media.missing(route)

    def learn(self, found: Found) -> None:
        """Takes note of what lies behind links, or why that cannot be had."""
        if self._media is not None:
            self._media.learn(found)

    def prepare(self, route: Route, trace: bytes) -> WireRequest | Work:
        """The question to a target; the work of counting where it does not. Raises ``InvalidRequest``."""
        asked = msgspec.structs.replace(self._request, model=route.target.model)
        provider = route.provider
        if not isinstance(provider, Counting):
            self.warning = ""
            return self._work(self._request, route.target.model)
        self._tokens = None
        if self._media is not None:
            asked = self._media.put_in(asked, route)
        dropped = judge(provider.losses, asked)
        self.warning = f"dropped {', '.join(dropped)}" if dropped else ""
        return provider.prepare_chat_count(asked, route.target, route.credential, trace)

    def answer(self, route: Route, body: bytes) -> tuple[bytes, ReplyFacts]:
        """The number of tokens. Raises ``UpstreamInvalid``."""
        tokens, decode = self._tokens, route.speech.decode_count
        if tokens is None:
            if decode is None:
                raise AssertionError("unreachable: who counts has an answer that can be read")
            tokens = decode(body)
        return self._encode(tokens), counted(tokens)

    def stream(self, route: Route) -> Relay:
        """Never called: a number is not streamed."""
        raise AssertionError(route)

    def _work(self, request: ChatRequest, model: str) -> Work:
        census: Census | None = None

        def payload() -> bytes:
            nonlocal census
            census = Census(request, vocabulary_of(model))
            return census.payload()

        def take(answer: bytes) -> None:
            if census is not None:
                self._tokens, self.warning = census.total(answer), census.warning

        return Work(JOB, payload, take, lambda: self._estimate(request))

    def _estimate(self, request: ChatRequest) -> Iterator[None]:
        total, self.warning = 0, ESTIMATED
        for tokens in estimate_in_steps(request):
            self._tokens = total = total + tokens
            yield

    @property
    def _request(self) -> ChatRequest:
        if self._asked is None:
            self._asked = self._decode()
        return self._asked
