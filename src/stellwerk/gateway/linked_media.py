"""The media of one request that lie behind URLs, and what has been learnt of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stellwerk.core.chat import ChatRequest
from stellwerk.core.media import Link, inline, links
from stellwerk.core.part import InlineSource
from stellwerk.errors import MediaUnavailable

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.media import Found


class LinkedMedia:
    """Knows which of ``links`` a target takes by value alone, and puts the bytes in their place."""

    __slots__ = ("_known", "_links")

    def __init__(self, links: tuple[Link, ...]) -> None:
        self._links = links
        self._known: dict[Link, InlineSource | MediaUnavailable] = {}

    @classmethod
    def of(cls, request: ChatRequest) -> LinkedMedia | None:
        """Those of a request; ``None`` where it has none."""
        found = links(request)
        return cls(found) if found else None

    def missing(self, route: Route) -> tuple[Link, ...]:
        """Those that are still to be fetched for a target. Raises ``MediaUnavailable`` for such as cannot be had."""
        wanted = tuple(link for link in self._links if not route.provider.takes_url(link))
        for link in wanted:
            fault = self._known.get(link)
            if isinstance(fault, MediaUnavailable):
                raise fault
        return tuple(link for link in wanted if link not in self._known)

    def learn(self, found: Found) -> None:
        """Takes note of what lies behind links, or why that cannot be had."""
        self._known.update(found)

    def put_in(self, request: ChatRequest, route: Route) -> ChatRequest:
        """The request with what was fetched in the place of the URLs that a target does not take."""
        if not self._known:
            return request
        at_hand = {
            link: source
            for link, source in self._known.items()
            if isinstance(source, InlineSource) and not route.provider.takes_url(link)
        }
        return inline(request, at_hand)
