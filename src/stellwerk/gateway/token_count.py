"""How many tokens a request is: asked of providers that count, in whichever dialect, else estimated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.loss import judge
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.tokens import estimate_in_steps
from stellwerk.core.usage import Usage
from stellwerk.core.wire import WireRequest
from stellwerk.gateway.dialect import Relay
from stellwerk.gateway.linked_media import LinkedMedia
from stellwerk.ports.provider import Counting

if TYPE_CHECKING:
    from stellwerk.core.media import Link
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.media import Found

ESTIMATED = "estimated"
"""The warning on a number that no provider has counted."""


def counted(tokens: int) -> ReplyFacts:
    """What accounting needs of an answer with a number of tokens: asking for it used none."""
    del tokens
    return ReplyFacts(Usage())


class TokenCount:
    """Asks the target of the moment, whatever its dialect, or answers with an estimate from above."""

    __slots__ = ("_asked", "_decode", "_encode", "_estimated", "_media", "warning")

    def __init__(self, decode: Callable[[], ChatRequest], encode: Callable[[int], bytes]) -> None:
        self._decode = decode
        self._encode = encode
        self._asked: ChatRequest | None = None
        self._estimated = 0
        self._media: LinkedMedia | None = None
        self.warning = ""
        """What of the request the target of the moment is not told, or that it has not counted at all."""

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

    def prepare(self, route: Route, trace: bytes) -> WireRequest | Iterator[None]:
        """The question to a target; the steps of an estimate where it does not count. Raises ``InvalidRequest``."""
        asked = msgspec.structs.replace(self._request, model=route.target.model)
        provider = route.provider
        if not isinstance(provider, Counting):
            self.warning = ESTIMATED
            return self._estimate(self._request)
        if self._media is not None:
            asked = self._media.put_in(asked, route)
        dropped = judge(provider.losses, asked)
        self.warning = f"dropped {', '.join(dropped)}" if dropped else ""
        return provider.prepare_chat_count(asked, route.target, route.credential, trace)

    def answer(self, route: Route, body: bytes) -> tuple[bytes, ReplyFacts]:
        """The number of tokens. Raises ``UpstreamInvalid``."""
        decode = route.speech.decode_count
        tokens = self._estimated if decode is None else decode(body)
        return self._encode(tokens), counted(tokens)

    def stream(self, route: Route) -> Relay:
        """Never called: a number is not streamed."""
        raise AssertionError(route)

    def _estimate(self, request: ChatRequest) -> Iterator[None]:
        self._estimated = 0
        for tokens in estimate_in_steps(request):
            self._estimated += tokens
            yield

    @property
    def _request(self) -> ChatRequest:
        if self._asked is None:
            self._asked = self._decode()
        return self._asked
